"""The recipe for a console page.

Views and actions, template, URLs, navigation, an entry in tests/console/addresses.py
and one in tests/functional/screens.py, translations.
"""

from __future__ import annotations

import dataclasses
import importlib
import re
from pathlib import Path
from types import ModuleType

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, include, path, reverse
from django.views.decorators.http import require_POST
from pytest_django import Settings

from qunce import console
from qunce.console import http, navigation
from qunce.groups import groups
from qunce.groups import visibility as group_visibility
from tests import factories
from tests.clients import browser
from tests.console import view_urls

CONSOLE = Path(console.__path__[0])
CONSOLE_AREAS = sorted(path.parent for path in CONSOLE.glob("*/urls.py"))


def list_console_urls(area: Path) -> list[URLPattern]:
    urls = importlib.import_module(f"qunce.console.{area.name}.urls")
    assert urls.app_name == area.name
    return [pattern for pattern in urls.urlpatterns if isinstance(pattern, URLPattern)]


def test_console_areas_are_found() -> None:
    assert {"members", "outreach", "settings"} <= {area.name for area in CONSOLE_AREAS}


@pytest.mark.parametrize("area", CONSOLE_AREAS, ids=lambda area: area.name)
def test_console_area_has_the_same_files_as_others(area: Path) -> None:
    patterns = list_console_urls(area)
    assert patterns
    names = [str(pattern.name) for pattern in patterns]
    assert [name for name in names if not re.fullmatch("[a-z]+(-[a-z]+)*", name)] == []
    modules = {pattern.callback.__module__.rpartition(".")[2] for pattern in patterns}
    assert {
        name for name in modules if not re.fullmatch("views|actions|.+_views", name)
    } <= NOT_VIEW_MODULES
    assert (CONSOLE / "templates" / "console" / area.name).is_dir()


NOT_VIEW_MODULES = {"chart_script"}
"""The script of charts is served by the console, and made in its own module."""

STAGE_TEMPLATE = """{% extends "console/base.html" %}{% load i18n %}
{% block main %}<h2>Stage</h2>{% include "console/groups/_stage.html" %}{% endblock %}"""
STAGE_PART_TEMPLATE = """<p>{{ group.name }}: {{ group.state }}</p>
<form method="post" action="{% url 'stages:group-close' group.pk %}">{% csrf_token %}
<button>Close</button></form>"""


@http.page()
def group_stage(request: http.Request, pk: int) -> HttpResponse:
    """The view of step 1."""
    group = group_visibility.get(by=request.staff, pk=pk)
    template, part = "console/groups/stage.html", "console/groups/_stage.html"
    return http.render(request, template, {"group": group}, part=part)


@require_POST
@http.page(groups.MANAGE)
def close_group(request: http.Request, pk: int) -> HttpResponse:
    """The action of step 2."""
    group = group_visibility.get(by=request.staff, pk=pk)
    groups.change_stage(
        group=group, transition="close", by=request.staff, at=request.at
    )
    http.flash(request, "The group was closed.")
    return http.redirect_back(request, reverse("stages:group-stage", args=[pk]))


@pytest.fixture
def stage_page(settings: Settings, tmp_path: Path) -> None:
    """The templates of step 5 and the URLs of step 6."""
    folder = tmp_path / "console" / "groups"
    folder.mkdir(parents=True)
    (folder / "stage.html").write_text(STAGE_TEMPLATE)
    (folder / "_stage.html").write_text(STAGE_PART_TEMPLATE)
    (engine,) = settings.TEMPLATES
    settings.TEMPLATES = [{**engine, "DIRS": [tmp_path]}]
    urls = ModuleType("stage_urls")
    urls.app_name = "stages"  # type: ignore[attr-defined]
    urls.urlpatterns = [  # type: ignore[attr-defined]
        path("<int:pk>/", group_stage, name="group-stage"),
        path("<int:pk>/close/", close_group, name="group-close"),
    ]
    urlconf = ModuleType("console_urls")
    urlconf.urlpatterns = [  # type: ignore[attr-defined]
        path("stages/", include(urls)),
        path("", include("qunce.urls")),
    ]
    settings.ROOT_URLCONF = urlconf


