"""By which clock each community's facts are cut into days."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from qunce.core import communities, db

READ = """
SELECT community.id, community.timezone, community.day_start,
       coalesce(revision.rev, 0)
FROM core_community AS community LEFT JOIN core_revision AS revision
ON revision.community_id = community.id AND revision.kind = %s AND revision.ref = 0
"""
UTC = ("UTC", 0)


@dataclass(frozen=True)
class Clock:
    zone: str
    start: int
    rev: int


Clocks = Mapping[int, Clock]


def load() -> dict[int, Clock]:
    """Every community's clock with its revision, in one statement."""
    return {
        community: Clock(zone, start, rev)
        for community, zone, start, rev in db.rows(READ, [communities.CLOCK])
    }


def dump(clocks: Clocks) -> str:
    """What `Position.clocks` keeps; a clock that was never changed is left out."""
    return json.dumps(
        {str(community): clock.rev for community, clock in clocks.items() if clock.rev}
    )


def list_changed(noted: str, clocks: Clocks) -> list[int]:
    """Communities whose days were cut by another clock than they have now."""
    before = json.loads(noted)
    return [
        community
        for community, clock in clocks.items()
        if before.get(str(community), 0) != clock.rev
    ]
