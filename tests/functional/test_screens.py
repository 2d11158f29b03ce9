"""Every screen fits a desk and a phone, and is open to who uses a screen reader.

`make pictures` photographs each into var/screens too: 1440 and 390 wide, light and
dark, Chinese and English.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.functional import page_urls
from tests.functional.browser_user import Visitor

SPACES = (
    "today members segments tags layers importing outreach sales groups insight"
    " settings webhooks search"
).split()
SHAPES = {"desk": (1440, 900), "phone": (390, 844)}
LANGUAGES = {"zh": "mei", "en": "ann"}
AXE = {"zh": ("phone", "dark"), "en": ("desk", "light")}


def shows_a_page(visitor: Visitor, path: str) -> bool:
    """Actions answer 405 to a look, downloads and parts are no page."""
    answer = visitor.page.request.get(path)
    kind = answer.headers.get("content-type", "")
    return (
        answer.status == 200
        and kind.startswith("text/html")
        and "<html" in answer.text()[:200].lower()
    )


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_is_accessible_and_fits(
    visit: Any, space: str, language: str
) -> None:
    """S4"""
    visitor = visit(LANGUAGES[language])
    found = []
    for view, path in page_urls.addresses(visitor.places).items():
        if view.partition(":")[0] != space or not shows_a_page(visitor, path):
            continue
        visitor.go(path)
        found += [f"{view} {fault}" for fault in _looked_at(visitor, view, language)]
    assert found == []


def _looked_at(visitor: Visitor, view: str, language: str) -> list[str]:
    found = []
    for shape, (width, height) in SHAPES.items():
        visitor.page.set_viewport_size({"width": width, "height": height})
        for theme in ("light", "dark"):
            visitor.page.emulate_media(color_scheme=theme)
            name = f"{view.replace(':', '-')}-{shape}-{theme}-{language}"
            visitor.photograph(name)
            # Contrast differs by theme, order and size by shape: one of each is looked
            # at in one language, the other of each in the other.
            if (shape, theme) == AXE[language]:
                found += [f"{shape} {theme}: {each}" for each in visitor.barriers()]
        if visitor.overflows():
            found.append(f"{shape}: wider than the screen")
    return found


def test_pages_of_an_empty_community_are_accessible(visit: Any) -> None:
    """The pages of an empty community: none fails, none is shut to anybody."""
    visitor = visit("eve")
    found = []
    for view, path in page_urls.addresses({}).items():
        if view.partition(":")[0] not in SPACES or not shows_a_page(visitor, path):
            continue
        visitor.go(path)
        visitor.photograph(f"empty-{view.replace(':', '-')}")
        found += [f"{view}: {each}" for each in visitor.barriers()]
    assert found == []


def test_sign_in_page_is_accessible_and_fits(visit: Any) -> None:
    visitor = visit()
    visitor.go("/sign-in/")
    assert _looked_at(visitor, "login:sign-in", "en") == []


def test_not_found_page_is_accessible_and_fits(visit: Any) -> None:
    visitor = visit("ann")
    assert visitor.go("/nowhere/").status == 404
    assert _looked_at(visitor, "errors:404", "en") == []


def test_examples_refer_to_existing_views() -> None:
    known = set(page_urls.views()) | {each.partition(":")[0] for each in page_urls.views()}
    assert set(page_urls.EXAMPLES) - known == set()