@pytest.fixture
def tea_group(db: None) -> groups.Group:
    return factories.group(factories.community(language="en"), "tea", name="Tea room")


def test_new_console_page_renders_whole_and_in_part(
    stage_page: None, tea_group: groups.Group
) -> None:
    web = browser(factories.staff(tea_group.community))
    url = f"/stages/{tea_group.pk}/"
    page = web.get(url).content.decode()
    assert page.startswith("<!doctype html>")
    assert "<h2>Stage</h2><p>Tea room: growing</p>" in page
    part = web.get(url, headers={"HX-Request": "true"}).content.decode()
    assert part.startswith("<p>Tea room: growing</p>")


def test_new_console_page_respects_sign_in_permission_and_scope(
    stage_page: None, tea_group: groups.Group
) -> None:
    shop, url = tea_group.community, f"/stages/{tea_group.pk}/"
    viewer = factories.staff(shop, login="viewer", role="viewer")
    scoped = factories.staff(shop, login="scoped", groups=[])
    stranger = factories.staff(factories.community("other"), login="stranger")
    assert Client().get(url).headers["Location"] == f"/sign-in/?next={url}"
    assert browser(viewer).get(url).status_code == 200
    assert browser(viewer).post(f"{url}close/").status_code == 403
    for staff in (scoped, stranger):
        assert browser(staff).get(url).status_code == 404
        assert browser(staff).post(f"{url}close/").status_code == 404
    tea_group.refresh_from_db()
    assert tea_group.state == "growing"


def test_new_console_action_calls_the_verb_and_redirects(
    stage_page: None, tea_group: groups.Group
) -> None:
    web = browser(factories.staff(tea_group.community))
    url = f"/stages/{tea_group.pk}/"
    assert web.get(f"{url}close/").status_code == 405
    response = web.post(f"{url}close/")
    assert (response.status_code, response.headers["Location"]) == (303, url)
    page = web.get(url).content.decode()
    assert "The group was closed." in page
    assert "<p>Tea room: dead</p>" in page
    # The action is refused a second time, with the sentence of the domain.
    assert web.post(f"{url}close/").status_code == 403


def test_new_console_page_is_a_tab_of_its_area(
    stage_page: None, tea_group: groups.Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    web = browser(factories.staff(tea_group.community))
    tab = navigation.Tab(
        "Roles of groups", "settings:role-list", section=navigation.ROOMS
    )
    assert "Roles of groups" not in web.get("/groups/").content.decode()
    areas = [
        dataclasses.replace(area, tabs=(*area.tabs, tab))
        if area.key == "groups"
        else area
        for area in navigation.AREAS
    ]
    monkeypatch.setattr(navigation, "AREAS", areas)
    assert "Roles of groups" in web.get("/groups/").content.decode()


def test_new_console_page_needs_an_object_for_its_parameter(
    stage_page: None, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = ModuleType("stage_urls_alone")
    alone.urlpatterns = settings.ROOT_URLCONF.urlpatterns[:1]  # type: ignore[attr-defined]
    settings.ROOT_URLCONF = alone
    for view in (group_stage, close_group):
        monkeypatch.setattr(view, "__module__", "qunce.console.groups.views")
    with pytest.raises(view_urls.UnknownParameter, match="stages:group-stage"):
        view_urls.list_urls({"group": 1})
    monkeypatch.setitem(view_urls.OBJECT_BY_PARAMETER, "stages.pk", "group")
    listed = {str(url): url.access for url in view_urls.list_urls({"group": 1})}
    assert listed == {
        "stages:group-stage /stages/1/": "signed in",
        "stages:group-close /stages/1/close/": groups.MANAGE,
    }
