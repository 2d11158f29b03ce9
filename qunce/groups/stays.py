"""Stays of a member in a group, and how the rows of a file change them.

A member may join and leave several times. The latest stay is the membership; the ones
before it are rows of `Stay`. Times are microseconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from qunce.core import db
from qunce.members.accounts import queries as account_queries

FOREVER = 2**63 - 1
MEMBER = "member"


class State(NamedTuple):
    """One stay; `left_at` is None as long as it lasts."""

    role: str
    joined_at: int
    left_at: int | None

    @property
    def end(self) -> int:
        return FOREVER if self.left_at is None else self.left_at

    def overlaps(self, begin: int, end: int) -> bool:
        return self.joined_at < end and begin < self.end


class Report(NamedTuple):
    """A stay as a row describes it; None is what the row leaves open."""

    role: str | None = None
    joined_at: int | None = None
    left_at: int | None = None

    @property
    def end(self) -> int:
        return FOREVER if self.left_at is None else self.left_at


class Change(NamedTuple):
    """A stay before and after; `before` is None for a stay that is new."""

    before: State | None
    after: State


def list_contradictions(reports: Sequence[Report]) -> list[int]:
    """Return the indexes of the reports of one member that the other ones exclude.

    A stay must not end before it begins, nor begin during another one.
    """
    order = sorted(range(len(reports)), key=lambda i: (reports[i].joined_at or 0, i))
    contradictions: list[int] = []
    last: Report | None = None
    for index in order:
        report = reports[index]
        if report.joined_at is None:
            continue
        is_same = last is not None and report.joined_at == last.joined_at
        is_reversed = report.left_at is not None and report.left_at < report.joined_at
        begins_inside = last is not None and report.joined_at < last.end
        if is_reversed or (begins_inside and not is_same):
            contradictions.append(index)
        # Of two rows about one stay, one may know when it ended.
        elif not is_same or report.left_at is not None:
            last = report
    return sorted(contradictions)


def apply(
    stays: Sequence[State], reports: Iterable[Report], *, now: int
) -> list[Change]:
    """Return the changes that reports about one member make, in the order of joining.

    `stays` are the known ones in that order. A report that overlaps a known stay is
    about that stay; any other is about a stay of its own.
    """
    entries: list[tuple[State | None, State]] = [(stay, stay) for stay in stays]
    for report in sorted(reports, key=lambda each: each.joined_at or FOREVER):
        index = _find_index([stay for _before, stay in entries], report)
        if index is None:
            joined_at = report.joined_at
            if joined_at is None:
                # The start of a stay of which only the end is known is its end.
                joined_at = now if report.left_at is None else report.left_at
            new = State(report.role or MEMBER, joined_at, report.left_at)
            entries.append((None, new))
            entries.sort(key=lambda entry: entry[1].joined_at)
        else:
            before, stay = entries[index]
            corrected = _correct(stay, report)
            others = [stay for i, (_old, stay) in enumerate(entries) if i != index]
            span = corrected.joined_at, corrected.end
            if not any(other.overlaps(*span) for other in others):
                entries[index] = (before, corrected)
    return [Change(before, after) for before, after in entries if before != after]


def _find_index(stays: Sequence[State], report: Report) -> int | None:
    """Return which stay the report is about, None for another one."""
    if report.joined_at is None:
        return len(stays) - 1 if stays else None
    for index, stay in enumerate(stays):
        if stay.joined_at == report.joined_at:
            return index
    # The latest, as older ones are settled.
    for index in reversed(range(len(stays))):
        if stays[index].overlaps(report.joined_at, report.end):
            return index
    return None


def _correct(stay: State, report: Report) -> State:
    if stay.left_at is not None and report.left_at is None:
        # A list without dates of leaving brings nobody back.
        return stay
    joined_at = report.joined_at if report.joined_at is not None else stay.joined_at
    if report.left_at is not None and report.left_at < joined_at:
        return stay
    return State(report.role or stay.role, joined_at, report.left_at)


KEEP_STAYS = """
INSERT INTO groups_stay (group_id, account_id, role, joined_at, left_at)
SELECT group_id, account_id, role, joined_at, left_at FROM groups_membership
WHERE group_id = %s AND NOT present AND left_at IS NOT NULL AND account_id IN ({accounts})
ON CONFLICT (group_id, account_id, joined_at) DO NOTHING
"""


def keep(group_id: int, accounts: Sequence[int]) -> None:
    """Store the last stays of those who have left, before they join again."""
    for chunk in account_queries.chunks(accounts):
        sql = KEEP_STAYS.format(accounts=db.placeholders(len(chunk)))
        db.execute(sql, [group_id, *chunk])
