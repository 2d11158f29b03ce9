"""The review before a start: recipients with their real texts, exclusions, and senders."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from qunce.core.staff.models import Staff
from qunce.outreach.campaigns import (
    approvals,
    audience_plan,
    campaign_materials,
    campaigns,
    comparisons,
    content,
    effects,
    local_times,
    variants,
)
from qunce.outreach.campaigns.audience_plan import Plan
from qunce.outreach.campaigns.campaigns import Campaign, Target
from qunce.outreach.campaigns.comparisons import Sensitivity
from qunce.outreach.campaigns.local_times import ZoneCounts
from qunce.outreach.contact_budget import kept_places, member_policies, pressure

SAMPLE_SIZE = 10


@dataclass(frozen=True)
class Sample:
    """A recipient and their text, which is None if a variable has no value.

    `missing` then is the sentence that names the variable.
    """

    target: int
    name: str
    staff: str
    text: str | None
    missing: str = ""
    variant: str = ""


@dataclass(frozen=True)
class StaffShare:
    """How many recipients a staff member, or the channel (None), sends to."""

    staff: Staff | None
    size: int


@dataclass(frozen=True)
class LastLoss:
    """How many members the last campaign of this kind lost within 24 hours."""

    name: str
    reached: int
    lost: int


@dataclass(frozen=True)
class KeptFor:
    """How many lose their last place to a campaign of higher priority.

    `name` is empty for a campaign that the asker does not see.
    """

    name: str
    size: int


@dataclass(frozen=True)
class Review:
    """The numbers of a plan, its shares and some of its recipients.

    `variants` are the sizes by name, with "" for the text of the campaign. For
    `at_limit_after` recipients this is the last message that their limit allows.
    `needs_approval` is whether it needs an approval that it does not have.
    `sensitivities` says what the hold-out and the variants could show, `zones` who gets it
    by which clock if that is each member's. `kept_for` are the campaigns for which a place
    is kept.
    """

    matched: int
    size: int
    excluded: dict[str, int]
    over_contact_limit: int
    shares: list[StaffShare]
    samples: list[Sample]
    variants: dict[str, int]
    at_limit_after: int
    needs_approval: bool
    last_loss: LastLoss | None
    sensitivities: list[Sensitivity]
    kept_for: list[KeptFor]
    zones: ZoneCounts | None = None


def build(*, campaign: Campaign, by: Staff, at: datetime) -> Review:
    """The review as of now. `launch.start` refuses if `size` has changed since."""
    campaigns.check_may_manage(campaign, by)
    campaigns.check_complete(campaign)
    campaign_materials.check_sendable(campaign, at)
    plan = audience_plan.build(campaign=campaign, by=by, at=at)
    staff = {member.pk: member for member in campaigns.list_staff(campaign)}
    # The same samples as long as the audience is the same, from all parts of it.
    targets = [plan.targets[index] for index in evenly_spaced(plan.size, SAMPLE_SIZE)]
    names = content.recipient_names(campaign, targets, by)
    parts = variants.divide(campaign, plan.targets, by, at)
    samples = []
    for target in targets:
        sender = staff.get(plan.sender_of(target))
        rendered = content.render_texts(campaign, [target], sender, parts)
        text, missing = rendered[target]
        sender_name = sender.name if sender else ""
        variant = variants.variant_of(parts, target)
        samples.append(
            Sample(target, names[target], sender_name, text, missing, variant)
        )
    return Review(
        matched=plan.matched,
        size=plan.size,
        excluded=plan.excluded,
        over_contact_limit=plan.over_contact_limit,
        shares=[
            StaffShare(staff.get(pk), len(share))
            for pk, share in plan.shares.items()
            if share
        ],
        samples=samples,
        variants={name: len(people) for name, people in parts.items()},
        at_limit_after=_count_at_limit(campaign, plan, at),
        needs_approval=approvals.is_needed(campaign, plan.size),
        last_loss=_last_loss(campaign, at),
        sensitivities=comparisons.foresee(campaign, parts, plan.held_out, at),
        kept_for=_kept_for(plan, by),
        zones=local_times.count(campaign, plan.targets, at),
    )


def _kept_for(plan: Plan, by: Staff) -> list[KeptFor]:
    names = kept_places.find_names(list(plan.kept_for), by)
    return [KeptFor(names.get(pk, ""), size) for pk, size in plan.kept_for.items()]


def _count_at_limit(campaign: Campaign, plan: Plan, at: datetime) -> int:
    if campaign.target == Target.GROUPS:
        return 0
    people = pressure.at_limit_after_one(
        community=campaign.community,
        policies=member_policies.load(campaign.community, at),
        channel=campaign.channel,
        purpose=campaign.purpose,
        at=at,
    )
    if people is None:
        return plan.size
    return plan.targets.intersection_cardinality(people)


def _last_loss(campaign: Campaign, at: datetime) -> LastLoss | None:
    last = effects.last_of_its_kind(campaign)
    if last is None or last.target == Target.GROUPS:
        return None
    measured = effects.measure(last, at)
    return LastLoss(last.name, measured.reached, measured.lost)


def evenly_spaced(size: int, limit: int) -> list[int]:
    """Up to `limit` indexes, evenly spaced over a sequence of `size` items."""
    count = min(size, limit)
    return [number * size // count for number in range(count)]
