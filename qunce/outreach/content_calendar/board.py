"""The content calendar of some days: groups, entries, and where there is too much or nothing."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING

import numpy as np
from django.utils.translation import gettext as _

from qunce.core import community_days, errors, timestamps
from qunce.core.staff.models import Staff
from qunce.groups import visibility as group_visibility
from qunce.groups.groups import Group, Stage
from qunce.outreach.content_calendar import (
    limits,
    measures,
    planned_entries,
    sent_entries,
)
from qunce.outreach.content_calendar.entries import Entry
from qunce.outreach.content_calendar.limits import Limits
from qunce.outreach.content_calendar.measures import Share
from qunce.sets.bitmaps import bitmaps

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Flags = NDArray[np.bool_]

MAX_DAYS = 62
EARLIEST, LATEST = date(2000, 1, 1), date(2100, 1, 1)


class InvalidSpan(errors.Invalid):
    """The calendar shows one to 62 days at once."""


@dataclass
class Board:
    """`counts`, `overload` and `silence` have shape (groups, days).

    `entries` are in order of time. `to_members` has the messages to members by day, and
    is empty for staff who see only some of the members.
    """

    groups: list[Group]
    days: list[date]
    entries: list[Entry]
    counts: Ints
    overload: Flags
    silence: Flags
    limits: Limits
    to_members: list[int] = field(default_factory=list)
    bounds: list[int] = field(default_factory=list)

    def day_of(self, entry: Entry) -> int:
        """The number of the day of an entry."""
        return _column(entry.at, self.bounds)

    def mix(self, group: int | None = None) -> list[Share]:
        """The mix of content types of one group, or of all of them together."""
        pairs = (
            (each.content_type, 1 if group else len(each.groups))
            for each in self.entries
            if each.counts and (group is None or group in each.groups)
        )
        return measures.mix(measures.count_types(pairs), self.limits.target_mix)

    def rows_with(self, flags: Flags) -> list[int]:
        """The rows of groups that have a flag on one of the days."""
        return [int(row) for row in np.flatnonzero(flags.any(axis=1))]


def check_span(first: date, days: int) -> None:
    if not 1 <= days <= MAX_DAYS or not EARLIEST <= first <= LATEST:
        raise InvalidSpan(
            _("The calendar shows 1 to %(n)s days, from 2000 to 2100.")
            % {"n": MAX_DAYS}
        )


def load(
    *,
    by: Staff,
    first: date,
    days: int,
    at: datetime,
    only: Iterable[int] | None = None,
) -> Board:
    """The calendar of `days` days from `first`, of the groups that `by` sees.

    `only` are ids of groups to which it is limited.
    """
    check_span(first, days)
    community, rules = by.community, limits.get(by.community)
    rows = group_visibility.list_visible(by).exclude(state=Stage.DEAD)
    if only is not None:
        rows = rows.filter(pk__in=list(only))
    groups = sorted(rows, key=lambda group: (group.name, group.pk))
    lead = rules.silent_days - 1
    start = community_days.from_date(first)
    zone, begins = community.timezone, community.day_start
    bounds = [
        community_days.start_of(zone, begins, day)
        for day in range(start - lead, start + days + 1)
    ]
    begin, end = (timestamps.from_micros(each) for each in (bounds[0], bounds[-1]))
    visible = bitmaps.of([group.pk for group in groups])
    entries = [
        *sent_entries.list_entries(by=by, groups=visible, begin=begin, end=end),
        *planned_entries.list_entries(
            by=by, groups=visible, begin=begin, end=end, at=at
        ),
    ]
    counts = _count(entries, groups, bounds)
    silence = measures.find_silence(
        counts, rules.silent_days, _first_columns(groups, bounds)
    )
    shown = [each for each in entries if timestamps.to_micros(each.at) >= bounds[lead]]
    return Board(
        groups=groups,
        days=[community_days.to_date(start + n) for n in range(days)],
        entries=sorted(shown, key=lambda each: (each.at, each.title)),
        counts=counts[:, lead:],
        overload=measures.find_overload(counts[:, lead:], rules.max_per_day),
        silence=silence[:, lead:],
        limits=rules,
        to_members=sent_entries.count_to_members(by=by, bounds=bounds[lead:]),
        bounds=bounds[lead:],
    )


def _count(
    entries: Sequence[Entry], groups: Sequence[Group], bounds: list[int]
) -> Ints:
    """Messages that count, of shape (groups, days)."""
    row_of = {group.pk: row for row, group in enumerate(groups)}
    counts = np.zeros((len(groups), len(bounds) - 1), dtype=np.int64)
    for entry in entries:
        if entry.counts and entry.groups:
            column = _column(entry.at, bounds)
            for group in entry.groups:
                counts[row_of[group], column] += 1
    return counts


def _column(moment: datetime, bounds: list[int]) -> int:
    return bisect.bisect_right(bounds, timestamps.to_micros(moment)) - 1


def _first_columns(groups: Sequence[Group], bounds: list[int]) -> list[int]:
    """For each group the first day on which it existed."""
    return [max(_column(group.created_at, bounds), 0) for group in groups]


def cells(board: Board, groups: Iterable[int]) -> dict[tuple[int, int], list[Entry]]:
    """Group and day (its number on the board) → the entries there, in order of time."""
    wanted = bitmaps.of(groups)
    found: dict[tuple[int, int], list[Entry]] = {}
    for entry in board.entries:
        day = board.day_of(entry)
        for group in entry.groups & wanted:
            found.setdefault((group, day), []).append(entry)
    return found
