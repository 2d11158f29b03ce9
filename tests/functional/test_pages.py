"""Each page shows what it is for to whom it is for: nobody, and five kinds of staff.

`make pages` opens every page as everybody, in both languages, 1440 and 390 wide, light and
dark. `make test` opens a share of them, in which each role, language, width and theme has
its turn.
"""

from __future__ import annotations

import collections
import functools
from collections.abc import Iterator
from typing import Any

import pytest
from babel.messages import pofile

from tests import browser
from tests.functional import page_faults, page_urls
from tests.functional.browser_user import BrowserUser
from tests.functional.conftest import Site, serving_the_tea_shop, visits
from tests.functional.page_table import PAGES, Page
from tools import messages

LOGINS = {
    "en": {"v": "vic", "o": "sue", "m": "max", "s": "sam", "w": "ann"},
    "zh": {"v": "wei", "o": "wang", "m": "liu", "s": "zhou", "w": "mei"},
}
WIDTHS = {1440: 900, 390: 844}
THEMES = ("light", "dark")
SHARE = 20
"""One of so many pairs of a page and a role is looked at in `make test`."""
IN_TURN = {"v": "zh", "o": "en", "m": "zh", "s": "en"}
"""The language of each role in `make test`, where signing in costs the most."""


def list_visits() -> Iterator[tuple[str, str, list[Page]]]:
    """Language, role, and the pages that are opened as that role."""
    if browser.EVERY_PAGE:
        for language, logins in LOGINS.items():
            for role in logins:
                yield language, role, list(PAGES)
        return
    for turn, (role, language) in enumerate(IN_TURN.items()):
        yield language, role, list(PAGES[turn * 2 :: SHARE])


@pytest.fixture(scope="module")
def unchanged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A tea shop of its own: what other tests write would be on the pages."""
    with serving_the_tea_shop(tmp_path_factory.mktemp("unchanged")) as site:
        yield site


@pytest.fixture
def visit(
    unchanged: Site, chromium: Any, request: pytest.FixtureRequest
) -> Iterator[Any]:
    yield from visits(
        unchanged.url, unchanged.ids, chromium, unchanged.sessions, request
    )


def test_texts_of_the_table_are_sentences_of_the_console() -> None:
    texts = {text for page in PAGES for text in (*page.shows, *page.only)}
    sentences = {text for text in texts if not text.startswith(("=", "css:"))}
    assert sentences - read_chinese().keys() == set()


@pytest.mark.parametrize(
    ("language", "role", "pages"),
    [pytest.param(*visit, id=f"{visit[1]}-{visit[0]}") for visit in list_visits()],
)
def test_pages_show_what_they_are_for(
    visit: Any, language: str, role: str, pages: list[Page]
) -> None:
    user = visit(LOGINS[language][role])
    urls = page_urls.list_urls(user.ids)
    faults = []
    for number, page in enumerate(pages):
        response = user.go(urls[page.view])
        for width, theme in list_looks(number):
            user.page.set_viewport_size({"width": width, "height": WIDTHS[width]})
            user.page.emulate_media(color_scheme=theme)
            found = (
                find_faults(user, page, role, language)
                if role in page.opens
                else find_opened(user, page, response.status, language)
            )
            faults += [f"{page.view} {width} {theme}: {fault}" for fault in found]
    assert not faults, "\n".join(faults)


def list_looks(number: int) -> list[tuple[int, Any]]:
    """Widths and themes in which a page is looked at: all of them, or one in turn."""
    looks = [(width, theme) for width in WIDTHS for theme in THEMES]
    return looks if browser.EVERY_PAGE else [looks[number % len(looks)]]


def find_faults(user: BrowserUser, page: Page, role: str, language: str) -> list[str]:
    seen = page_faults.look(user.page)
    faults = seen.faults + page_faults.list_foreign_texts(seen, language)
    for text in page.shows:
        if not is_visible(user, seen, text, language):
            faults.append(f"{text} is not visible")
    for text, roles in page.only.items():
        is_there = is_visible(user, seen, text, language, is_whole=True)
        if is_there != (role in roles):
            faults.append(f"{text} is {'' if is_there else 'not '}visible")
    return faults


def is_visible(
    user: BrowserUser,
    seen: page_faults.Seen,
    text: str,
    language: str,
    *,
    is_whole: bool = False,
) -> bool:
    """Whether the page shows a text, or with `is_whole` one that is nothing else."""
    if text.startswith("css:"):
        selector = "main " + text.removeprefix("css:")
        return user.page.locator(selector).locator("visible=true").count() > 0
    if text.startswith("="):
        return text[1:] in seen.text
    words = translations(text, language)
    if is_whole:
        return not words.isdisjoint(seen.in_main)
    return any(word in shown for shown in seen.in_main for word in words)


def translations(text: str, language: str) -> set[str]:
    """A sentence of the console, which may read differently in different places."""
    return read_chinese()[text] if language == "zh" else {text}


@functools.cache
def read_chinese() -> dict[str, set[str]]:
    found = collections.defaultdict(set)
    with messages.po_path("zh_Hans").open("rb") as file:
        for message in pofile.read_po(file):
            found[str(message.id)].add(str(message.string))
    return found


def find_opened(user: BrowserUser, page: Page, status: int, language: str) -> list[str]:
    """What shows a page to whom it is not for."""
    faults = [] if status in (403, 404) else [f"status {status}"]
    seen = page_faults.look(user.page)
    faults += seen.faults + page_faults.list_foreign_texts(seen, language)
    if not any(name.startswith("=") for name in page.shows):
        return faults
    faults += [
        f"{text} is visible"
        for text in page.shows
        if text.startswith("=") and text[1:] in seen.text
    ]
    return faults


def test_nobody_sees_a_page_without_signing_in(visit: Any) -> None:
    user = visit()
    urls = page_urls.list_urls(user.ids)
    faults = []
    for page in PAGES if browser.EVERY_PAGE else PAGES[:: SHARE * 2]:
        user.go(urls[page.view])
        if "/sign-in/" not in user.page.url:
            faults.append(page.view)
        if not user.page.locator("input[name=password]").is_visible():
            faults.append(f"{page.view}: the form is not visible")
    assert not faults, "\n".join(faults)
