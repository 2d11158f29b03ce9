"""What a campaign sends to each of its recipients, and their names."""

from __future__ import annotations

from collections.abc import Sequence

from qunce.core.staff.models import Staff
from qunce.groups.groups import Group
from qunce.members.accounts import masking
from qunce.members.accounts import queries as account_queries
from qunce.outreach.campaigns import variants
from qunce.outreach.campaigns.models import Campaign, Target
from qunce.outreach.campaigns.variants import Parts
from qunce.outreach.content import templates, variable_values
from qunce.outreach.links import tracked_links
from qunce.outreach.links.tracked_links import AddressedText
from qunce.outreach.sending import texts
from qunce.outreach.sending.ledger import Origin
from qunce.outreach.sending.texts import Rendered


def render_texts(
    campaign: Campaign,
    targets: Sequence[int],
    staff: Staff | None,
    parts: Parts | None = None,
) -> Rendered:
    """Target → its text and "", or None and a sentence about the missing value.

    `parts` are the people of its variants, if it is not started yet.
    """
    if campaign.variants and parts is None:
        parts = variants.load(campaign)
    written = dict.fromkeys(targets, campaign.text)
    if parts:
        written = variants.texts_by_target(campaign, targets, parts)
    return texts.render_each(
        written,
        community=campaign.community,
        is_group=campaign.target == Target.GROUPS,
        staff=staff,
    )


def message_texts(
    campaign: Campaign, targets: Sequence[int], staff: Staff | None
) -> Rendered:
    """Like `render_texts`, with tracked links: what is sent, and what staff copy."""
    rendered = render_texts(campaign, targets, staff)
    complete = [target for target in targets if rendered[target][0] is not None]
    shortened = tracked_links.shorten(
        [
            AddressedText(rendered[target][0] or "", campaign.pk, target)
            for target in complete
        ],
        community=campaign.community,
        origin=Origin.CAMPAIGN,
        is_group=campaign.target == Target.GROUPS,
        written=variants.list_texts(campaign),
    )
    for target, text in zip(complete, shortened, strict=True):
        rendered[target] = text, ""
    return rendered


def is_same_for_all(campaign: Campaign) -> bool:
    """Whether all recipients get the same characters."""
    return (
        not campaign.variants
        and not tracked_links.differs_by_target(campaign.text)
        and not templates.variable_names(templates.parse(campaign.text))
    )


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
