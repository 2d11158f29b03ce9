"""People as arrays of ids, with repetitions: whom accounts belong to, who has which facts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from qunce.core import timestamps
from qunce.core.facts import facts
from qunce.sets.rules import snapshots

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from qunce.core.communities import Community
    from qunce.sets.rules.snapshots import Snapshot

    Ints = NDArray[np.int64]


def people_of(*, community: Community, accounts: Ints, at: datetime) -> Ints:
    """The person of each account, in the same order."""

    def read(snap: Snapshot) -> Ints:
        snap.load_revisions(())
        return np.asarray(snap.aliases.map_array(accounts), dtype=np.int64)

    return snapshots.run(community, at, read)


def reported_times(
    *, community: Community, kinds: Sequence[str], since: datetime, at: datetime
) -> tuple[Ints, Ints]:
    """Person and microsecond of each reported fact of these kinds, by person and time."""
    known = [kind for kind in map(facts.find_kind, kinds) if kind is not None]
    nothing = np.empty(0, np.int64), np.empty(0, np.int64)
    first, last = community.day(since), community.day(at)

    def read(snap: Snapshot) -> tuple[Ints, Ints]:
        # Loads DuckDB, which most questions do without.
        from qunce.sets.mirror import mirror

        snap.load_revisions(())
        if not any(snap.changed_days(kind, first, last) for kind in known):
            return nothing
        found = mirror.query(
            "SELECT account, happened_at FROM facts"  # noqa: S608 - ids of our own
            " WHERE community = ? AND account IS NOT NULL AND source IS NOT NULL"
            f" AND kind IN ({', '.join(map(str, known))})"
            " AND happened_at > ? AND happened_at <= ?",
            [community.pk, timestamps.to_micros(since), timestamps.to_micros(at)],
        )
        accounts, times = (
            column.to_numpy().astype(np.int64) for column in found.columns
        )
        people = np.asarray(snap.aliases.map_array(accounts), dtype=np.int64)
        order = np.lexsort((times, people))
        return people[order], times[order]

    return snapshots.run(community, at, read) if known else nothing


def fact_times(
    *,
    community: Community,
    kinds: Sequence[str],
    since: datetime,
    until: datetime,
    at: datetime,
) -> dict[str, tuple[Ints, Ints]]:
    """Kind → person and microsecond of each of its facts after `since`, up to `until`."""
    known = {kind: facts.find_kind(kind) for kind in kinds}
    nothing = np.empty(0, np.int64), np.empty(0, np.int64)

    def read(snap: Snapshot) -> dict[str, tuple[Ints, Ints]]:
        # Loads DuckDB, which most questions do without.
        from qunce.sets.mirror import mirror

        snap.load_revisions(())
        found = {}
        for name, kind in known.items():
            if kind is None:
                found[name] = nothing
                continue
            table = mirror.query(
                "SELECT account, happened_at FROM facts WHERE community = ? AND kind = ?"
                " AND account IS NOT NULL AND happened_at > ? AND happened_at <= ?",
                [
                    community.pk,
                    kind,
                    timestamps.to_micros(since),
                    timestamps.to_micros(until),
                ],
            )
            accounts, times = (
                column.to_numpy().astype(np.int64) for column in table.columns
            )
            people = np.asarray(snap.aliases.map_array(accounts), dtype=np.int64)
            found[name] = people, times
        return found

    return snapshots.run(community, at, read)
