"""The review: what stands between a campaign and the world. How many, who exactly with
their real text, who not and why, through whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from qunce.core.staff.models import Staff
from qunce.groups.groups import Group
from qunce.members.accounts import masking
from qunce.members.accounts import queries as account_queries
from qunce.outreach.campaigns import audience_plan, campaigns
from qunce.outreach.campaigns.audience_plan import Plan
from qunce.outreach.campaigns.campaigns import Campaign, Target
from qunce.outreach.content import templates, variable_values

SAMPLE_SIZE = 10


@dataclass(frozen=True)
class Sample:
    """One receiver as they are. `text` is None where a value is missing: `missing`."""

    target: int
    name: str
    staff: str
    text: str | None
    missing: str = ""


@dataclass(frozen=True)
class StaffShare:
    staff: Staff | None
    size: int


@dataclass(frozen=True)
class Review:
    matched: int
    size: int
    excluded: dict[str, int]
    over_contact_limit: int
    shares: list[StaffShare]
    samples: list[Sample]


def build(*, campaign: Campaign, by: Staff, at: datetime) -> Review:
    """As of now; `starts.start` counts again and refuses another number than this."""
    campaigns.check_complete(campaign)
    plan = audience_plan.build(campaign=campaign, by=by, at=at)
    staff = {one.pk: one for one in campaigns.list_staff(campaign)}
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
        samples=_samples(campaign, plan, staff, by),
    )


def _samples(
    campaign: Campaign, plan: Plan, staff: dict[int, Staff], by: Staff
) -> list[Sample]:
    """Ten from all over the audience, the same ones as long as it is the same."""
    chosen = [plan.whole[place] for place in evenly_spaced(plan.size, SAMPLE_SIZE)]
    names = recipient_names(campaign, chosen, by)
    samples = []
    for target in chosen:
        sender = staff.get(plan.sender_of(target))
        text, missing = render_texts(campaign, [target], sender)[target]
        who = sender.name if sender else ""
        samples.append(Sample(target, names[target], who, text, missing))
    return samples


def evenly_spaced(size: int, most: int) -> list[int]:
    """Up to `most` places, evenly over 0 … size − 1."""
    count = min(size, most)
    return [number * size // count for number in range(count)]


# Texts and names of receivers


def render_texts(
    campaign: Campaign, targets: Sequence[int], staff: Staff | None
) -> dict[int, tuple[str | None, str]]:
    """Target → its text, or None with what is missing."""
    pieces = templates.parse(campaign.text)
    community = campaign.community
    if campaign.target == Target.GROUPS:
        known = variable_values.group_values(community, targets, staff)
    else:
        asked = templates.variable_names(pieces)
        known = variable_values.member_values(community, targets, asked, staff)
    return {target: _text(pieces, known.get(target, {})) for target in targets}


def _text(
    pieces: tuple[templates.Piece, ...], known: dict[str, str]
) -> tuple[str | None, str]:
    try:
        return templates.render(pieces, known), ""
    except templates.MissingValue as error:
        return None, str(error)


def recipient_names(
    campaign: Campaign, targets: Sequence[int], by: Staff
) -> dict[int, str]:
    """Target → what to call it in a list: a name, or the key of who has none, as far as
    `by` may read it."""
    if campaign.target == Target.GROUPS:
        groups = Group.objects.filter(community=campaign.community, pk__in=targets)
        return dict.fromkeys(targets, "") | dict(groups.values_list("pk", "name"))
    names = variable_values.member_values(campaign.community, targets, {"name"}, None)
    keys = account_queries.keys_by_id(campaign.community, targets)
    return {
        target: names[target].get("name") or masking.key(keys.get(target, ""), by)
        for target in targets
    }
