"""Decides who is drawn: the stream, without tickets and people who were drawn before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from qunce.activities.draws import number_stream


class Outcome(StrEnum):
    """What became of one index of the stream."""

    WON = "won"
    DRAWN = "drawn"
    """The ticket was drawn before."""
    PERSON = "person"
    """Its person has won before."""


@dataclass(frozen=True)
class Drawn:
    """One index of the stream. `prize` is the position of the prize, if it won.

    `instead_of` is the k of the winner who did not claim it, if it was drawn again.
    """

    k: int
    index: int
    outcome: Outcome
    prize: int | None = None
    instead_of: int | None = None


def draw(
    *,
    value: bytes,
    people: Sequence[int],
    prizes: Iterable[int],
    drawn: Iterable[Drawn] = (),
    instead_of: int | None = None,
) -> list[Drawn]:
    """Draw one ticket for each of these prizes, in their order, as long as people are left.

    `people` is the person of each ticket, in the order of the list. `drawn` is what was
    drawn before, after which the stream continues.
    """
    before = list(drawn)
    seen = {row.index for row in before}
    winners = {people[row.index] for row in before if row.outcome == Outcome.WON}
    left = len(set(people) - winners)
    results: list[Drawn] = []
    waiting = list(prizes)[:left]
    if not waiting:
        return results
    stream = number_stream.indexes(value, len(people), start=len(before))
    for prize in waiting:
        for k, index in stream:
            if index in seen:
                results.append(Drawn(k, index, Outcome.DRAWN))
                continue
            seen.add(index)
            if people[index] in winners:
                results.append(Drawn(k, index, Outcome.PERSON))
                continue
            winners.add(people[index])
            results.append(Drawn(k, index, Outcome.WON, prize, instead_of))
            break
    return results


def in_listed_order(counts: Sequence[int]) -> list[int]:
    """The position of each prize as often as there are such prizes."""
    return [place for place, count in enumerate(counts) for _n in range(count)]
