"""Places in the contact budget that campaigns keep for their recipients.

A campaign that keeps a place does so while it is scheduled, and while it is being sent for
those who have no message of it yet. Messages of lower priority do not take that place.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np
from django.db.models import Q

from qunce.core import errors
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.outreach import opt_outs
from qunce.outreach.campaigns import approvals, campaigns, local_times
from qunce.outreach.campaigns.campaigns import Campaign, State, Target
from qunce.outreach.contact_budget import policies as budget_policies
from qunce.outreach.contact_budget.limits import (
    LONGEST_WINDOW,
    ROLLING,
    Contact,
    Limit,
    Mode,
)
from qunce.outreach.contact_budget.member_policies import MemberPolicies
from qunce.outreach.contact_budget.policies import Policy
from qunce.outreach.contact_budget.pressure import WindowCounter
from qunce.outreach.hold_outs import assignment
from qunce.outreach.sending.campaign_tasks import CampaignTask
from qunce.outreach.sending.ledger import Message, Origin, Purpose
from qunce.sets import audiences
from qunce.sets.bitmaps import bitmaps

if TYPE_CHECKING:
    from pyroaring import BitMap

AHEAD = LONGEST_WINDOW + budget_policies.MAX_HOLD
"""No window of a message that waits reaches campaigns that are sent later than this."""
KEEPING = (State.SCHEDULED, State.SENDING)
"""The states in which a campaign keeps places."""
Part = tuple[datetime, "BitMap"]


@dataclass(frozen=True)
class KeptPlaces:
    """The members for whom a campaign keeps a place, by the time when they get it.

    `budget_applies` is false for a campaign that is sent whatever the budget says.
    """

    campaign: int
    channel: str
    purpose: str
    needs_address: bool
    budget_applies: bool
    parts: tuple[Part, ...]

    def people(self) -> BitMap:
        return bitmaps.union(people for _moment, people in self.parts)

    def contact_of(self, person: int) -> Contact:
        """The message of the campaign that a person of the set is going to get."""
        moment = next(moment for moment, people in self.parts if person in people)
        return Contact(moment, self.channel, self.purpose, kept_for=self.campaign)


def load(community: Community, *, priority: int, at: datetime) -> list[KeptPlaces]:
    """The places that messages of this priority leave free, the most important first.

    Call it outside the claiming transaction, as it uses the caches of the set engine.
    """
    is_kept = Q(state=State.SENDING) | Q(state=State.SCHEDULED, send_at__lt=at + AHEAD)
    rows = Campaign.objects.filter(
        is_kept,
        community=community,
        keeps_place=True,
        target=Target.MEMBERS,
        priority__lt=priority,
    ).select_related("by")
    found = []
    for row in rows.order_by("priority", "send_at", "pk"):
        row.community = community
        found.append(of(row, at))
    return [each for each in found if each.parts]


def of(campaign: Campaign, at: datetime) -> KeptPlaces:
    """The places that a campaign keeps; none if it cannot start as it is."""
    people = bitmaps.of([])
    if campaign.keeps_place and campaign.target == Target.MEMBERS:
        # A segment of its rule may be gone; then it cannot start either.
        with contextlib.suppress(errors.QunceError):
            people = _recipients(campaign, at)
    return KeptPlaces(
        campaign=campaign.pk,
        channel=campaign.channel,
        purpose=campaign.purpose,
        needs_address=not campaign.is_assisted,
        budget_applies=campaign.skip_recently_contacted,
        parts=tuple(each for each in _parts(campaign, people, at) if each[1]),
    )


def count(campaign: Campaign, at: datetime) -> int:
    """For how many members a campaign keeps a place now."""
    return len(of(campaign, at).people())


def find_names(pks: Sequence[int], by: Staff) -> dict[int, str]:
    """The names of those of these campaigns that `by` sees."""
    rows = (
        campaigns.list_visible(by).filter(pk__in=pks)
        if pks
        else Campaign.objects.none()
    )
    return dict(rows.values_list("pk", "name"))


def names_by_origin(origin: Origin, origin_ids: list[int], by: Staff) -> dict[int, str]:
    """Origin of a skipped message → the campaign whose place it left, if `by` sees it."""
    rows = Message.objects.filter(
        origin=origin, origin_id__in=origin_ids, kept_for_id__isnull=False
    )
    campaign_of = dict(rows.values_list("origin_id", "kept_for_id"))
    names = find_names([pk for pk in campaign_of.values() if pk], by)
    return {row: names[pk] for row, pk in campaign_of.items() if pk in names}


def _recipients(campaign: Campaign, at: datetime) -> BitMap:
    if campaign.state == State.SENDING:
        tasks = CampaignTask.objects.filter(campaign=campaign, finished_at__isnull=True)
        if campaign.is_assisted:
            # The share of nobody is skipped.
            tasks = tasks.filter(staff__isnull=False)
        blobs = tasks.order_by("pk").values_list("unclaimed", flat=True)
        return bitmaps.union(bitmaps.from_bytes(blob) for blob in blobs)
    if campaign.state != State.SCHEDULED:
        return bitmaps.of([])
    people = _people(_rule(campaign), campaign.by, at)
    if campaign.purpose == Purpose.MARKETING:
        people = people - assignment.select(
            people,
            salt=f"campaign {campaign.key}",
            per_mille=campaign.hold_out_per_mille,
        )
    if campaign.is_assisted:
        senders = campaigns.list_staff(campaign)
        people &= bitmaps.union(
            _people(audiences.EVERYONE, each, at) for each in senders
        )
    if approvals.is_needed(campaign, len(people)):
        return bitmaps.of([])
    return people


def _rule(campaign: Campaign) -> dict[str, Any]:
    """The people who get a campaign, as far as a rule decides; cached by revisions."""
    parts = [campaign.rule]
    if campaign.exclude is not None:
        parts.append({"not": campaign.exclude})
    if campaign.purpose == Purpose.MARKETING:
        parts.append({"not": opt_outs.RULE})
        parts.append({"not": {"held_out": {"community": True}}})
    elif campaign.purpose == Purpose.SERVICE:
        parts.append({"not": opt_outs.SERVICE_RULE})
    return {"all": parts}


def _people(rule: Any, by: Staff, at: datetime) -> BitMap:
    return audiences.people(community=by.community, rule=rule, by=by, at=at)


def _parts(campaign: Campaign, people: BitMap, at: datetime) -> Iterator[Part]:
    """The people by when they get it, which depends on the zone if it is by their clock."""
    if not people:
        return
    send_at = max(at, campaign.send_at or at)
    times = local_times.load(campaign, people, at)
    if times is None:
        yield send_at, people
        return
    for name, in_zone in times.zones.items():
        moment = local_times.local_time(send_at, times.community_zone, ZoneInfo(name))
        yield max(at, moment), people & in_zone
    yield send_at, people - bitmaps.union(times.zones.values())


# Everybody at once


def held_back(
    kept: Sequence[KeptPlaces],
    *,
    community: Community,
    policies: MemberPolicies,
    channel: str,
    purpose: str,
    at: datetime,
) -> dict[int, BitMap]:
    """Campaign → the people whose last place now is kept for it.

    A claim counts exactly what was sent and is planned; this is its estimate for a review.
    """
    counter = WindowCounter(community, policies.others, purpose, at)
    styled = bitmaps.union(people for _policy, people in policies.parts)
    everyone = bitmaps.union(each.people() for each in kept)
    found: dict[int, BitMap] = {}
    for policy, people in [*policies.parts, (policies.others, everyone - styled)]:
        for each, moment, own in _list_parts(kept):
            taken = _without_place(
                each, moment, own & people, kept, policy, counter, channel
            )
            first = taken - bitmaps.union(found.values())
            found[each.campaign] = found.get(each.campaign, bitmaps.of([])) | first
    return {campaign: people for campaign, people in found.items() if people}


def _list_parts(
    kept: Sequence[KeptPlaces],
) -> Iterator[tuple[KeptPlaces, datetime, BitMap]]:
    for each in kept:
        for moment, people in each.parts:
            yield each, moment, people


def _without_place(
    each: KeptPlaces,
    moment: datetime,
    people: BitMap,
    kept: Sequence[KeptPlaces],
    policy: Policy,
    counter: WindowCounter,
    channel: str,
) -> BitMap:
    """Those of the people for whom a campaign at `moment` leaves no place now."""
    budget = policy.budget
    own = budget.limits_of(each.channel, each.purpose)
    if each.budget_applies and any(limit.mode == Mode.NONE for limit in own):
        return bitmaps.of([])
    is_same = each.purpose == counter.purpose
    if budget.gap and is_same and moment - counter.at < budget.gap:
        return people
    found = bitmaps.of([])
    ids = bitmaps.array_of(people)
    for limit in budget.limits_of(channel, counter.purpose):
        start = _shared_window(limit, counter.at, moment, policy)
        if start is None or not limit.covers(each.channel, each.purpose):
            continue
        counts = counter.count(limit.channel, start)
        totals = np.zeros(len(ids), np.int64)
        known = ids < len(counts)
        totals[known] = counts[ids[known]]
        for other, due, others in _list_parts(kept):
            if start < due <= moment and limit.covers(other.channel, other.purpose):
                totals = totals + np.isin(ids, bitmaps.array_of(others & people))
        found |= bitmaps.of(ids[totals >= (limit.most or 0)])
    return found


def _shared_window(
    limit: Limit, at: datetime, moment: datetime, policy: Policy
) -> datetime | None:
    """Where the window that ends with `moment` starts, None if `at` is not in it."""
    if limit.rolling:
        start = moment - ROLLING[limit.span]
        return start if at > start else None
    start, end = limit.calendar_window(at, policy.clock)
    return start if start <= moment < end else None
