"""How many members would be in each level, before levels are stored."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from qunce.activities.levels import holdings, ladders, schemes
from qunce.activities.levels.holdings import Scale
from qunce.activities.levels.models import LevelScheme
from qunce.activities.levels.schemes import SchemeInput
from qunce.members.accounts import queries as account_queries
from qunce.sets import audiences

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff

EVERYONE: dict[str, list[object]] = {"all": []}


@dataclass(frozen=True)
class Row:
    """`people` would have this level now, and `now` are those who have it."""

    name: str
    points: int
    people: int
    now: int


@dataclass(frozen=True)
class Preview:
    """`higher` would have a higher level than now, and `lower` a lower one."""

    rows: tuple[Row, ...]
    without: int
    higher: int
    lower: int


def preview(
    *, community: Community, wanted: SchemeInput, by: Staff, at: datetime
) -> Preview:
    """The levels that members would have if this was stored. Nothing is changed."""
    schemes.check_may_manage(by)
    schemes.check(community, wanted)
    day = community.day(at)
    scheme = schemes.get(community) or LevelScheme(community=community, changed_at=at)
    future = copy.copy(scheme)
    planned = schemes.plan(community, wanted, future, at)
    ladder = schemes.ladder_of(future, planned, day)
    scale = Scale(community, future, tuple(planned), ladder, day)
    places = {level.pk: index for index, level in enumerate(planned) if level.pk}
    present = audiences.people(community=community, rule=EVERYONE, by=by, at=at)
    counts, now = [0] * len(planned), [0] * len(planned)
    higher = lower = 0
    for accounts in holdings.list_pages(community):
        by_person = account_queries.accounts_by_person(accounts)
        people = {
            person: own
            for person, own in by_person.items()
            if person in accounts and person in present
        }
        held = holdings.find_held(community, people, day) if scheme.is_on else {}
        for person, standing in holdings.compute(scale, people).items():
            before = places[held[person].level.pk] if person in held else ladders.NONE
            higher += standing.index > before
            lower += standing.index < before
            if standing.index != ladders.NONE:
                counts[standing.index] += 1
            if before != ladders.NONE:
                now[before] += 1
    rows = tuple(
        Row(level.name, schemes.points_of(level) or 0, counts[index], now[index])
        for index, level in enumerate(planned)
        if level.archived_at is None or counts[index]
    )
    return Preview(rows, len(present) - sum(counts), higher, lower)
