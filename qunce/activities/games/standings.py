"""Which answers count once staff have ruled, and who has how much: pure functions.

An answer counts as it was decided, unless staff ruled otherwise. Rows are in the order of
the inbox. A person counts once per question, however many accounts answered.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from qunce.activities.games.deciders import Mode, Outcome

RIGHT = (Outcome.RIGHT, Outcome.BEATEN)


@dataclass(frozen=True, kw_only=True)
class Given:
    """A stored answer; `pk` is its place in the inbox, `ruling` what staff decided."""

    pk: int
    round: int
    who: int
    outcome: str
    points: int
    ruling: bool | None = None

    @property
    def is_right(self) -> bool:
        return self.outcome in RIGHT if self.ruling is None else self.ruling


@dataclass(frozen=True, kw_only=True)
class Score:
    """`last` is the place of the answer with which it was reached: the earlier one leads."""

    who: int
    points: int
    right: int
    last: int


def list_counted(given: Sequence[Given], mode: Mode | None) -> list[Given]:
    """The answers that count, of any rounds; without a mode each right one does."""
    counted: list[Given] = []
    won: set[int] = set()
    seen: set[tuple[int, int]] = set()
    for each in given:
        if not each.is_right:
            continue
        if mode is not None and (each.round, each.who) in seen:
            continue
        if mode == Mode.FIRST and each.round in won:
            continue
        won.add(each.round)
        seen.add((each.round, each.who))
        counted.append(each)
    return counted


def rank(counted: Iterable[Given], uncounted: Iterable[int] = ()) -> list[Score]:
    """The people in their order: by points, then right answers, then who was earlier."""
    out = set(uncounted)
    sums: dict[int, tuple[int, int, int]] = {}
    for each in counted:
        if each.who not in out:
            points, right, _last = sums.get(each.who, (0, 0, 0))
            sums[each.who] = (points + each.points, right + 1, each.pk)
    scores = [
        Score(who=who, points=points, right=right, last=last)
        for who, (points, right, last) in sums.items()
    ]
    return sorted(scores, key=lambda one: (-one.points, -one.right, one.last))
