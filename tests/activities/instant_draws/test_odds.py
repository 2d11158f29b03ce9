"""What a ticket wins, by numbers alone."""

from __future__ import annotations

from collections import Counter
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from qunce.activities.instant_draws import odds

SEED = sha256(b"a fixed seed").digest()


def test_odds_are_those_that_are_shown() -> None:
    parts = [1_000, 9_000, 40_000, 150_000, 300_000]
    tickets = 100_000
    found = Counter(
        odds.pick(
            odds.roll_of(
                SEED, holder="9f86d081884c7d65", number=n, own_number="417520"
            ),
            parts,
        )
        for n in range(1, tickets + 1)
    )
    places = [*range(len(parts)), None]
    shares = [*parts, odds.WHOLE - sum(parts)]
    expected = [tickets * part / odds.WHOLE for part in shares]
    result = stats.chisquare([found[place] for place in places], expected)
    assert result.pvalue > 0.01
    # A hundredth more for one prize would be found.
    shifted = [*parts[:-1], parts[-1] + 10_000]
    wrong = [tickets * part / odds.WHOLE for part in [*shifted, shares[-1] - 10_000]]
    assert stats.chisquare([found[place] for place in places], wrong).pvalue < 0.01


def test_each_part_of_a_message_changes_the_number() -> None:
    def roll(
        seed: bytes = SEED, holder: str = "9f", number: int = 1, own: str = "1"
    ) -> int:
        return odds.roll_of(seed, holder=holder, number=number, own_number=own)

    others = [roll(sha256(SEED).digest()), roll(holder="9e"), roll(number=2)]
    assert len({roll(), *others, roll(own="2")}) == 5
    assert roll() == roll()


@given(
    parts=st.lists(st.integers(1, 200_000), max_size=5),
    roll=st.integers(0, odds.WHOLE - 1),
)
def test_pick_agrees_with_a_list_of_all_numbers(parts: list[int], roll: int) -> None:
    # One entry for each thousandth would be long, so that bounds are compared.
    bounds = [(sum(parts[:n]), sum(parts[: n + 1]), n) for n in range(len(parts))]
    names = [n for low, high, n in bounds if low <= roll < high]
    assert odds.pick(roll, parts) == (names[0] if names else None)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("12.5", 125_000),
        ("１２．５％", 125_000),
        ("100", odds.WHOLE),
        ("0.0001", 1),
        ("0.00001", None),
        ("101", 1_010_000),
        ("-1", None),
        ("1e3", None),
        ("NaN", None),
        ("", None),
        (".", None),
        ("½", None),
        ("1.2.3", None),
        ("9" * 40, None),
    ],
)
def test_percentages_are_whole_parts(text: str, parts: int | None) -> None:
    assert odds.parse_percent(text) == parts


@given(st.integers(0, 2 * odds.WHOLE))
def test_percentages_are_read_as_they_are_written(parts: int) -> None:
    assert odds.parse_percent(odds.format_percent(parts).replace(",", "")) == parts


def test_a_prize_that_is_gone_falls_to_the_next_or_to_none() -> None:
    assert list(odds.candidates(1, 4, falls_to_next=True)) == [1, 2, 3]
    assert list(odds.candidates(1, 4, falls_to_next=False)) == [1]
    assert list(odds.candidates(None, 4, falls_to_next=True)) == []


def test_prizes_are_released_by_the_hour() -> None:
    assert [odds.count_released(10, 4, hours) for hours in (-1, 0, 1, 2, 9)] == [
        4,
        4,
        8,
        10,
        10,
    ]
    assert odds.count_released(10, None, 0) == 10


def test_a_holder_says_nothing_about_the_account() -> None:
    accounts = range(0, 10**6, 1_999)
    holders = {odds.holder_of("abc234", account) for account in accounts}
    assert len(holders) == len(accounts)
    assert odds.holder_of("abc234", 7) != odds.holder_of("abc235", 7)
