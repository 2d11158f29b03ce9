"""A digest of what a campaign sends and to whom, by which an approval holds."""

from __future__ import annotations

from typing import Any

from qunce.outreach import review_digests
from qunce.outreach.campaigns.models import Campaign

CONTENT = ("text", "materials", "variants")
# Priority decides who gets the last place in a contact limit, and the staff who post by
# hand decide which members nobody sees.
AUDIENCE = (
    "target",
    "rule",
    "exclude",
    "groups",
    "channel",
    "purpose",
    "skip_recently_contacted",
    "hold_out_per_mille",
    "member_clock",
    "keeps_place",
    "priority",
    "staff",
)


def digest(campaign: Campaign) -> str:
    """The same as long as content and audience are."""
    described: dict[str, Any] = {
        name: getattr(campaign, name) for name in (*CONTENT, *AUDIENCE)
    }
    rules = [campaign.rule, campaign.exclude, campaign.variants]
    return review_digests.compute(campaign.community, described, rules)
