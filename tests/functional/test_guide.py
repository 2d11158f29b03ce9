"""The guide's pictures, which `make pictures` takes of the pages as they are now."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.functional.browser_user import Visitor

GUIDE = Path(__file__).parents[2] / "docs" / "guide"
LARGEST = 100_000
DESK = {"width": 1200, "height": 760}


def settle(visitor: Visitor) -> None:
    visitor.page.wait_for_load_state("networkidle")


def today(visitor: Visitor) -> None:
    visitor.go("/")


def importing(visitor: Visitor) -> None:
    visitor.go(f"/members/import/files/{visitor.places['upload']}/")


def members(visitor: Visitor) -> None:
    visitor.go(f"/members/?tag={visitor.places['tag']}")
    visitor.press("ArrowDown")
    expect(visitor.page.locator("#peek > *").first).to_be_visible()


def member(visitor: Visitor) -> None:
    visitor.go(f"/members/{visitor.places['account']}/")


def segment(visitor: Visitor) -> None:
    visitor.go(f"/members/segments/{visitor.places['segment']}/")
    visitor.page.locator("#sample button").first.click()
    expect(visitor.page.locator("#why .chip").first).to_be_visible()


def layers(visitor: Visitor) -> None:
    visitor.go(f"/members/layers/{visitor.places['layering']}/")


def review(visitor: Visitor) -> None:
    visitor.go(f"/outreach/{visitor.places['draft']}/review/")


def numbers(visitor: Visitor) -> None:
    visitor.go("/insight/")


PICTURES: dict[str, Callable[[Visitor], None]] = {
    "today": today,
    "import": importing,
    "members": members,
    "member": member,
    "segment": segment,
    "layers": layers,
    "review": review,
    "numbers": numbers,
}


def take(visitor: Visitor, language: str, name: str) -> None:
    settle(visitor)
    folder = GUIDE / language / "images"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.jpg"
    visitor.page.screenshot(path=path, type="jpeg", quality=60)


@pytest.mark.pictures
@pytest.mark.parametrize(("language", "login"), [("zh", "mei"), ("en", "ann")])
def test_desktop_screenshots(visit: Any, language: str, login: str) -> None:
    visitor = visit(login, viewport=DESK)
    for name, look in PICTURES.items():
        look(visitor)
        take(visitor, language, name)


@pytest.mark.pictures
@pytest.mark.parametrize(
    ("language", "login", "task"), [("zh", "chen", "task"), ("en", "sue", "task_en")]
)
def test_phone_screenshots(visit: Any, language: str, login: str, task: str) -> None:
    visitor = visit(login, phone=True)
    visitor.go(f"/outreach/tasks/{visitor.places[task]}/")
    take(visitor, language, "task")


@pytest.mark.parametrize("language", ["zh", "en"])
def test_guide_shows_every_screenshot(language: str) -> None:
    page = (GUIDE / language / "9-console.md").read_text("utf-8")
    shown = set(re.findall(r"\(images/(\w+)\.jpg\)", page))
    assert shown == {*PICTURES, "task"}
    files = [GUIDE / language / "images" / f"{name}.jpg" for name in shown]
    assert max(file.stat().st_size for file in files) <= LARGEST
