"""Members that came into a segment, and groups that reached a size, in the past."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import models
from django.utils.translation import gettext as _

from qunce.core import errors, timestamps
from qunce.core.staff import models as staff_models
from qunce.groups.groups import Group, GroupJoined, GroupLeft, Membership, Stage
from qunce.members.segments import segments
from qunce.outreach.playbooks import delays, questions
from qunce.outreach.playbooks.entries import SegmentEntry, SizeEntry
from qunce.outreach.playbooks.models import Playbook
from qunce.outreach.playbooks.run_entries import NewRun
from qunce.sets import audiences, timelines

MIDNIGHT = time(0)


def describe() -> str:
    """What is not known about these entries, as a sentence of the rehearsal."""
    return _(
        "When exactly somebody came into a segment is not kept. They begin at the end of"
        " the day on which they came in, by the segment as it is defined today."
    )


def list_segment_entries(
    playbook: Playbook, entry: SegmentEntry, since: datetime, until: datetime
) -> Iterator[NewRun]:
    """Members who were not in the segment on one day, and were at the end of the next.

    Raises errors.Invalid if the segment asks for something whose past is not kept.
    """
    community = playbook.community
    segment = segments.get(community, entry.segment)
    rule = questions.segment_rule(segment.key)
    by = staff_models.system(community)
    unknown = audiences.list_clauses_of_today(community=community, rule=rule, by=by)
    if unknown:
        raise errors.Invalid(
            _(
                "The segment “%(name)s” cannot be looked at in the past: what was true for"
                " %(clauses)s on an earlier day is not kept. Rehearse with an entry by an"
                " event, or look at the preview when you switch it on."
            )
            % {"name": segment.name, "clauses": _(", ").join(unknown)}
        )
    zone = ZoneInfo(community.timezone)
    # Rules count whole days, so that also the first day is one.
    first = delays.wall_clock(since.astimezone(zone).date(), MIDNIGHT, zone)
    since = first - timestamps.MICROSECOND
    before = audiences.people(community=community, rule=rule, by=by, at=since)
    for moment in _ends_of_days(since, until, zone):
        found = audiences.people(community=community, rule=rule, by=by, at=moment)
        key = f"in:{timestamps.to_micros(moment)}"
        for person in found - before:
            yield NewRun(person, key, moment)
        before = found


def _ends_of_days(
    since: datetime, until: datetime, zone: ZoneInfo
) -> Iterator[datetime]:
    """The last microseconds of the days after `since`, and `until` itself."""
    day = since.astimezone(zone).date()
    while True:
        day += timedelta(days=1)
        moment = delays.wall_clock(day, MIDNIGHT, zone) - timestamps.MICROSECOND
        if moment >= until:
            yield until
            return
        if moment > since:
            yield moment


def list_size_entries(
    playbook: Playbook, entry: SizeEntry, since: datetime, until: datetime, at: datetime
) -> Iterator[NewRun]:
    """Groups that had fewer members than wanted, and then had enough."""
    groups = Group.objects.filter(community=playbook.community)
    groups = groups.exclude(state=Stage.DEAD)
    present = Membership.objects.filter(group__in=groups, present=True)
    counted = present.order_by().values_list("group_id")
    sizes = dict(counted.annotate(n=models.Count("pk")))
    wanted = set(groups.values_list("pk", flat=True))
    changes = [
        (fact.happened_at, fact.group, 1 if fact.kind == GroupJoined.kind else -1)
        for fact in timelines.list_facts_of_kinds(
            community=playbook.community,
            kinds=[GroupJoined.kind, GroupLeft.kind],
            since=since,
            until=at,
        )
        if fact.group in wanted
    ]
    for _moment, group, change in changes:
        assert group is not None  # noqa: S101 - it is one of those wanted
        sizes[group] = sizes.get(group, 0) - change
    for moment, group, change in sorted(changes, key=lambda each: each[0]):
        assert group is not None  # noqa: S101
        before, sizes[group] = sizes[group], sizes[group] + change
        if moment <= until and before < entry.members <= sizes[group]:
            yield NewRun(group, f"in:{timestamps.to_micros(moment)}", moment)
