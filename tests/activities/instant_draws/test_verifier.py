"""The server, the verifier in Python and the one in JavaScript agree on random tickets."""

from __future__ import annotations

import random
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import sync_playwright

from qunce.activities.instant_draws import instant_draws, odds, verifier
from tests import browser

TICKETS, CHANGES = 500, 200
SCRIPT = Path("qunce/portal/static/portal/verify_ticket.js")


def random_file(number: int) -> dict[str, Any]:
    """The file of a random ticket, as the server makes it of what it stores."""
    rng = random.Random(number)  # noqa: S311
    count = rng.randint(1, 6)
    parts = [rng.randint(1, odds.WHOLE // count) for _n in range(count)]
    seed = rng.randbytes(32)
    own = "".join(rng.choices("0123456789", k=rng.randint(0, 12)))
    holder = odds.holder_of("abc234", rng.randrange(10**9))
    ticket = {"holder": holder, "number": rng.randint(1, 99), "own_number": own}
    roll = odds.roll_of(seed, **ticket)  # type: ignore[arg-type]
    drawn = odds.pick(roll, parts)
    falls = rng.random() < 0.5
    places = [None, *odds.candidates(drawn, count, falls_to_next=falls)]
    terms = {
        "name": rng.choice(["周年转盘", "𠮷 & <b>", 'a"b\\c\u2028', "🎡"]),
        "if_gone": "next" if falls else "none",
        "prizes": [{"name": f"奖{n}", "odds": part} for n, part in enumerate(parts)],
        "seeds": {"2026-03-05": sha256(seed).hexdigest()},
    }
    return {
        "format": verifier.FORMAT,
        "terms": terms,
        "terms_hash": instant_draws.hash_of(instant_draws.to_json(terms)),
        "ticket": {
            "day": "2026-03-05",
            **ticket,
            "roll": roll,
            "drawn": drawn,
            "won": rng.choice(places),
        },
        "seed": seed.hex(),
    }


def changed(number: int) -> str:
    """A file with one changed character."""
    rng = random.Random(number)  # noqa: S311
    text = instant_draws.to_json(random_file(number))
    place = rng.randrange(len(text))
    other = rng.choice(
        [sign for sign in '0123456789abcdef",:}{' if sign != text[place]]
    )
    return text[:place] + other + text[place + 1 :]


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


def test_javascript_and_python_agree_on_500_tickets(page: Any) -> None:
    texts = [instant_draws.to_json(random_file(n)) for n in range(TICKETS)]
    assert [verifier.verify(text) for text in texts] == [[]] * TICKETS
    assert page.evaluate(VERIFY_ALL, texts) == [[]] * TICKETS


def test_both_find_one_changed_character(page: Any) -> None:
    texts = [changed(n) for n in range(CHANGES)]
    in_python = [verifier.verify(text) for text in texts]
    in_browser = page.evaluate(VERIFY_ALL, texts)
    for text, left, right in zip(texts, in_python, in_browser, strict=True):
        assert bool(left) == bool(right), text
    # Only what no verifier can know: another prize or none where one was gone.
    unseen = [text for text, wrong in zip(texts, in_python, strict=True) if not wrong]
    assert len(unseen) <= CHANGES // 50


def test_javascript_is_short_enough_to_read() -> None:
    lines = SCRIPT.read_text().splitlines()
    assert len(lines) <= 30
    assert max(map(len, lines)) <= 170
