"""Objects of Insight."""

from __future__ import annotations

from qunce.groups.groups import Group
from qunce.insight.funnels import funnels
from tests.two_communities.data import TwoCommunities


def add_funnel(data: TwoCommunities) -> None:
    """A funnel that begins in the hidden group."""
    group = Group.objects.get(pk=data.ids["group"])
    joined = {"kind": "group.joined", "where": {"group": [group.key]}}
    row = funnels.create(
        community=data.community,
        name="Homely Funnel",
        definition={"steps": [joined, {"kind": "member.joined"}], "order": "loose"},
        by=data.owner,
        at=data.at,
    )
    data.ids["funnel"] = row.pk
