"""What a member's card shows: level, points to the next one, benefits and badges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from qunce.activities.levels import (
    badges,
    floors,
    holdings,
    level_phrases,
    memberships,
    schemes,
)
from qunce.activities.levels.memberships import Held
from qunce.activities.levels.models import BadgeAward, Level
from qunce.groups import working_people
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import Account
from qunce.members.people import visibility

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff


@dataclass(frozen=True)
class Rung:
    """A level of the ladder as members see it; `benefits` are phrases."""

    name: str
    points: int
    benefits: Sequence[str]
    is_own: bool


@dataclass(frozen=True)
class Standing:
    """Where a member stands; without `is_on`, there are no levels.

    `until` is a day such as 2026-03-31, "" if nothing ends the level. `missing` are the
    points to `next_level`, 0 without one; `points` those of the current period.
    """

    badges: Sequence[BadgeAward]
    memberships: Sequence[Held]
    is_on: bool = False
    level: Level | None = None
    until: str = ""
    points: int = 0
    next_level: Level | None = None
    missing: int = 0
    period: str = ""
    benefits: Sequence[str] = ()
    ladder: Sequence[Rung] = ()

    @property
    def title(self) -> str:
        return self.level.title or self.level.name if self.level else ""

    @property
    def is_empty(self) -> bool:
        return not (self.is_on or self.badges or self.memberships)

    @property
    def share(self) -> int:
        """How far it is to the next level, from 0 to 100."""
        total = self.points + self.missing
        return self.points * 100 // total if self.missing and total else 100


def find(*, account_id: int, at: datetime) -> Standing:
    """The standing of the account's person, computed from what they earned."""
    community = Account.objects.select_related("community").get(pk=account_id).community
    own = account_queries.account_ids_of_person(account_id)
    today = community.day(at)
    given = badges.list_of_person(own)
    held = memberships.list_held(own, today)
    scale = holdings.load_scale(community, today)
    if scale is None or working_people.find([account_id]):
        return Standing(badges=given, memberships=held)
    earned = holdings.merge_earned(holdings.read_earned(scale, own), own)
    bought = floors.read(community, own, scale.places)
    standing = scale.ladder.stand(
        earned, [each for one in own for each in bought.get(one, ())], today
    )
    above = scale.ladder.points_to_next(earned, standing.index, today)
    level = scale.level(standing.index)
    return Standing(
        is_on=True,
        level=level,
        until=level_phrases.day(standing.until),
        points=scale.ladder.points_in_period(earned, today),
        next_level=scale.level(above[0]) if above else None,
        missing=above[1] if above else 0,
        period=level_phrases.period(schemes.counting_of(scale.scheme)),
        benefits=level_phrases.benefits(level) if level else (),
        ladder=_ladder(scale, standing.index, today),
        badges=given,
        memberships=held,
    )


def get(*, account_id: int, by: Staff, at: datetime) -> Standing:
    """The standing of a member whom `by` sees; raises MemberNotFound."""
    visibility.check_visible(by=by, accounts=[account_id], at=at)
    return find(account_id=account_id, at=at)


def _ladder(scale: holdings.Scale, own: int, today: int) -> list[Rung]:
    found = []
    start = scale.ladder.countings[0].start(today)
    for index, level in enumerate(scale.levels):
        points = holdings.points_needed(scale, index, start)
        if points is not None and (level.archived_at is None or index == own):
            found.append(
                Rung(level.name, points, level_phrases.benefits(level), index == own)
            )
    return found


def find_titles(
    community: Community, people: Sequence[int], at: datetime
) -> dict[int, str]:
    """The titles of these people by their levels, for leaderboards."""
    held = holdings.find_held(community, people, community.day(at))
    return {
        person: each.level.title or each.level.name for person, each in held.items()
    }
