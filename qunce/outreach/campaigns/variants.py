"""Variants of a campaign: texts for some of its recipients, by segment or by chance.

A variant with a rule is for the people who match it; the first that matches counts. One
without a rule is for a share of everyone else, drawn by a stable hash. The text of the
campaign itself is for all others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from qunce.core import errors, revisions
from qunce.core.staff.models import Staff
from qunce.outreach.campaigns.models import Campaign, CampaignPart, Target
from qunce.outreach.content import templates, variable_values
from qunce.outreach.hold_outs import assignment
from qunce.sets import audiences
from qunce.sets.bitmaps import bitmaps

if TYPE_CHECKING:
    from pyroaring import BitMap

MAX_VARIANTS = 10
FIELDS = ("name", "rule", "share", "text")
EVERYONE_ELSE = ""
"""The variant of the text of the campaign itself."""
Parts = Mapping[str, "BitMap"]
"""Variant → its people; people in none get the text of the campaign."""
REVISION = "campaign_parts"
"""Of a campaign; raised at its start, which divides its people."""


class InvalidVariant(errors.Invalid):
    """A variant has no name, no text, or a share that does not fit."""


@dataclass(frozen=True)
class Variant:
    """`share` is in percent of everyone else, for a variant without a rule."""

    name: str
    text: str
    rule: Any = None
    share: int = 0


def of(campaign: Campaign) -> list[Variant]:
    return [Variant(**each) for each in campaign.variants]


def normalised(given: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What is stored, from what a form or a program gives."""
    found = []
    for each in given:
        text = templates.unify_line_ends(str(each.get("text", ""))).strip()
        found.append(
            {
                "name": " ".join(str(each.get("name", "")).split()),
                "rule": each.get("rule"),
                "share": int(each.get("share") or 0),
                "text": text,
            }
        )
    return found


def list_texts(campaign: Campaign) -> list[str]:
    """The texts as they were written, that of the campaign first."""
    return [campaign.text, *(each.text for each in of(campaign))]


def list_rules(campaign: Campaign) -> list[Any]:
    return [each["rule"] for each in campaign.variants if each["rule"] is not None]


def check(campaign: Campaign) -> None:
    """Raise InvalidVariant or InvalidText unless all variants can be sent."""
    known = variable_values.list_variables(campaign.community, campaign.target)
    check_all(of(campaign), known, to_groups=campaign.target == Target.GROUPS)


def check_all(
    found: Sequence[Variant], known: Iterable[str], *, to_groups: bool
) -> None:
    """Like `check`; `known` are the variables that their texts may have."""
    if len(found) > MAX_VARIANTS:
        raise InvalidVariant(
            _("There can be at most %(n)s variants.") % {"n": MAX_VARIANTS}
        )
    names = [each.name for each in found]
    if len(set(names)) < len(names) or not all(0 < len(name) <= 20 for name in names):
        raise InvalidVariant(
            _("Each variant needs a name of its own with 1 to 20 characters.")
        )
    for variant in found:
        templates.check(variant.text, known)
        if variant.rule is not None and to_groups:
            raise InvalidVariant(_("Groups can be divided by shares only."))
        if variant.rule is None and not 1 <= variant.share <= 99:
            raise InvalidVariant(
                _(
                    "Choose who gets the variant “%(name)s”: a segment, or 1 to 99 percent."
                )
                % {"name": variant.name}
            )
    if sum(each.share for each in found if each.rule is None) > 99:
        raise InvalidVariant(_("The shares of the variants leave nobody for the text."))


def divide(campaign: Campaign, targets: BitMap, by: Staff, at: datetime) -> Parts:
    """The people of each variant, with those who get the text of the campaign."""
    left, parts = targets, {}
    by_chance = [each for each in of(campaign) if each.rule is None]
    for variant in of(campaign):
        if variant.rule is not None:
            people = audiences.people(
                community=campaign.community, rule=variant.rule, by=by, at=at
            )
            parts[variant.name] = left & people
            left = left - people
    if by_chance:
        shares = [each.share for each in by_chance]
        salt = f"variants {campaign.key}"
        *drawn, left = assignment.split(
            left, salt=salt, shares=[*shares, 100 - sum(shares)]
        )
        parts |= {each.name: part for each, part in zip(by_chance, drawn, strict=True)}
    return {**parts, EVERYONE_ELSE: left}


def save(campaign: Campaign, parts: Parts, held_out: BitMap) -> None:
    """Keep who belongs to what, so that a repeated attempt sends the same text."""
    rows = [(name, False, people) for name, people in parts.items()]
    rows.append(("", True, held_out))
    CampaignPart.objects.bulk_create(
        CampaignPart(
            campaign=campaign,
            variant=name,
            is_hold_out=is_hold_out,
            people=bitmaps.to_bytes(people),
            size=len(people),
        )
        for name, is_hold_out, people in rows
        if people
    )
    revisions.bump(campaign.community_id, REVISION, [campaign.pk])


def load(campaign: Campaign) -> Parts:
    rows = CampaignPart.objects.filter(campaign=campaign, is_hold_out=False)
    return {row.variant: bitmaps.from_bytes(row.people) for row in rows.order_by("pk")}


def load_held_out(campaign_id: int) -> BitMap:
    """The people who were held out when the campaign started, nobody before."""
    rows = CampaignPart.objects.filter(campaign_id=campaign_id, is_hold_out=True)
    row = rows.order_by("pk").first()
    return bitmaps.of([]) if row is None else bitmaps.from_bytes(row.people)


def variant_of(parts: Parts, target: int) -> str:
    found = (name for name, people in parts.items() if name and target in people)
    return next(found, EVERYONE_ELSE)


def texts_by_target(
    campaign: Campaign, targets: Sequence[int], parts: Parts
) -> dict[int, str]:
    """Target → the text that it gets, with variables."""
    texts = {each.name: each.text for each in of(campaign)}
    return {
        target: texts.get(variant_of(parts, target), campaign.text)
        for target in targets
    }


def text_for(campaign: Campaign, person: int, *, by: Staff, at: datetime) -> str:
    """The text that a person gets, or would get if they were a recipient."""
    if not campaign.variants:
        return campaign.text
    parts = load(campaign)
    if not any(person in people for people in parts.values()):
        parts = divide(campaign, bitmaps.of([person]), by, at)
    return texts_by_target(campaign, [person], parts)[person]
