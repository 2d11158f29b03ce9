"""Objects of Insight."""

from __future__ import annotations

from qunce.groups.groups import Group
from qunce.insight.funnels import funnels
from qunce.insight.notebook import notebook
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


def add_notebook_entry(data: TwoCommunities) -> None:
    row = notebook.create(
        community=data.community,
        kind="competitor",
        who="Homely Rival",
        title="Homely Offer",
        by=data.owner,
        at=data.at,
    )
    data.ids["notebook entry"] = row.pk
