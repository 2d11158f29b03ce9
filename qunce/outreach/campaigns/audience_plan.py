"""The audience plan of a campaign: its recipients, its exclusions, and who sends to whom.

It is computed with sets, from the rule to the shares of staff. Every excluded target is
counted once, under the first reason that applies. So the counts of the reasons and of the
recipients add up to the number of targets that match.
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
from qunce.groups.lists import lists
from qunce.outreach import opt_outs, skip_reasons, task_allocation
from qunce.outreach.campaigns import campaigns
from qunce.outreach.campaigns.campaigns import Campaign, Target
from qunce.outreach.contact_budget import kept_places, member_policies, pressure
from qunce.outreach.hold_outs import assignment, hold_outs
from qunce.outreach.sending.ledger import Purpose
from qunce.sets import audiences
from qunce.sets.bitmaps import bitmaps

if TYPE_CHECKING:
    from pyroaring import BitMap

CHANNEL_SENDER = 0
"""The key in `Plan.shares` of a channel that needs no staff to send."""


@dataclass
class Plan:
    """`targets` get the message, and `matched` counts them and the excluded ones.

    `excluded` counts targets by reason. `shares` maps the id of a staff member to the
    targets they send to. `over_contact_limit` counts the targets whose contact limit is
    reached; `over_budget` are the excluded ones, and `held_out` those who are compared.
    `kept_for` maps campaigns of higher priority to the number of targets whose last place
    is kept for them.
    """

    matched: int
    targets: BitMap
    excluded: dict[str, int] = field(default_factory=dict)
    shares: dict[int, BitMap] = field(default_factory=dict)
    over_contact_limit: int = 0
    kept_for: dict[int, int] = field(default_factory=dict)
    over_budget: BitMap = field(default_factory=lambda: bitmaps.of([]))
    held_out: BitMap = field(default_factory=lambda: bitmaps.of([]))

    @property
    def size(self) -> int:
        return len(self.targets)

    def exclude(self, reason: str, others: BitMap) -> None:
        count = self.targets.intersection_cardinality(others)
        if count:
            self.excluded[reason] = count
            self.targets = self.targets - others

    def assign(self, shares: dict[int, BitMap]) -> None:
        """Set the shares of staff, and exclude targets that none of them sees."""
        self.shares = {staff: share for staff, share in shares.items() if share}
        assigned = bitmaps.union(self.shares.values())
        self.exclude(skip_reasons.NOT_VISIBLE, self.targets - assigned)

    def sender_of(self, target: int) -> int:
        return next(
            (staff for staff, share in self.shares.items() if target in share),
            CHANNEL_SENDER,
        )


def build(*, campaign: Campaign, by: Staff, at: datetime) -> Plan:
    """The plan as of now, for what `by` sees.

    Call it outside transactions, because it uses the caches of the set engine.
    """
    campaigns.check_visible(campaign, by)
    # If the system user does not exist yet, it is created here. In the snapshot it could
    # not be written.
    staff_models.system(campaign.community)
    with db.snapshot():
        if campaign.target == Target.GROUPS:
            return _plan_groups(campaign, by)
        return _plan_members(campaign, by, at)


def _plan_members(campaign: Campaign, by: Staff, at: datetime) -> Plan:
    matched = _people(campaign.rule, by, at)
    # Former members never get a message, but the review shows how many there are.
    with_left = matched | _people({"with_left": campaign.rule}, by, at)
    left = with_left - _people(audiences.EVERYONE, by, at)
    # So are people who work here, whom no audience contains.
    staff = _people(campaign.rule, by, at, with_staff=True) - matched
    matched |= left | staff
    plan = Plan(len(matched), matched)
    plan.exclude(skip_reasons.WORKS_HERE, staff)
    plan.exclude(skip_reasons.LEFT, left)
    if campaign.exclude is not None:
        plan.exclude(skip_reasons.EXCLUDED, _people(campaign.exclude, by, at))
    if campaign.purpose == Purpose.MARKETING:
        plan.exclude(skip_reasons.OPTED_OUT, _people(opt_outs.RULE, by, at))
    elif campaign.purpose == Purpose.SERVICE:
        plan.exclude(skip_reasons.OPTED_OUT, _people(opt_outs.SERVICE_RULE, by, at))
    plan.exclude(skip_reasons.BLACKLISTED, _people(lists.BLACKLISTED, by, at))
    over_limit = _over_budget(campaign, plan.targets, at)
    if campaign.skip_recently_contacted:
        plan.exclude(skip_reasons.OVER_CONTACT_LIMIT, over_limit)
        held_back = _held_back(campaign, plan.targets, at)
        plan.kept_for = {pk: len(people) for pk, people in held_back.items()}
        kept = bitmaps.union(held_back.values())
        plan.exclude(skip_reasons.KEPT_PLACE, kept)
        plan.over_budget = over_limit | kept
    if campaign.is_assisted:
        visible = {
            staff.pk: _people(audiences.EVERYONE, staff, at)
            for staff in campaigns.list_staff(campaign)
        }
        seen = bitmaps.union(visible.values())
        plan.exclude(skip_reasons.NOT_VISIBLE, plan.targets - seen)
    # Last, so that held-out members differ from the recipients in nothing else.
    plan.held_out = select_held_out(campaign, plan.targets, at)
    plan.exclude(skip_reasons.HELD_OUT, plan.held_out)
    if campaign.is_assisted:
        plan.assign(task_allocation.split_evenly(plan.targets, visible))
    else:
        plan.shares = {CHANNEL_SENDER: plan.targets}
    plan.over_contact_limit = plan.targets.intersection_cardinality(over_limit)
    return plan


def select_held_out(campaign: Campaign, targets: BitMap, at: datetime) -> BitMap:
    """Those of the targets in the hold-out of the community or of the campaign."""
    if campaign.purpose != Purpose.MARKETING:
        return bitmaps.of([])
    return hold_outs.held_out(campaign.community, targets, at) | assignment.select(
        targets,
        salt=f"campaign {campaign.key}",
        per_mille=campaign.hold_out_per_mille,
    )


def _over_budget(campaign: Campaign, targets: BitMap, at: datetime) -> BitMap:
    """Those of the targets for whom one more message does not fit now."""
    over = pressure.over_budget(
        community=campaign.community,
        policies=member_policies.load(campaign.community, at),
        channel=campaign.channel,
        purpose=campaign.purpose,
        at=at,
    )
    return targets.copy() if over is None else targets & over


def _held_back(campaign: Campaign, targets: BitMap, at: datetime) -> dict[int, BitMap]:
    """Campaign of higher priority → the targets whose last place is kept for it."""
    community = campaign.community
    found = kept_places.held_back(
        kept_places.load(community, priority=campaign.priority, at=at),
        community=community,
        policies=member_policies.load(community, at),
        channel=campaign.channel,
        purpose=campaign.purpose,
        at=at,
    )
    own = {pk: people & targets for pk, people in found.items()}
    return {pk: people for pk, people in own.items() if people}


def _people(rule: Any, by: Staff, at: datetime, *, with_staff: bool = False) -> BitMap:
    return audiences.people(
        community=by.community, rule=rule, by=by, at=at, with_staff=with_staff
    )


def _plan_groups(campaign: Campaign, by: Staff) -> Plan:
    groups = group_visibility.list_visible(by).filter(pk__in=campaign.groups)
    rows = list(groups.values_list("pk", "owner_id", "state"))
    plan = Plan(len(campaign.groups), bitmaps.of([pk for pk, _owner, _state in rows]))
    retired = [pk for pk, _owner, state in rows if state == Stage.DEAD]
    plan.exclude(skip_reasons.GROUP_RETIRED, bitmaps.of(retired))
    if not campaign.is_assisted:
        plan.shares = {CHANNEL_SENDER: plan.targets}
        return plan
    visible = {
        staff.pk: bitmaps.of(
            group_visibility.list_visible(staff).values_list("pk", flat=True)
        )
        for staff in campaigns.list_staff(campaign)
    }
    owners = {pk: owner for pk, owner, _state in rows if owner}
    plan.assign(task_allocation.split_by_owner(plan.targets, visible, owners))
    return plan
