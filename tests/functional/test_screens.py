"""Every page fits a desktop and a phone, and has no serious accessibility faults.

`make pictures` also stores a screenshot of each in var/screens: 1440 and 390 wide,
light and dark, Chinese and English.
"""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.functional import page_urls, tea_shop
from tests.functional.browser_user import BrowserUser

AREAS = (
    "today members segments tags layers importing outreach sales groups insight"
    " settings webhooks search"
).split()
SHAPES = {"desktop": (1440, 900), "phone": (390, 844)}
LANGUAGES = {"zh": "mei", "en": "ann"}
AXE = {"zh": ("phone", "dark"), "en": ("desktop", "light")}


def shows_a_page(user: BrowserUser, path: str) -> bool:
    """Whether a GET returns a whole page: not an action, a download or a part."""
    response = user.page.request.get(path)
    content_type = response.headers.get("content-type", "")
    return (
        response.status == 200
        and content_type.startswith("text/html")
        and "<html" in response.text()[:200].lower()
    )


@pytest.mark.parametrize("area", AREAS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_is_accessible_and_fits(
    visit: Any, area: str, language: str
) -> None:
    user = visit(LANGUAGES[language])
    faults = []
    for view, path in page_urls.list_urls(user.ids).items():
        if view.partition(":")[0] != area or not shows_a_page(user, path):
            continue
        user.go(path)
        faults += [f"{view} {fault}" for fault in find_faults(user, view, language)]
    assert faults == []


def find_faults(user: BrowserUser, view: str, language: str) -> list[str]:
    faults = []
    for shape, (width, height) in SHAPES.items():
        user.page.set_viewport_size({"width": width, "height": height})
        for theme in ("light", "dark"):
            user.page.emulate_media(color_scheme=theme)
            name = f"{view.replace(':', '-')}-{shape}-{theme}-{language}"
            user.take_screenshot(name)
            # Contrast depends on the theme, order and size on the shape. Each language
            # checks one combination, because axe takes seconds per page.
            if (shape, theme) == AXE[language]:
                faults += [
                    f"{shape} {theme}: {fault}" for fault in user.accessibility_faults()
                ]
        if user.overflows():
            faults.append(f"{shape}: wider than the screen")
    return faults


@pytest.mark.parametrize("language", LANGUAGES)
def test_editors_of_conditions_are_accessible_and_fit(
    visit: Any, language: str
) -> None:
    user = visit(LANGUAGES[language])
    faults = []
    for number in range(1, 1 + len(tea_shop.OPTIONS["any"])):
        user.go(f"/members/segments/{user.ids['segment_of_options']}/")
        # The first line is the group of the others.
        user.page.locator("[data-act=open]").nth(number).click()
        expect(user.page.locator("[data-editor]")).to_be_visible()
        faults += find_faults(user, f"segments:editor-{number}", language)
    assert faults == []


def test_pages_of_an_empty_community_are_accessible(visit: Any) -> None:
    user = visit("eve")
    faults = []
    for view, path in page_urls.list_urls({}).items():
        if view.partition(":")[0] not in AREAS or not shows_a_page(user, path):
            continue
        user.go(path)
        user.take_screenshot(f"empty-{view.replace(':', '-')}")
        faults += [f"{view}: {fault}" for fault in user.accessibility_faults()]
    assert faults == []


def test_sign_in_page_is_accessible_and_fits(visit: Any) -> None:
    user = visit()
    user.go("/sign-in/")
    assert find_faults(user, "login:sign-in", "en") == []


def test_not_found_page_is_accessible_and_fits(visit: Any) -> None:
    user = visit("ann")
    assert user.go("/nowhere/").status == 404
    assert find_faults(user, "errors:404", "en") == []


def test_examples_refer_to_existing_views() -> None:
    views = page_urls.list_views()
    known = {*views, *(view.partition(":")[0] for view in views)}
    assert set(page_urls.EXAMPLES) - known == set()
