"""Results of the links in a campaign: how many members opened and shared each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from qunce.core.staff.models import Staff
from qunce.outreach.campaigns import campaign_materials, campaigns, variants
from qunce.outreach.campaigns.campaigns import Campaign
from qunce.outreach.content import compose
from qunce.outreach.links import tracked_links
from qunce.outreach.links.clicks import LinkShared
from qunce.outreach.links.tracked_links import TrackedLink
from qunce.outreach.sending.send_facts import SendClicked
from qunce.sets import audiences

LINK_LENGTH = 200
"""Characters of the address that are in the facts."""


@dataclass(frozen=True)
class LinkResult:
    """`clicked` and `shared` are numbers of people that the asker sees.

    `previews` counts requests of programs for this address, in all messages.
    """

    url: str
    clicked: int
    shared: int
    previews: int


def list_results(*, campaign: Campaign, by: Staff, at: datetime) -> list[LinkResult]:
    """The links in the texts of a campaign and in its materials, in their order."""
    campaigns.check_visible(campaign, by)
    texts = variants.list_texts(campaign)
    for version in campaign_materials.list_versions(campaign):
        for part in compose.parts_of(version):
            texts += [part.text, version.url]
    urls = list(
        dict.fromkeys(url for text in texts for url in tracked_links.find_urls(text))
    )
    rows = TrackedLink.objects.filter(community=campaign.community, url__in=urls)
    previews = dict(rows.values_list("url", "previews"))

    def count(kind: str, url: str) -> int:
        where = {"campaign": [campaign.key], "link": [url[:LINK_LENGTH]]}
        rule: dict[str, Any] = {"with_left": {"did": {"kind": kind, "where": where}}}
        return audiences.count(community=campaign.community, rule=rule, by=by, at=at)

    return [
        LinkResult(
            url,
            count(SendClicked.kind, url),
            count(LinkShared.kind, url),
            previews.get(url, 0),
        )
        for url in urls
    ]
