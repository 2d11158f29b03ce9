"""The review before a start: recipients with their real texts, exclusions, and senders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from qunce.core.staff.models import Staff
from qunce.groups.groups import Group
from qunce.members.accounts import masking
from qunce.members.accounts import queries as account_queries
from qunce.outreach.campaigns import audience_plan, campaigns
from qunce.outreach.campaigns.campaigns import Campaign, Target
from qunce.outreach.content import templates, variable_values

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


@dataclass(frozen=True)
class StaffShare:
    """How many recipients a staff member, or the channel (None), sends to."""

    staff: Staff | None
    size: int


@dataclass(frozen=True)
class Review:
    """The numbers of a plan, its shares and some of its recipients."""

    matched: int
    size: int
    excluded: dict[str, int]
    over_contact_limit: int
    shares: list[StaffShare]
    samples: list[Sample]


def build(*, campaign: Campaign, by: Staff, at: datetime) -> Review:
    """The review as of now. `launch.start` refuses if `size` has changed since."""
    campaigns.check_may_manage(campaign, by)
    campaigns.check_complete(campaign)
    plan = audience_plan.build(campaign=campaign, by=by, at=at)
    staff = {member.pk: member for member in campaigns.list_staff(campaign)}
    # The same samples as long as the audience is the same, from all parts of it.
    targets = [plan.targets[index] for index in evenly_spaced(plan.size, SAMPLE_SIZE)]
    names = recipient_names(campaign, targets, by)
    samples = []
    for target in targets:
        sender = staff.get(plan.sender_of(target))
        text, missing = render_texts(campaign, [target], sender)[target]
        sender_name = sender.name if sender else ""
        samples.append(Sample(target, names[target], sender_name, text, missing))
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
    )


def evenly_spaced(size: int, limit: int) -> list[int]:
    """Up to `limit` indexes, evenly spaced over a sequence of `size` items."""
    count = min(size, limit)
    return [number * size // count for number in range(count)]


# Texts and names of recipients


def render_texts(
    campaign: Campaign, targets: Sequence[int], staff: Staff | None
) -> dict[int, tuple[str | None, str]]:
    """Target → its text and "", or None and a sentence about the missing value."""
    pieces = templates.parse(campaign.text)
    community = campaign.community
    if campaign.target == Target.GROUPS:
        values = variable_values.group_values(community, targets, staff)
    else:
        names = templates.variable_names(pieces)
        values = variable_values.member_values(community, targets, names, staff)
    texts: dict[int, tuple[str | None, str]] = {}
    for target in targets:
        try:
            texts[target] = templates.render(pieces, values.get(target, {})), ""
        except templates.MissingValue as error:
            texts[target] = None, str(error)
    return texts


def recipient_names(
    campaign: Campaign, targets: Sequence[int], by: Staff
) -> dict[int, str]:
    """Target → its name, or the key, masked for `by`, of a member without a name."""
    if campaign.target == Target.GROUPS:
        groups = Group.objects.filter(community=campaign.community, pk__in=targets)
        return dict.fromkeys(targets, "") | dict(groups.values_list("pk", "name"))
    names = variable_values.member_values(campaign.community, targets, {"name"}, None)
    keys = account_queries.keys_by_id(campaign.community, targets)
    return {
        target: names[target].get("name") or masking.key(keys.get(target, ""), by)
        for target in targets
    }
