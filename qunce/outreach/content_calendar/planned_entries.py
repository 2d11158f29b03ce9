"""Planned entries: campaigns, occurrences of series, playbooks of groups, staff posts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from qunce.core import permissions, timestamps
from qunce.core.staff.models import Staff
from qunce.outreach.campaigns import campaigns
from qunce.outreach.campaigns.campaigns import Campaign, Target
from qunce.outreach.campaigns.campaigns import State as CampaignState
from qunce.outreach.content_calendar.entries import Entry, Kind, Status
from qunce.outreach.content_calendar.sent_entries import types_of_versions
from qunce.outreach.playbooks import playbooks, polling, run_reactions, versions
from qunce.outreach.playbooks.actions import GoTo
from qunce.outreach.playbooks.definitions import Definition, Subject
from qunce.outreach.playbooks.models import LIVE, Playbook, Run
from qunce.outreach.playbooks.steps.send import Send
from qunce.outreach.sending.campaign_tasks import CampaignTask
from qunce.outreach.series import occurrences, series_groups
from qunce.outreach.series import series as series_module
from qunce.outreach.series.models import Occurrence, OccurrenceState, Series
from qunce.outreach.series.models import State as SeriesState
from qunce.outreach.tasks import staff_tasks
from qunce.sets.bitmaps import bitmaps

if TYPE_CHECKING:
    from pyroaring import BitMap

MAX_STEPS = 50
CAMPAIGN_STATUS = {
    CampaignState.SCHEDULED: Status.PLANNED,
    CampaignState.IN_REVIEW: Status.REVIEW,
    CampaignState.SENDING: Status.WAITING,
    CampaignState.PAUSED: Status.WAITING,
    CampaignState.DONE: Status.SENT,
}


def list_entries(
    *, by: Staff, groups: BitMap, begin: datetime, end: datetime, at: datetime
) -> Iterator[Entry]:
    """What is planned at `begin` ≤ time < `end`; `groups` are groups that `by` sees."""
    yield from _group_campaigns(by, groups, begin, end)
    yield from _open_shares(by, groups, begin, end, at)
    yield from _member_campaigns(by, begin, end)
    yield from _series(by, groups, begin, end, at)
    yield from _playbooks(by, groups, max(begin, at), end)
    yield from _tasks(by, begin, end)


# Campaigns


def _group_campaigns(
    by: Staff, groups: BitMap, begin: datetime, end: datetime
) -> Iterator[Entry]:
    rows = Campaign.objects.filter(
        community=by.community,
        target=Target.GROUPS,
        state__in=[CampaignState.SCHEDULED, CampaignState.IN_REVIEW],
        send_at__gte=begin,
        send_at__lt=end,
    )
    found = list(rows.order_by("send_at", "pk"))
    own = set(
        campaigns.list_visible(by)
        .filter(pk__in=[c.pk for c in found])
        .values_list("pk", flat=True)
    )
    types = types_of_versions({pk for each in found for pk in each.materials})
    for campaign in found:
        among = bitmaps.of(campaign.groups) & groups
        if not among or campaign.send_at is None:
            continue
        is_seen = campaign.pk in own
        yield Entry(
            kind=Kind.CAMPAIGN,
            pk=campaign.pk if is_seen else 0,
            title=campaign.name if is_seen else _("Campaign of others"),
            at=campaign.send_at,
            status=CAMPAIGN_STATUS[CampaignState(campaign.state)],
            groups=among,
            content_type=_first_type(campaign, types),
            **_move_of(campaign, by, is_seen=is_seen),
        )


def _first_type(campaign: Campaign, types: dict[int, str]) -> str:
    return next((types[pk] for pk in campaign.materials if pk in types), "")


def _move_of(campaign: Campaign, by: Staff, *, is_seen: bool) -> dict[str, Any]:
    if campaign.state == CampaignState.IN_REVIEW:
        return {"why_fixed": _("It waits for approval. Withdraw it to move it.")}
    if campaign.state != CampaignState.SCHEDULED:
        return {"why_fixed": _("It has been started already.")}
    if not is_seen or not permissions.may(by, campaigns.MANAGE):
        return {"why_fixed": _("Only staff who may manage it can move it.")}
    return {"move_key": f"campaign-{campaign.pk}"}


def _open_shares(
    by: Staff, groups: BitMap, begin: datetime, end: datetime, at: datetime
) -> Iterator[Entry]:
    """Groups of started campaigns that nobody has begun to post to."""
    rows = CampaignTask.objects.filter(
        campaign__community=by.community,
        campaign__target=Target.GROUPS,
        campaign__state__in=[CampaignState.SENDING, CampaignState.PAUSED],
        finished_at__isnull=True,
        unclaimed_count__gt=0,
    ).select_related("campaign")
    found = list(rows.order_by("pk"))
    own = set(
        campaigns.list_visible(by)
        .filter(pk__in={task.campaign_id for task in found})
        .values_list("pk", flat=True)
    )
    types = types_of_versions({pk for t in found for pk in t.campaign.materials})
    for task in found:
        campaign, among = task.campaign, bitmaps.from_bytes(task.unclaimed) & groups
        moment = task.due_at if task.due_at and task.due_at > at else at
        if not among or not begin <= moment < end:
            continue
        is_seen = campaign.pk in own
        yield Entry(
            kind=Kind.CAMPAIGN,
            pk=campaign.pk if is_seen else 0,
            title=campaign.name if is_seen else _("Campaign of others"),
            at=moment,
            status=Status.WAITING,
            groups=among,
            content_type=_first_type(campaign, types),
            why_fixed=_("It has been started already."),
        )


def _member_campaigns(by: Staff, begin: datetime, end: datetime) -> Iterator[Entry]:
    rows = campaigns.list_visible(by).filter(target=Target.MEMBERS)
    coming = rows.filter(
        state__in=[CampaignState.SCHEDULED, CampaignState.IN_REVIEW],
        send_at__gte=begin,
        send_at__lt=end,
    )
    begun = rows.filter(
        state__in=[CampaignState.SENDING, CampaignState.PAUSED, CampaignState.DONE],
        started_at__gte=begin,
        started_at__lt=end,
    )
    found = [*coming, *begun]
    types = types_of_versions({pk for each in found for pk in each.materials})
    for campaign in found:
        moment = campaign.started_at or campaign.send_at
        if moment is not None:
            yield Entry(
                kind=Kind.CAMPAIGN,
                pk=campaign.pk,
                title=campaign.name,
                at=moment,
                status=CAMPAIGN_STATUS[CampaignState(campaign.state)],
                content_type=_first_type(campaign, types),
                to_members=True,
                size=campaign.size,
                **_move_of(campaign, by, is_seen=True),
            )


# Series


def _series(
    by: Staff, groups: BitMap, begin: datetime, end: datetime, at: datetime
) -> Iterator[Entry]:
    for series in series_module.list_visible(by):
        among = (
            bitmaps.of(series_groups.list_groups(series).values_list("pk", flat=True))
            & groups
        )
        if series.state == SeriesState.RUNNING and among:
            yield from _coming_occurrences(series, by, among, begin, end, at)
        yield from _missed_occurrences(series, groups, begin, end)


def _coming_occurrences(
    series: Series,
    by: Staff,
    among: BitMap,
    begin: datetime,
    end: datetime,
    at: datetime,
) -> Iterator[Entry]:
    found = [
        each
        for each in occurrences.plan(series, end, at)
        if begin <= each.planned_at < end
    ]
    wanted = {pk for each in found if each.episode for pk in each.episode.materials}
    types = types_of_versions(wanted)
    may_move = series_module.may_manage(series, by)
    for each in found:
        status = Status.PLANNED if each.episode else Status.EMPTY
        content_type = each.content_type
        if each.episode is not None:
            own = (types[pk] for pk in each.episode.materials if pk in types)
            content_type = each.episode.content_type or next(own, content_type)
        is_open = each.is_open and each.slot_at > at
        key = f"series-{series.pk}-{timestamps.to_micros(each.slot_at)}"
        yield Entry(
            kind=Kind.SERIES,
            pk=series.pk,
            title=f"{series.name} · {each.label}" if each.label else series.name,
            at=each.planned_at,
            status=status if each.is_open else Status.SKIPPED,
            groups=among,
            content_type=content_type,
            move_key=key if may_move and is_open else "",
            why_fixed=""
            if may_move and is_open
            else _("Its time is past, or you may not manage the series."),
        )


def _missed_occurrences(
    series: Series, groups: BitMap, begin: datetime, end: datetime
) -> Iterator[Entry]:
    rows = Occurrence.objects.filter(
        series=series,
        state=OccurrenceState.MISSED,
        planned_at__gte=begin,
        planned_at__lt=end,
    )
    for row in rows.order_by("planned_at", "pk"):
        among = bitmaps.from_bytes(row.groups or b"") & groups if row.groups else None
        if among:
            yield Entry(
                kind=Kind.SERIES,
                pk=series.pk,
                title=series.name,
                at=row.planned_at,
                status=Status.FAILED,
                groups=among,
                why_fixed=_("Its time is past."),
            )


# Playbooks


def _playbooks(
    by: Staff, groups: BitMap, begin: datetime, end: datetime
) -> Iterator[Entry]:
    """The messages of running playbooks for groups, as far as nothing decides about them.

    A run is followed to the first step at which it may go one of several ways.
    """
    may_view = permissions.may(by, playbooks.VIEW)
    for playbook in versions.list_live(by.community_id):
        if playbook.subject != Subject.GROUP:
            continue
        sends: dict[tuple[str, datetime, str], list[int]] = {}
        for group, moment, send in _list_sends(playbook, begin, end):
            if group in groups:
                sends.setdefault((send.id, moment, _type_of(send)), []).append(group)
        for (_step, moment, content_type), found in sorted(sends.items()):
            yield Entry(
                kind=Kind.PLAYBOOK,
                pk=playbook.pk if may_view else 0,
                title=playbook.name if may_view else _("Playbook"),
                at=moment,
                status=Status.PLANNED,
                groups=bitmaps.of(found),
                content_type=content_type,
                why_fixed=_("It follows its playbook. Change the times there."),
            )


def _type_of(send: Send) -> str:
    wanted = set(getattr(send, "materials", ()))
    return next(iter(types_of_versions(wanted).values()), "") if wanted else ""


def _list_sends(
    playbook: Playbook, begin: datetime, end: datetime
) -> Iterator[tuple[int, datetime, Send]]:
    version = playbooks.find_version(playbook)
    zone = ZoneInfo(playbook.community.timezone)
    if version is not None and run_reactions.accepts_entries(playbook):
        definition = versions.load(version.pk, playbook)
        walks: dict[datetime, list[tuple[datetime, Send]]] = {}
        for run in polling.list_between(playbook, definition, begin, end):
            if run.at not in walks:
                action = definition.begin(run.at, zone)
                walks[run.at] = list(follow(definition, action, end, zone))
            for moment, send in walks[run.at]:
                yield run.target, moment, send
    live = Run.objects.filter(playbook=playbook, state__in=LIVE, due_at__lt=end)
    for row in live.order_by("pk"):
        if row.due_at is None or not row.step:
            continue
        definition = versions.load(row.version_id, playbook)
        action = GoTo(row.step, row.since or row.due_at, row.due_at)
        for moment, send in follow(definition, action, end, zone):
            if moment >= begin:
                yield row.target_id, moment, send


def follow(
    definition: Definition, action: object, end: datetime, zone: ZoneInfo
) -> Iterator[tuple[datetime, Send]]:
    """The messages of a run up to `end`, as far as there is only one way on."""
    graph = definition.graph
    for _count in range(MAX_STEPS):
        if not isinstance(action, GoTo) or action.due_at >= end:
            return
        step = graph.by_id.get(action.step)
        if step is None or step.kind == "wait_until":
            return
        if isinstance(step, Send):
            yield action.due_at, step
        ways = graph.successors(step.id)
        if len(ways) != 1 or not ways[0]:
            return
        following = graph.by_id[ways[0]]
        due_at = following.due_at(action.due_at, definition, zone)
        action = GoTo(following.id, action.due_at, due_at)


# Staff posts


def _tasks(by: Staff, begin: datetime, end: datetime) -> Iterator[Entry]:
    rows = staff_tasks.list_requests(by).filter(due_at__gte=begin, due_at__lt=end)
    rows = rows.exclude(state=staff_tasks.State.CANCELLED)
    for request in rows.order_by("due_at", "pk"):
        if request.due_at is None:
            continue
        is_done = request.state == staff_tasks.State.DONE
        yield Entry(
            kind=Kind.TASK,
            pk=request.pk,
            title=request.title,
            at=request.due_at,
            status=Status.SENT if is_done else Status.PLANNED,
            to_members=True,
            why_fixed=_("Staff have this task already. Cancel it and create another."),
        )
