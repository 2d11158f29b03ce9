"""Entries that no fact announces: segments, dates, and what groups begin with.

Each playbook is polled once a minute. The time of the last poll is moved by a conditional
update, so that each span is handled once.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.db import models, transaction

from qunce.core import community_days, lunar_dates, timestamps
from qunce.core.jobs import job_queue
from qunce.core.lunar_dates import LunarDate
from qunce.core.staff import models as staff_models
from qunce.groups.groups import Group, Membership, Stage
from qunce.members.attributes.attributes import AttributeType
from qunce.members.attributes.values import AttributeValue
from qunce.members.segments import segments
from qunce.outreach.playbooks import (
    delays,
    excluded_groups,
    playbooks,
    questions,
    run_entries,
    run_reactions,
    versions,
)
from qunce.outreach.playbooks.definitions import Definition, Subject
from qunce.outreach.playbooks.entries import (
    CalendarEntry,
    DateEntry,
    FoundingEntry,
    SegmentEntry,
    SizeEntry,
)
from qunce.outreach.playbooks.models import Playbook
from qunce.outreach.playbooks.run_entries import NewRun
from qunce.sets import audiences
from qunce.sets.bitmaps import bitmaps

if TYPE_CHECKING:
    from pyroaring import BitMap

JOB = "playbooks.poll_one"


def poll_all(*, at: datetime) -> None:
    """Begin the runs of all playbooks whose entries no fact announces."""
    for playbook in versions.list_live():
        key, community = str(playbook.pk), playbook.community
        run = functools.partial(poll_due, key, at=at)
        job_queue.run_item(run, job=JOB, key=key, community=community, at=at)


def poll_due(key: str, *, at: datetime) -> None:
    """Begin the runs of one playbook; `key` is that of the queued job."""
    for playbook in Playbook.objects.filter(pk=int(key)).select_related("community"):
        if run_reactions.accepts_entries(playbook):
            poll(playbook, at=at)


def name_of(key: str) -> str:
    """The name of the playbook of a queued job."""
    return Playbook.objects.values_list("name", flat=True).get(pk=int(key))


def poll(playbook: Playbook, *, at: datetime) -> int:
    """Add pending runs for what has come since the last poll; returns how many."""
    version = playbooks.find_version(playbook)
    if version is None:
        return 0
    definition = versions.load(version.pk, playbook)
    if isinstance(definition.entry, SegmentEntry | SizeEntry):
        return _poll_set(playbook, definition, at)
    if isinstance(definition.entry, DateEntry | FoundingEntry | CalendarEntry):
        return _poll_moments(playbook, definition, at)
    return 0


# Who has newly come into a set


def current_set(playbook: Playbook, definition: Definition, at: datetime) -> BitMap:
    """The members of the segment, or the groups that are large enough, now."""
    entry, community = definition.entry, playbook.community
    if isinstance(entry, SegmentEntry):
        # Without the segment nobody is known to be out of it: all would begin again.
        segment = segments.get(community, entry.segment)
        by = staff_models.system(community)
        rule = questions.segment_rule(segment.key)
        return audiences.people(community=community, rule=rule, by=by, at=at)
    assert isinstance(entry, SizeEntry)  # noqa: S101 - no other entry has a set
    large = (
        Membership.objects.filter(group__in=_groups(playbook), present=True)
        .values("group_id")
        .annotate(members=models.Count("pk"))
        .filter(members__gte=entry.members)
    )
    return bitmaps.of(large.values_list("group_id", flat=True))


def _poll_set(playbook: Playbook, definition: Definition, at: datetime) -> int:
    found = current_set(playbook, definition, at)
    with transaction.atomic():
        locked = Playbook.objects.select_for_update(of=("self",)).get(pk=playbook.pk)
        before = bitmaps.from_bytes(locked.inside) if locked.inside else bitmaps.of([])
        if found == before:
            return 0
        rows = Playbook.objects.filter(pk=playbook.pk)
        rows.update(inside=bitmaps.to_bytes(found))
        key = f"in:{timestamps.to_micros(at)}"
        new = [
            NewRun(target, key, at) for target in _included(playbook, found - before)
        ]
        run_entries.add_pending(playbook, new, at)
    return len(new)


def _included(playbook: Playbook, targets: BitMap) -> BitMap:
    if playbook.subject != Subject.GROUP:
        return targets
    return targets - bitmaps.of(excluded_groups.list_groups(playbook))


# Moments of the calendar


def _poll_moments(playbook: Playbook, definition: Definition, at: datetime) -> int:
    begin = playbook.polled_until or playbook.started_at or at
    # What is older started nothing while the service was down, and is not made up for.
    begin = max(begin, at - timedelta(hours=definition.late_hours))
    with transaction.atomic():
        rows = Playbook.objects.filter(
            pk=playbook.pk, polled_until=playbook.polled_until
        )
        if not rows.update(polled_until=at):
            return 0
        new = list(list_between(playbook, definition, begin, at))
        run_entries.add_pending(playbook, new, at)
    return len(new)


def list_between(
    playbook: Playbook, definition: Definition, begin: datetime, end: datetime
) -> Iterator[NewRun]:
    """The runs that begin at `begin` < time ≤ `end`, also of targets that had one before."""
    entry, zone = definition.entry, ZoneInfo(playbook.community.timezone)
    if isinstance(entry, FoundingEntry):
        yield from _founded(playbook, entry, zone, begin, end)
        return
    if not isinstance(entry, DateEntry | CalendarEntry):
        return
    for day, moment in _moments(entry.time, zone, begin, end):
        if isinstance(entry, DateEntry):
            for account in _with_date(playbook, entry, day):
                yield NewRun(account, f"day:{day}", moment)
        elif entry.calendar.includes(day) and definition.days.allows(day):
            for target in _list_targets(playbook, definition, end):
                yield NewRun(target, f"day:{day}", moment)


def _list_targets(
    playbook: Playbook, definition: Definition, at: datetime
) -> Iterator[int]:
    """The groups, or the members who meet the conditions at the start now."""
    if playbook.subject == Subject.GROUP:
        yield from _included_groups(playbook).values_list("pk", flat=True)
        return
    rules = [each.rule for each in definition.conditions if each.at_entry]
    yield from audiences.people(
        community=playbook.community,
        rule={"all": rules},
        by=staff_models.system(playbook.community),
        at=at,
    )


def _moments(
    at_time: time, zone: ZoneInfo, begin: datetime, end: datetime
) -> Iterator[tuple[date, datetime]]:
    day = begin.astimezone(zone).date()
    while day <= end.astimezone(zone).date():
        moment = delays.wall_clock(day, at_time, zone)
        if begin < moment <= end:
            yield day, moment
        day += timedelta(days=1)


def _with_date(playbook: Playbook, entry: DateEntry, day: date) -> list[int]:
    """Accounts whose date in the attribute comes on this day."""
    rows = AttributeValue.objects.filter(
        attribute__community=playbook.community,
        attribute__name=entry.attribute,
        attribute__type__in=(AttributeType.DATE, AttributeType.LUNAR),
        present=True,
    ).order_by("account_id")
    if not entry.yearly:
        once = day - timedelta(days=entry.offset)
        solar = models.Q(number=community_days.from_date(once))
        rows = rows.filter(solar | models.Q(text=str(lunar_dates.from_solar(once))))
    matching: dict[int | str | None, bool] = {}
    accounts = []
    for account, number, text in rows.values_list("account_id", "number", "text"):
        key = text if number is None else number
        if key not in matching:
            matching[key] = entry.falls_on(_to_date(number, text), day)
        if matching[key]:
            accounts.append(account)
    return accounts


def _to_date(number: int | None, text: str | None) -> date | LunarDate:
    """A stored value: the number of a day, or a text of the lunar calendar."""
    if number is not None:
        return community_days.to_date(number)
    return lunar_dates.stored(text or "")


def _founded(
    playbook: Playbook,
    entry: FoundingEntry,
    zone: ZoneInfo,
    begin: datetime,
    end: datetime,
) -> Iterator[NewRun]:
    rows = _included_groups(playbook)
    for pk, created_at in rows.values_list("pk", "created_at"):
        founded = created_at.astimezone(zone).date()
        day = founded + timedelta(days=entry.offset)
        moment = max(delays.wall_clock(day, entry.time, zone), created_at)
        if begin < moment <= end:
            yield NewRun(pk, "founded", moment)


def _groups(playbook: Playbook) -> models.QuerySet[Group]:
    assert playbook.subject == Subject.GROUP  # noqa: S101 - checked with the entry
    rows = Group.objects.filter(community=playbook.community)
    return rows.exclude(state=Stage.DEAD).order_by("pk")


def _included_groups(playbook: Playbook) -> models.QuerySet[Group]:
    excluded = excluded_groups.list_groups(playbook)
    return _groups(playbook).exclude(pk__in=excluded)
