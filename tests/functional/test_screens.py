"""Every page fits a desktop and a phone, and has no serious accessibility faults.

`make test` opens every sixth page in one language and one theme, with axe on half of
these, and each area in the other language than the area before it. `make pages` opens all in
both, with axe at 1440 and 390, light and dark. `make pictures` also stores a screenshot
of each in var/screens.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from tests import browser
from tests.functional import page_faults, page_urls, shop_segments
from tests.functional.browser_user import BrowserUser
from tests.functional.page_table import PAGES

AREAS = (
    "today members segments tags layers importing outreach tasks sidebar sales groups insight"
    " settings webhooks search ideas series inbox moderation activities points"
).split()
MORE_AREAS = "tag_rules care welcomes service_styles content_calendar group_templates contact_budget typed_numbers notebook complaints wishes digests lists entry overlaps patrol channels prizes draws member_pages surveys"
"""Areas that only `make pages` and `make pictures` open; what they share is in others."""
SHAPES = {"desktop": (1440, 900), "phone": (390, 844)}
LANGUAGES = {"zh": "mei", "en": "ann"}
AXE = {"zh": ("phone", "dark"), "en": ("desktop", "light")}
IS_FULL = browser.PICTURES or browser.EVERY_PAGE


def list_turns() -> Iterator[tuple[str, str]]:
    more = MORE_AREAS.split() if IS_FULL else []
    for number, area in enumerate((*AREAS, *more)):
        for turn, language in enumerate(LANGUAGES):
            if IS_FULL or number % 2 == turn:
                yield area, language


def test_every_area_is_opened() -> None:
    assert {page.view.partition(":")[0] for page in PAGES} == {
        *AREAS,
        *MORE_AREAS.split(),
    }


def shows_a_page(user: BrowserUser, path: str) -> bool:
    """Whether a GET returns a whole page: not an action, a download or a part.

    Parts that are opened without a script redirect to their page.
    """
    response = user.page.request.get(path, max_redirects=0)
    content_type = response.headers.get("content-type", "")
    return (
        response.status == 200
        and content_type.startswith("text/html")
        and "<html" in response.text()[:200].lower()
    )


@pytest.mark.parametrize(("area", "language"), list(list_turns()))
def test_every_page_is_accessible_and_fits(
    visit: Any, area: str, language: str
) -> None:
    user = visit(LANGUAGES[language])
    faults = []
    in_table = {page.view for page in PAGES}
    turns = itertools.count()
    for view, path in page_urls.list_urls(user.ids).items():
        if view.partition(":")[0] != area:
            continue
        if view not in in_table:
            if shows_a_page(user, path):
                faults.append(f"{view} is missing in page_table")
            continue
        turn = next(turns)
        if not IS_FULL and turn % 6:
            continue
        user.go(path)
        with_axe = IS_FULL or turn % 12 == 0
        found = find_faults(user, view, language, with_axe=with_axe)
        faults += [f"{view} {fault}" for fault in found]
    assert not faults, "\n".join(faults)


def find_faults(
    user: BrowserUser, view: str, language: str, *, with_axe: bool = True
) -> list[str]:
    faults = []
    for shape, (width, height) in SHAPES.items():
        user.page.set_viewport_size({"width": width, "height": height})
        for theme in ("light", "dark") if IS_FULL else AXE[language][1:]:
            user.page.emulate_media(color_scheme=theme)
            name = f"{view.replace(':', '-')}-{shape}-{theme}-{language}"
            user.take_screenshot(name)
            # Contrast depends on the theme, order and size on the shape. Axe takes
            # long, so that `make test` checks one combination.
            if with_axe and (IS_FULL or shape == AXE[language][0]):
                faults += [
                    f"{shape} {theme}: {fault}" for fault in user.accessibility_faults()
                ]
        found = page_faults.find(user.page, language)
        faults += [f"{shape}: {fault}" for fault in found]
    return faults


@pytest.mark.parametrize("language", LANGUAGES if IS_FULL else ["zh"])
def test_editors_of_conditions_are_accessible_and_fit(
    visit: Any, language: str
) -> None:
    user = visit(LANGUAGES[language])
    faults = []
    for number in range(1, 1 + len(shop_segments.OPTIONS["any"]), 1 if IS_FULL else 3):
        user.go(f"/members/segments/{user.ids['segment_of_options']}/")
        # The first line is the group of the others.
        user.page.locator("[data-act=open]").nth(number).click()
        expect(user.page.locator("[data-editor]")).to_be_visible()
        faults += find_faults(user, f"segments:editor-{number}", language)
    assert not faults, "\n".join(faults)


def test_pages_of_an_empty_community_are_accessible(visit: Any) -> None:
    user = visit("eve")
    faults = []
    for number, (view, path) in enumerate(page_urls.list_urls({}).items()):
        namespace = view.partition(":")[0]
        # Most of it is what the full pages have, too.
        if namespace not in AREAS or not (IS_FULL or number % 12 == 0):
            continue
        if not shows_a_page(user, path):
            continue
        user.go(path)
        user.take_screenshot(f"empty-{view.replace(':', '-')}")
        found = page_faults.find(user.page, "en") + user.accessibility_faults()
        faults += [f"{view}: {fault}" for fault in found]
    assert not faults, "\n".join(faults)


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
