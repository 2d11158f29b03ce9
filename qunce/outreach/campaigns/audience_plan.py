"""Plans: who gets a campaign now, who not and why, who of the staff sends it to whom.

Set algebra from the rule to the shares. Each who is left out is counted once, under the
first reason that holds, so the counts add up from who was asked for to who gets it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from qunce.core import db
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.groups import visibility as group_visibility
from qunce.groups.groups import Stage
from qunce.outreach import contact_pressure, opt_outs, skip_reasons, task_allocation
from qunce.outreach.campaigns import campaigns
from qunce.outreach.campaigns.campaigns import Campaign, Target
from qunce.sets import audiences
from qunce.sets.bitmaps import bitmaps

if TYPE_CHECKING:
    from pyroaring import BitMap

CHANNEL_SENDER = 0
"""Stands for the channel itself among who sends."""


@dataclass
class Plan:
    """`whole` gets it; `excluded` counts by reason; `shares` is by operator's number.

    `over_contact_limit` are those of `whole` who got two messages or more in 7 days.
    """

    matched: int
    whole: BitMap
    excluded: dict[str, int] = field(default_factory=dict)
    shares: dict[int, BitMap] = field(default_factory=dict)
    over_contact_limit: int = 0

    @property
    def size(self) -> int:
        return len(self.whole)

    def exclude(self, reason: str, some: BitMap) -> None:
        gone = self.whole.intersection_cardinality(some)
        if gone:
            self.excluded[reason] = gone
            self.whole = self.whole - some

    def sender_of(self, target: int) -> int:
        return next(
            (staff for staff, share in self.shares.items() if target in share),
            CHANNEL_SENDER,
        )


def build(*, campaign: Campaign, by: Staff, at: datetime) -> Plan:
    """As of now and as far as `by` sees. Not inside a transaction: it uses the caches."""
    staff_models.system(campaign.community)  # made, if need be, before reads begin
    with db.snapshot():
        if campaign.target == Target.GROUPS:
            return _plan_groups(campaign, by)
        return _plan_members(campaign, by, at)


def _plan_members(campaign: Campaign, by: Staff, at: datetime) -> Plan:
    community = campaign.community
    whole = _people(campaign.rule, by, at)
    plan = Plan(len(whole), whole)
    _exclude_former_members(plan, campaign, by, at)
    if campaign.exclude is not None:
        plan.exclude(skip_reasons.EXCLUDED, _people(campaign.exclude, by, at))
    plan.exclude(skip_reasons.OPTED_OUT, _people(opt_outs.RULE, by, at))
    over_limit = contact_pressure.list_over_limit(community, at)
    if campaign.skip_recently_contacted:
        plan.exclude(skip_reasons.OVER_CONTACT_LIMIT, over_limit)
    if campaign.is_assisted:
        seen = {one.pk: _visible_to(one, at) for one in campaigns.list_staff(campaign)}
        _allocate(plan, task_allocation.split_evenly(plan.whole, seen))
    else:
        plan.shares = {CHANNEL_SENDER: plan.whole}
    plan.over_contact_limit = plan.whole.intersection_cardinality(over_limit)
    return plan


def _people(rule: Any, by: Staff, at: datetime) -> BitMap:
    return audiences.people(community=by.community, rule=rule, by=by, at=at)


def _visible_to(staff: Staff, at: datetime) -> BitMap:
    return _people({"all": []}, staff, at)


def _exclude_former_members(
    plan: Plan, campaign: Campaign, by: Staff, at: datetime
) -> None:
    """Those for whom the rule holds but who are gone: never sent to, but told."""
    with_left = _people({"with_left": campaign.rule}, by, at)
    here = _people({"all": []}, by, at)
    gone = (with_left | plan.whole) - here
    plan.whole, plan.matched = plan.whole | gone, len(plan.whole | gone)
    plan.exclude(skip_reasons.LEFT, gone)


def _plan_groups(campaign: Campaign, by: Staff) -> Plan:
    groups = group_visibility.list_visible(by).filter(pk__in=campaign.groups)
    rows = list(groups.values_list("pk", "owner_id", "state"))
    whole = bitmaps.of([pk for pk, _owner, _state in rows])
    plan = Plan(len(campaign.groups), whole)
    dead = [pk for pk, _owner, state in rows if state == Stage.DEAD]
    plan.exclude(skip_reasons.GROUP_RETIRED, bitmaps.of(dead))
    if not campaign.is_assisted:
        plan.shares = {CHANNEL_SENDER: plan.whole}
        return plan
    seen = {
        one.pk: bitmaps.of(
            group_visibility.list_visible(one).values_list("pk", flat=True)
        )
        for one in campaigns.list_staff(campaign)
    }
    owners = {pk: owner for pk, owner, _state in rows if owner}
    _allocate(plan, task_allocation.split_by_owner(plan.whole, seen, owners))
    return plan


def _allocate(plan: Plan, divided: dict[int, BitMap]) -> None:
    plan.shares = {staff: share for staff, share in divided.items() if share}
    reached = bitmaps.union(plan.shares.values())
    plan.exclude(skip_reasons.NOT_VISIBLE, plan.whole - reached)
