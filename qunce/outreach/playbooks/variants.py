"""Variants of a message of a playbook: who gets which text. Pure functions.

They are those of campaigns: a variant with a rule is for the people who match it, the first
that matches counts; one without is for a share of everyone else, drawn by a stable hash of
the person and the test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.outreach.campaigns import variants as campaign_variants
from qunce.outreach.campaigns.variants import EVERYONE_ELSE, InvalidVariant, Variant
from qunce.outreach.hold_outs import assignment
from qunce.sets.bitmaps import bitmaps


class Redraw(models.TextChoices):
    """What somebody gets who begins the playbook again."""

    KEEP = "keep", gettext_lazy("The same variant as before")
    DRAW = "draw", gettext_lazy("A variant drawn again")


def parse(value: Any) -> tuple[Variant, ...]:
    """The variants of their JSON form. Raises InvalidVariant."""
    if not isinstance(value, list) or not all(
        isinstance(each, Mapping) for each in value
    ):
        raise InvalidVariant(_("Variants are a list."))
    for each in value:
        unknown = sorted(set(each) - set(campaign_variants.FIELDS))
        if unknown:
            raise InvalidVariant(
                _("A variant has no field “%(name)s”.") % {"name": unknown[0]}
            )
        share = each.get("share") or 0
        if isinstance(share, bool) or not isinstance(share, int):
            raise InvalidVariant(_("The share of a variant is a number of percent."))
        if not isinstance(each.get("rule"), Mapping | None):
            raise InvalidVariant(_("The rule of a variant is an object."))
    found = (Variant(**each) for each in campaign_variants.normalised(value))
    return tuple(found)


def to_json(variants: Sequence[Variant]) -> list[dict[str, Any]]:
    return [
        {
            "name": each.name,
            "text": each.text,
            **({"rule": each.rule} if each.rule is not None else {}),
            **({"share": each.share} if each.share else {}),
        }
        for each in variants
    ]


def salt(test: str, number: int, redraw: str) -> str:
    """What a draw is of: the test, and the run if each run is drawn again."""
    return f"variants {test} {number}" if redraw == Redraw.DRAW else f"variants {test}"


def draw(
    variants: Sequence[Variant],
    people: Iterable[int],
    *,
    salt: str,
    holds: Callable[[Any, int], bool],
) -> dict[int, str]:
    """Person → the name of their variant, "" for the text of the step itself."""
    found: dict[int, str] = {}
    left = sorted(set(people))
    for variant in variants:
        if variant.rule is not None:
            inside = [person for person in left if holds(variant.rule, person)]
            found |= dict.fromkeys(inside, variant.name)
            left = [person for person in left if person not in found]
    by_chance = [each for each in variants if each.rule is None]
    shares = [each.share for each in by_chance]
    parts = assignment.split(
        bitmaps.of(left), salt=salt, shares=[*shares, 100 - sum(shares)]
    )
    for variant, part in zip(by_chance, parts, strict=False):
        found |= dict.fromkeys(part, variant.name)
    return dict.fromkeys(left, EVERYONE_ELSE) | found


def by_chance(variants: Sequence[Variant]) -> list[Variant]:
    return [each for each in variants if each.rule is None]
