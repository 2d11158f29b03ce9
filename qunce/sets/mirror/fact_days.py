"""Community clocks: the time zones and day starts that assign facts to days."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from qunce.core import communities, db

SELECT_CLOCKS = """
SELECT community.id, community.timezone, community.day_start,
       coalesce(revision.rev, 0)
FROM core_community AS community LEFT JOIN core_revision AS revision
ON revision.community_id = community.id AND revision.kind = %s AND revision.ref = 0
"""


@dataclass(frozen=True)
class Clock:
    zone: str
    start: int
    rev: int


Clocks = Mapping[int, Clock]


def load() -> dict[int, Clock]:
    """Every community's clock with its revision, read by one statement."""
    return {
        community: Clock(zone, start, rev)
        for community, zone, start, rev in db.rows(SELECT_CLOCKS, [communities.CLOCK])
    }


def dump(clocks: Clocks) -> str:
    """The revisions as `Position.clock_revisions` stores them, without those at 0."""
    return json.dumps(
        {str(community): clock.rev for community, clock in clocks.items() if clock.rev}
    )


def list_changed(dumped: str, clocks: Clocks) -> list[int]:
    """Communities whose clock has changed since `dumped`."""
    before = json.loads(dumped)
    return [
        community
        for community, clock in clocks.items()
        if before.get(str(community), 0) != clock.rev
    ]
