"""Decisions on lots, beside an oracle that moves one point at a time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qunce.core import lots
from qunce.core.lots import NEVER, Case, Lot, NotEnough, Use

DAYS = st.integers(0, 30)


@st.composite
def some_lots(draw: st.DrawFn) -> list[Lot]:
    found = []
    for number in range(draw(st.integers(0, 6))):
        amount = draw(st.integers(1, 9))
        first = draw(DAYS)
        last = draw(st.sampled_from([first, first + 3, first + 20, NEVER]))
        left = draw(st.integers(0, amount))
        found.append(Lot(number + 1, amount, left, first, last))
    return found


@st.composite
def some_cases(draw: st.DrawFn) -> list[Case]:
    opened = draw(st.lists(DAYS, max_size=3))
    return [Case(day, draw(st.none() | st.integers(day, day + 10))) for day in opened]


# The oracle: every day and every point on its own


def is_alive(lot: Lot, day: int, cases: list[Case]) -> bool:
    """Go through the days from the last one on, and ask of each whether a case holds it."""
    if day <= lot.last_day:
        return True
    held = {
        each
        for each in range(lot.last_day + 1, day + 1)
        for case in cases
        if case.opened < each
        and (case.closed is None or each <= case.closed + lots.GRACE_DAYS)
    }
    # A lot that was not held on one day is gone.
    return held == set(range(lot.last_day + 1, day + 1)) and any(
        case.opened <= lot.last_day for case in cases
    )


def take_singly(
    order: list[Lot], amount: int, day: int, cases: list[Case]
) -> dict[int, int]:
    left = {lot.id: lot.left for lot in order}
    taken: dict[int, int] = {}
    for _point in range(amount):
        usable = [
            lot
            for lot in order
            if left[lot.id] and lot.usable_from <= day and is_alive(lot, day, cases)
        ]
        if not usable:
            break
        lot = min(usable, key=lambda each: (each.last_day, each.id))
        left[lot.id] -= 1
        taken[lot.id] = taken.get(lot.id, 0) + 1
    return taken


@given(some_lots(), some_cases(), DAYS, st.integers(1, 40))
def test_spend_takes_soonest_last_day_first(
    held: list[Lot], cases: list[Case], day: int, amount: int
) -> None:
    expected = take_singly(held, amount, day, cases)
    usable = sum(expected.values())
    if usable < amount:
        with pytest.raises(NotEnough) as refused:
            lots.spend(held, amount, day, cases)
        assert refused.value.usable == usable
    else:
        assert dict(lots.spend(held, amount, day, cases)) == expected
    everything = take_singly(held, 1_000, day, cases)
    assert lots.count_usable(held, day, cases) == sum(everything.values())


@given(some_lots(), some_cases(), DAYS)
def test_expires_what_is_no_longer_alive(
    held: list[Lot], cases: list[Case], day: int
) -> None:
    expected = {
        lot.id: lot.left for lot in held if lot.left and not is_alive(lot, day, cases)
    }
    assert dict(lots.expire(held, day, cases)) == expected


@given(some_lots(), some_cases(), DAYS, st.integers(0, 20))
def test_reversal_takes_its_own_lot_first_and_owes_the_rest(
    held: list[Lot], cases: list[Case], day: int, amount: int
) -> None:
    own = [lot for lot in held if lot.id <= 1]
    from_own = {lot.id: min(lot.left, amount) for lot in own if lot.left and amount}
    rest = amount - sum(from_own.values())
    others = take_singly([lot for lot in held if lot.id > 1], rest, day, cases)
    reversal = lots.reverse(held, [1], amount, day, cases)
    assert dict(reversal.uses) == from_own | others
    assert reversal.owed == rest - sum(others.values())


@given(st.integers(0, 100), st.lists(st.integers(1, 50), max_size=6))
def test_refunds_in_any_parts_take_back_all_of_it(
    earned: int, parts: list[int]
) -> None:
    paid, refunded, taken = sum(parts), 0, 0
    for part in parts:
        refunded += part
        taken += lots.amount_to_take_back(
            earned=earned, paid=paid, refunded=refunded, taken=taken
        )
        assert taken == earned * refunded // paid
    assert not parts or taken == earned


def test_ten_points_refunded_in_thirds_give_back_three_three_and_four() -> None:
    taken: list[int] = []
    for refunded in (33_33, 66_66, 100_00):
        amount = lots.amount_to_take_back(
            earned=10, paid=100_00, refunded=refunded, taken=sum(taken)
        )
        taken.append(amount)
    assert taken == [3, 3, 4]


@pytest.mark.parametrize(
    ("last_day", "expected"), [(5, 17), (17, 17), (18, 18), (NEVER, NEVER)]
)
def test_undone_spend_gives_back_with_the_old_last_day_or_seven_days(
    last_day: int, expected: int
) -> None:
    (restored,) = lots.restore([Use(1, 4)], {1: last_day}, 10)
    assert restored == (1, 4, expected)


@pytest.mark.parametrize(
    ("cases", "expected"),
    [
        ([], 10),
        ([Case(10, None)], NEVER),
        ([Case(11, None)], 10),
        ([Case(3, 5)], 12),
        ([Case(3, 2)], 10),
        ([Case(10, 14), Case(20, 22)], 29),
        ([Case(10, 14), Case(22, 22)], 21),
    ],
)
def test_case_holds_what_was_usable_when_it_was_opened(
    cases: list[Case], expected: int
) -> None:
    assert lots.held_until(10, cases) == expected
