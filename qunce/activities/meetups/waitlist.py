"""Moves from the waitlist to seats: a pure decision over the sign-ups of a meet-up."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class InLine:
    """A sign-up that has a seat or waits. `person` is whose the account is now.

    `may_return` is whether the seat can be given to somebody else, which ends when the
    person was checked in.
    """

    pk: int
    slot: int
    place: int
    person: int
    has_seat: bool
    may_return: bool = True


@dataclass(frozen=True, kw_only=True)
class Moves:
    """Sign-ups that go back to the waitlist, and those that get a seat, in order."""

    back: tuple[int, ...]
    up: tuple[int, ...]


def decide(
    rows: Sequence[InLine],
    capacities: Mapping[int, int | None],
    *,
    not_counted: Collection[int] = (),
) -> Moves:
    """A person has one seat, the one with the earliest place; free seats go in order.

    Of the accounts of a merged person, a later seat is given to others, and the sign-up
    keeps its place in line for the case that they are separated again. People who are
    `not_counted` are passed over.
    """
    seated: dict[int, InLine] = {}
    taken = dict.fromkeys(capacities, 0)
    back = []
    holding = [row for row in rows if row.has_seat]
    for row in sorted(holding, key=lambda row: (row.may_return, row.place, row.pk)):
        if row.person in seated and row.may_return:
            back.append(row.pk)
            continue
        seated[row.person] = row
        taken[row.slot] += 1
    up = []
    for row in sorted(rows, key=lambda row: (row.place, row.pk)):
        capacity = capacities[row.slot]
        is_full = capacity is not None and taken[row.slot] >= capacity
        if row.has_seat or is_full or row.person in seated:
            continue
        if row.person in not_counted:
            continue
        seated[row.person] = row
        taken[row.slot] += 1
        up.append(row.pk)
    return Moves(back=tuple(back), up=tuple(up))
