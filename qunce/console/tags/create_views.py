"""A new tag: near twins are offered while its name is typed."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from qunce.console import http, paging
from qunce.console.tags import list_views
from qunce.console.tags.forms import TagForm
from qunce.core import errors, permissions
from qunce.members.tags import groups as tag_groups
from qunce.members.tags import library
from qunce.members.tags import models as tag_models
from qunce.members.tags import report as tag_report
from qunce.members.tags.models import Tag


@require_http_methods(["GET", "POST"])
@http.page()
def new(request: http.Request) -> HttpResponse:
    _check_may_make_any(request)
    group = paging.number(request, "group") or None
    form = TagForm(request.staff, request.POST or None, group=group)
    twins: list[Tag] = []
    if request.method == "POST" and form.is_valid():
        name = form.cleaned_data["name"]
        twins = tag_report.list_similar(request.community, name)
        if not twins or "sure" in request.POST:
            made = _make(request, form)
            if made is not None:
                http.say(request, _("Tag “%(tag)s” created.") % {"tag": made.name})
                return http.back(request, reverse("tags:detail", args=[made.pk]))
    context = {"form": form, **_near(request, twins), "groups": _rules(request)}
    status = 422 if request.method == "POST" else 200
    return http.render(request, "console/tags/new.html", context, status=status)


def _check_may_make_any(request: http.Request) -> None:
    groups = tag_groups.list_all(request.community)
    if not any(library.may_create(group, request.staff) for group in [None, *groups]):
        permissions.check_may(request.staff, tag_models.MANAGE)


def _make(request: http.Request, form: TagForm) -> Tag | None:
    given: dict[str, Any] = dict(form.cleaned_data)
    try:
        return library.create(
            community=request.community,
            key=given.pop("name"),
            by=request.staff,
            at=request.at,
            **given,
        )
    except errors.QunceError as error:
        form.add_error("name", str(error))
    return None


def _rules(request: http.Request) -> list[tag_models.TagGroup]:
    """Groups that say how their tags are named."""
    return [
        group
        for group in tag_groups.list_all(request.community)
        if group.guidance or group.prefix
    ]


@http.page()
def near(request: http.Request) -> HttpResponse:
    name = request.GET.get("name", "")[:80]
    found = tag_report.list_similar(request.community, name) if name.strip() else []
    return http.render(request, "console/tags/_near.html", _near(request, found))


def _near(request: http.Request, twins: list[Tag]) -> dict[str, Any]:
    return {"twins": list_views.rows_of(twins, request.staff, request.at)}
