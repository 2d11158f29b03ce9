"""Stays: when accounts joined and left, now and as of an earlier moment.

The accounts' rows say when each joined, and when it left if it is away. What happened
before that is in the log: the facts of leaving and rejoining. So the population of the
past is known without a history of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from qunce.core import number_arrays
from qunce.core.facts import facts
from qunce.sets import log
from qunce.sets.bitmaps import presence_sets
from qunce.sets.bitmaps.account_tables import NOT_LEFT, AccountTable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Stays:
    """The accounts now, and every time at which one of those that rejoined left or came.

    `accounts`, `times` and `leaves` are parallel, shape (m,), by account and time.
    `created` is the microsecond at which the community was created here. Members of
    before that were imported later, often without the time at which they joined.
    """

    table: AccountTable
    created: int
    accounts: Ints
    times: Ints
    leaves: NDArray[np.bool_]

    @cached_property
    def moments(self) -> Ints:
        """The times at which the population changed, each once and in order."""
        table = self.table
        left = table.left[table.left != NOT_LEFT]
        moments = [table.joined, left, self.times, [self.created]]
        return number_arrays.unique(np.concatenate(moments))

    def version(self, micros: int) -> int:
        """A number that is the same for all moments with the same population."""
        return int(np.searchsorted(self.moments, micros, side="right"))

    def as_of(self, micros: int) -> AccountTable:
        """The accounts that had joined by then, with `left` as it was.

        Of a time before the community was created here, only those are left out that are
        known to have joined later.
        """
        table = self.table
        left = np.where(table.left <= micros, table.left, NOT_LEFT)
        # An account's row is right from its last change on; before it, the latest fact
        # up to then decides.
        accounts, starts = np.unique(self.accounts, return_index=True)
        ends = np.append(starts, len(self.accounts))[1:]
        for account, start, end in zip(accounts, starts, ends, strict=True):
            if micros >= self.times[end - 1]:
                continue
            row = np.searchsorted(table.accounts, account)
            latest = start + np.searchsorted(self.times[start:end], micros, "right") - 1
            is_away = latest >= start and self.leaves[latest]
            left[row] = self.times[latest] if is_away else NOT_LEFT
        joined = table.joined <= micros
        if micros < self.created:
            joined |= table.joined >= self.created
        return replace(table, left=left).select(joined)


def read_stays(
    community_id: int, created: int, table: AccountTable, reached: int
) -> Stays:
    """The stays of all accounts; the log is derived up to the coordinate `reached`."""
    kinds = [facts.find_kind(kind) for kind in presence_sets.kinds()]
    left, rejoined = (kind_id or -1 for kind_id in kinds)
    # Loads DuckDB, which questions about the present do without.
    from qunce.sets.mirror import mirror

    derived = mirror.query(
        "SELECT account, happened_at, id, kind FROM facts"
        " WHERE community = ? AND kind IN (?, ?) AND account IS NOT NULL",
        [community_id, left, rejoined],
    )
    rows = [tuple(row.values()) for row in derived.to_pylist()]
    rows += log.list_of_kinds_after(reached, community_id, (left, rejoined))
    events = np.array(sorted(set(rows)), dtype=np.int64).reshape(-1, 4)
    # The others are away since they left or have never been away: their rows say it all.
    came_back = number_arrays.unique(events[events[:, 3] == rejoined][:, 0])
    is_known = np.isin(events[:, 0], came_back) & np.isin(events[:, 0], table.accounts)
    events = events[is_known]
    return Stays(table, created, events[:, 0], events[:, 1], events[:, 3] == left)
