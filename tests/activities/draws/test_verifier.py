"""The server, the verifier in Python and the one in JavaScript agree on random draws."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import sync_playwright

from qunce.activities.draws import draws, ticket_tree, verifier
from tests import browser
from tests.activities.draws import random_draws
from tests.shares import IS_EXACT

DRAWS = 500 if IS_EXACT else 20
CHANGES = 3_000 if IS_EXACT else 120
SCRIPT = Path("qunce/portal/static/portal/verify_draw.js")


@pytest.fixture(scope="module")
def texts() -> list[str]:
    seeds = range(1, DRAWS + 1)
    return [draws.to_json(random_draws.certificate(seed)) for seed in seeds]


@pytest.fixture(scope="module")
def changed() -> list[tuple[str, set[str]]]:
    """Certificates with one changed character, and what may be named for it."""
    rng = random.Random(7)  # noqa: S311
    cases = []
    for number in range(CHANGES):
        file = random_draws.certificate(1_000 + number, most=6)
        text = draws.to_json(file)
        place = rng.randrange(len(text))
        other = random_draws.changed_at(text, place)
        cases.append((other, random_draws.part_at(file, text, place)))
    return cases


@pytest.fixture(scope="module")
def page() -> Iterator[Any]:
    """A page of an origin where browsers offer cryptography, with the script."""
    with sync_playwright() as play:
        chromium = play.chromium.launch(
            executable_path=browser.program(), args=browser.FLAGS
        )
        opened = chromium.new_page()
        opened.route(
            "**/*",
            lambda route: route.fulfill(
                body=f"<script>{SCRIPT.read_text()}</script>", content_type="text/html"
            ),
        )
        opened.goto("http://localhost/verify")
        yield opened
        chromium.close()


VERIFY_ALL = """texts => Promise.all(texts.map(
    text => verifyDraw(text).catch(() => ["file"])))"""


def test_python_accepts_what_the_server_draws(texts: list[str]) -> None:
    assert [verifier.verify(text) for text in texts] == [[]] * DRAWS


def test_python_names_the_part_of_one_changed_character(
    changed: list[tuple[str, set[str]]],
) -> None:
    for text, parts in changed:
        assert verifier.verify(text)[:1] and verifier.verify(text)[0] in parts, text


def test_javascript_agrees_with_python(
    page: Any, texts: list[str], changed: list[tuple[str, set[str]]]
) -> None:
    others = [text for text, _parts in changed]
    assert page.evaluate(VERIFY_ALL, texts) == [[]] * DRAWS
    found = page.evaluate(VERIFY_ALL, others)
    for in_browser, text in zip(found, others, strict=True):
        in_python = verifier.verify(text)
        # Python refuses a file with an unknown name, where JavaScript reads on.
        assert in_browser == in_python or (in_browser and in_python == ["file"]), text


def test_javascript_is_short_enough_to_read() -> None:
    lines = SCRIPT.read_text().splitlines()
    assert len(lines) <= 30
    assert max(map(len, lines)) <= 170


def test_name_added_after_closing_changes_the_root() -> None:
    file = random_draws.certificate(3)
    leaves = [bytes.fromhex(leaf) for leaf in file["leaves"]]
    more = sorted([*leaves, ticket_tree.leaf_of(b"draw", b"another ticket 16")])
    assert ticket_tree.root_of(more).hex() != file["closing"]["root"]
    file["leaves"] = [leaf.hex() for leaf in more]
    assert "leaves" in verifier.verify(draws.to_json(file))
