"""Pure decisions on lots: what a spend takes, what a refund takes back, what expires.

A lot is an amount that was earned once, with the day from which it is usable and the last
day on which it is. Days are community days. Nothing here reads a table or a clock, so that
points, and whatever else is kept in lots, decide alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

NEVER = 2**31 - 1
"""The last day of what never expires."""
GRACE_DAYS = 7
"""How long what is given back, or was held while a case was open, stays usable at least."""


@dataclass(frozen=True)
class Lot:
    """`left` of `amount` is not used, from the day `usable_from` to the end of `last_day`.

    `account` is whose it is; a decision looks at the lots of one holder.
    """

    id: int
    amount: int
    left: int
    usable_from: int
    last_day: int
    account: int = 0


class Use(NamedTuple):
    """What is taken from a lot, or given back to it."""

    lot: int
    amount: int


class Restored(NamedTuple):
    """What is given back to a lot, and the last day on which the lot is usable then."""

    lot: int
    amount: int
    last_day: int


class Case(NamedTuple):
    """The days on which a case of the holder was opened and closed, None while it is open."""

    opened: int
    closed: int | None


@dataclass(frozen=True)
class Reversal:
    """What is taken back from lots, and what is owed as no lot has it."""

    uses: tuple[Use, ...]
    owed: int


class NotEnough(Exception):
    """There is less than what is to be spent; `usable` is how much."""

    def __init__(self, usable: int) -> None:
        super().__init__(usable)
        self.usable = usable


def held_until(last_day: int, cases: Sequence[Case]) -> int:
    """Return the last day of a lot whose holder had cases: not while one of them is open.

    A case holds what was usable on the day on which it was opened, for GRACE_DAYS after it
    was closed. One case can hold a lot until the next one is opened.
    """
    for case in sorted(cases, key=lambda each: each.opened):
        if case.opened <= last_day:
            if case.closed is None:
                return NEVER
            last_day = max(last_day, case.closed + GRACE_DAYS)
    return last_day


def is_usable(lot: Lot, day: int, cases: Sequence[Case] = ()) -> bool:
    return (
        lot.left > 0
        and lot.usable_from <= day
        and (lot.last_day >= day or held_until(lot.last_day, cases) >= day)
    )


def count_usable(lots: Iterable[Lot], day: int, cases: Sequence[Case] = ()) -> int:
    return sum(lot.left for lot in lots if is_usable(lot, day, cases))


def spend(
    lots: Sequence[Lot], amount: int, day: int, cases: Sequence[Case] = ()
) -> tuple[Use, ...]:
    """Return what a spend takes, soonest last day first; raises NotEnough."""
    uses = take(lots, amount, day, cases)
    taken = sum(use.amount for use in uses)
    if taken < amount:
        raise NotEnough(taken)
    return uses


def take(
    lots: Sequence[Lot], amount: int, day: int, cases: Sequence[Case] = ()
) -> tuple[Use, ...]:
    """Return what is taken of `amount`, as far as there is any, soonest last day first."""
    uses = []
    for lot in sorted(lots, key=lambda each: (each.last_day, each.id)):
        if amount <= 0:
            break
        if is_usable(lot, day, cases):
            uses.append(Use(lot.id, min(lot.left, amount)))
            amount -= uses[-1].amount
    return tuple(uses)


def amount_to_take_back(*, earned: int, paid: int, refunded: int, taken: int) -> int:
    """Return what a refund takes back now: the share of all refunds, less what was taken.

    Rounded down cumulatively, so that refunds in any parts take back all of it in the end.
    """
    if paid <= 0:
        return 0
    return max(earned * min(refunded, paid) // paid - taken, 0)


def reverse(
    lots: Sequence[Lot],
    own: Iterable[int],
    amount: int,
    day: int,
    cases: Sequence[Case] = (),
) -> Reversal:
    """Return what is taken back: from the `own` lots, then from usable ones, then owed.

    Of the own lots, those that are not usable yet and those that would have expired are
    taken from as well.
    """
    mine = set(own)
    uses = []
    for lot in sorted(lots, key=lambda each: (each.last_day, each.id)):
        if lot.id in mine and lot.left > 0 and amount > 0:
            uses.append(Use(lot.id, min(lot.left, amount)))
            amount -= uses[-1].amount
    others = [lot for lot in lots if lot.id not in mine]
    rest = take(others, amount, day, cases)
    owed = amount - sum(use.amount for use in rest)
    return Reversal((*uses, *rest), max(owed, 0))


def restore(
    uses: Sequence[Use],
    last_days: dict[int, int],
    day: int,
    *,
    grace_days: int | None = GRACE_DAYS,
) -> tuple[Restored, ...]:
    """Return what an undone spend gives back: to the same lots, with their old last day.

    A lot that would have expired by then stays usable for `grace_days`; None keeps the
    last day even if it is over.
    """
    least = 0 if grace_days is None else day + grace_days
    return tuple(
        Restored(use.lot, use.amount, max(last_days[use.lot], least)) for use in uses
    )


def expire(
    lots: Iterable[Lot], day: int, cases: Sequence[Case] = ()
) -> tuple[Use, ...]:
    """Return what has expired: the rest of lots whose last day is over."""
    return tuple(
        Use(lot.id, lot.left)
        for lot in lots
        if lot.left > 0 and lot.last_day < day and held_until(lot.last_day, cases) < day
    )
