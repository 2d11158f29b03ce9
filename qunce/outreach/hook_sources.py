"""Campaigns and materials as what counts whom a hook of the positioning sheet brought."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy

from qunce.core.facts import facts
from qunce.insight.positioning import hook_sources
from qunce.insight.positioning.hook_sources import Choice, HookSource
from qunce.outreach.campaigns.models import Campaign
from qunce.outreach.content.materials.models import Material, MaterialVersion
from qunce.outreach.links.link_results import LINK_LENGTH
from qunce.outreach.sending.send_facts import (
    SendClicked,
    SendDelivered,
    SendMarkedSent,
)

if TYPE_CHECKING:
    from qunce.core.communities import Community

REACHED = (SendDelivered.kind, SendMarkedSent.kind, SendClicked.kind)
MAX_CHOICES = 500
"""The newest campaigns and materials."""
MAX_DIGITS = 15


def _list_campaigns(community: Community) -> Sequence[Choice]:
    rows = Campaign.objects.filter(community=community).order_by("-pk")
    return list(rows.values_list("key", "name")[:MAX_CHOICES])


def _list_materials(community: Community) -> Sequence[Choice]:
    rows = Material.objects.filter(community=community).order_by("-pk")
    named = rows.values_list("pk", "current__title")[:MAX_CHOICES]
    return [(str(pk), title or str(pk)) for pk, title in named]


def _find_campaign(community: Community, key: str) -> str | None:
    rows = Campaign.objects.filter(community=community, key=key)
    return rows.values_list("name", flat=True).first()  # unique


def _find_material(community: Community, key: str) -> str | None:
    if not key.isdecimal() or len(key) > MAX_DIGITS:
        return None
    rows = Material.objects.filter(community=community, pk=int(key))
    for title in rows.values_list("current__title", flat=True):
        return title or key
    return None


def _reached_by(campaigns: Sequence[str]) -> list[dict[str, Any]]:
    """A rule for each kind of fact of these campaigns that there is."""
    return [
        _did(kind, campaign=list(campaigns)) for kind in _known(REACHED) if campaigns
    ]


def _did(kind: str, **where: list[str]) -> dict[str, Any]:
    return {"did": {"kind": kind, "where": where}}


def _known(kinds: Iterable[str]) -> list[str]:
    """Kinds without any fact are unknown to rules."""
    return [kind for kind in kinds if facts.find_kind(kind) is not None]


def _campaign_rule(community: Community, key: str) -> dict[str, Any]:
    return {"any": _reached_by([key])}


def _material_rule(community: Community, key: str) -> dict[str, Any]:
    versions = MaterialVersion.objects.filter(
        material__community=community, material_id=int(key)
    )
    ids, links = set[int](), set[str]()
    for pk, url in versions.values_list("pk", "url"):
        ids.add(pk)
        links |= {url[:LINK_LENGTH]} if url else set()
    sent = Campaign.objects.filter(community=community).order_by("pk")
    keys = [
        campaign
        for campaign, materials in sent.values_list("key", "materials")
        if ids & set(materials)
    ]
    clicked = [
        _did(kind, link=sorted(links)) for kind in _known([SendClicked.kind]) if links
    ]
    return {"any": [*_reached_by(keys), *clicked]}


hook_sources.register(
    HookSource(
        kind="campaign",
        label=gettext_lazy("campaign"),
        definition=gettext_lazy(
            "Members who got a message of the campaign, or opened a link in it."
        ),
        choices=_list_campaigns,
        name=_find_campaign,
        is_public=False,
        rule=_campaign_rule,
    )
)
hook_sources.register(
    HookSource(
        kind="material",
        label=gettext_lazy("material"),
        definition=gettext_lazy(
            "Members who got a campaign with the material, or opened its link in any"
            " message."
        ),
        choices=_list_materials,
        name=_find_material,
        rule=_material_rule,
    )
)
