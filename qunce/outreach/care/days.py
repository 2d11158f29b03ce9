"""Finds the members whose occasion has come, once a minute for each rule.

The span that was looked through is moved by a conditional update, so that each moment is
handled once. What is older than the rule's time for making up is left: after an outage
nobody gets a birthday wish of last week.
"""

from __future__ import annotations

import functools
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.db import transaction

from qunce.core import community_days
from qunce.core.jobs import job_queue
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.outreach.care import claims, rules
from qunce.outreach.care.models import CareDay, CareRule
from qunce.outreach.care.occasions import Match, Occasion, Surprise
from qunce.outreach.contact_budget import member_zones, policies
from qunce.outreach.contact_budget.limits import Clock
from qunce.sets import audiences
from qunce.sets.bitmaps import bitmaps

if TYPE_CHECKING:
    from pyroaring import BitMap

JOB = "care.poll_rule"
"""Looks for the occasions of a rule again after that failed; its key is the rule's id."""


@dataclass(frozen=True)
class DueDay:
    """People whose occasion came at a moment."""

    day: date
    key: str
    due_at: datetime
    people: BitMap


def poll_all(*, at: datetime) -> None:
    """Find the occasions of all rules that have come, and plan messages and tasks."""
    live = CareRule.objects.filter(is_on=True).select_related("community")
    for rule in live.order_by("pk"):
        key, community = str(rule.pk), rule.community
        run = functools.partial(poll_rule, key, at=at)
        job_queue.run_item(run, job=JOB, key=key, community=community, at=at)


def poll_rule(key: str, *, at: datetime) -> None:
    """Find and handle the occasions of one rule; `key` is that of the queued job."""
    rows = CareRule.objects.filter(pk=int(key), is_on=True)
    for rule in rows.select_related("community", "staff"):
        poll(rule, at=at)
        claims.handle(rule, at=at)


def name_of(key: str) -> str:
    """The name of the rule of a queued job."""
    return CareRule.objects.filter(pk=int(key)).values_list("name", flat=True)[0]


def poll(rule: CareRule, *, at: datetime) -> int:
    """Store the members whose occasion has come since the last time; returns how many."""
    late = timedelta(hours=rule.late_hours)
    begin = max(rule.polled_until or rule.started_at or at, at - late)
    if begin >= at:
        return 0
    # Before the transaction, as it uses the caches of the set engine.
    found = list(list_due(rule, begin, at))
    occasion = rules.load_occasion(rule)
    limit = occasion.members if isinstance(occasion, Surprise) else None
    with transaction.atomic():
        # A rule that was changed in between is looked through again.
        rows = CareRule.objects.filter(
            pk=rule.pk,
            is_on=True,
            polled_until=rule.polled_until,
            changed_at=rule.changed_at,
        )
        if not rows.update(polled_until=at):
            return 0
        for due in found:
            people = bitmaps.to_bytes(due.people)
            CareDay.objects.create(
                rule=rule,
                day=due.day,
                key=due.key,
                due_at=due.due_at,
                stale_at=due.due_at + late,
                size=len(due.people),
                unclaimed=people,
                unclaimed_count=len(due.people),
                limit=limit,
                seed=secrets.token_hex(8) if limit else "",
                candidates=people if limit else None,
                created_at=at,
            )
    return sum(len(due.people) for due in found)


def list_due(rule: CareRule, begin: datetime, end: datetime) -> Iterator[DueDay]:
    """The people whose moment is after `begin` and not after `end`, by moment."""
    occasion = rules.load_occasion(rule)
    finder = Finder(rule, staff_models.system(rule.community), end)
    # By the moment, as many zones have the same time.
    found: dict[tuple[datetime, date, str], BitMap] = {}
    for zone, members in _zones(rule, end):
        for day, moment in moments(rule.minute, zone, begin, end):
            for match in occasion.matches(day, finder.today):
                people = finder.people(match)
                if members is not None:
                    people = people & members
                if people:
                    place = moment, day, match.key
                    found[place] = found.get(place, bitmaps.of([])) | people
    for (moment, day, key), people in sorted(found.items(), key=lambda item: item[0]):
        yield DueDay(day, key, moment, people)


def moments(
    minute: int, zone: ZoneInfo, begin: datetime, end: datetime
) -> Iterator[tuple[date, datetime]]:
    """Days with the moment of a wall time that is after `begin` and not after `end`."""
    clock = Clock(zone)
    day = begin.astimezone(zone).date() - timedelta(days=1)
    while day <= end.astimezone(zone).date():
        moment = clock.at(day, minute)
        if begin < moment <= end:
            yield day, moment
        day += timedelta(days=1)


def _zones(rule: CareRule, at: datetime) -> list[tuple[ZoneInfo, BitMap | None]]:
    """Each zone with the people whose clock it is, None for everyone."""
    community = rule.community
    own = ZoneInfo(community.timezone)
    attribute = policies.get(community).zone_attribute
    if not rule.member_clock or not attribute:
        return [(own, None)]
    everyone = audiences.people(
        community=community,
        rule=audiences.EVERYONE,
        by=staff_models.system(community),
        at=at,
    )
    zones = member_zones.by_zone(community, everyone, attribute=attribute, at=at)
    rest = everyone - bitmaps.union(zones.values())
    return [(own, rest), *((ZoneInfo(name), ids) for name, ids in zones.items())]


class Finder:
    """Finds the members of a rule who have an occasion, as of one moment."""

    def __init__(self, rule: CareRule, by: Staff, at: datetime) -> None:
        self.rule, self.by, self.at = rule, by, at
        self.today = community_days.to_date(rule.community.day(at))

    def people(self, match: Match) -> BitMap:
        audience: Any = (
            {"all": []} if self.rule.audience is None else self.rule.audience
        )
        return audiences.people(
            community=self.rule.community,
            rule={"all": [match.rule, audience]},
            by=self.by,
            at=self.at,
        )


def coming_matches(
    occasion: Occasion, today: date, days: int
) -> Iterator[tuple[date, Match]]:
    """The matches of each of the next days, today first."""
    for offset in range(days):
        day = today + timedelta(days=offset)
        for match in occasion.matches(day, today):
            yield day, match
