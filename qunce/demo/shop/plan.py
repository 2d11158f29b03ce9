"""The layerings and segments that the demo creates, and the figures that it prints."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from qunce.core import money
from qunce.core.facts import facts
from qunce.core.facts.facts import Fact
from qunce.groups.groups import Group, Membership
from qunce.members.layers import ladders, layers
from qunce.members.layers import layering_specs as layer_specs
from qunce.members.segments import segments
from qunce.members.tags.models import Tagging
from qunce.sales import order_totals
from qunce.sets import audiences

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff

CURRENCY = "USD"
PETS = ["DOG FOODS", "CAT FOOD"]


LAYERINGS: tuple[tuple[str, StrOrPromise, dict[str, Any], str], ...] = (
    ("value", _("Value"), layer_specs.VALUE, "low"),
    ("lifecycle", _("Lifecycle"), layer_specs.LIFECYCLE, "new"),
)
"""Key, name, spec, and the layer of members who join between runs."""
DAYS_BACK = (28, 21, 14, 7, 1)
"""When a new layering is computed before today."""


FIGURES: dict[str, StrOrPromise] = {
    "members": _("households are members"),
    "demographics": _("of them have a known age, income and family"),
    "groups": _("stores are groups"),
    "memberships": _("households belong to a store"),
    "orders": _("baskets are orders"),
    "sales": _("dollars of sales"),
    "sends": _("campaign mailings were sent"),
    "recipients": _("households received a mailing"),
    "redemptions": _("coupons were redeemed"),
    "redeemers": _("households redeemed a coupon"),
    "tags": _("purchase tags and base tags on members"),
}


@dataclass(frozen=True)
class PlannedSegment:
    key: str
    name: StrOrPromise
    description: StrOrPromise
    rule: dict[str, Any]


def layer(of: str, *keys: str) -> dict[str, Any]:
    return {"layer": {"of": of, "in": list(keys)}}


def did(kind: str, **more: Any) -> dict[str, Any]:
    return {"did": {"kind": kind, **more}}


SEGMENTS = (
    PlannedSegment(
        "high-value-silent",
        _("High value and silent for 30 days"),
        _(
            "They bring in most of the revenue and have stopped buying: contact "
            "them first."
        ),
        {
            "all": [
                layer("value", "high"),
                {"not": did("order.paid", within="30d")},
            ]
        },
    ),
    PlannedSegment(
        "campaigns-never-redeemed",
        _("Reached by two or more campaigns, never redeemed"),
        _(
            "Mailings alone do not persuade them: try another offer, or write "
            "less often."
        ),
        {
            "all": [
                did("send.delivered", times={"gte": 2}),
                {"not": did("coupon.redeemed")},
            ]
        },
    ),
    PlannedSegment(
        "quick-redeemers",
        _("Redeemed within two weeks of a mailing"),
        _("They read what we send: announce new products to them first."),
        {
            "seq": {
                "steps": [{"kind": "send.delivered"}, {"kind": "coupon.redeemed"}],
                "within": "14d",
            }
        },
    ),
    PlannedSegment(
        "regulars-small-baskets",
        _("Visit nearly every week, spend little"),
        _(
            "Bought in ten of the last twelve weeks, but not high value: "
            "encourage larger baskets."
        ),
        {
            "all": [
                did("order.paid", weeks={"gte": 10}, within="84d"),
                {"not": layer("value", "high")},
            ]
        },
    ),
    PlannedSegment(
        "pet-food-due",
        _("Pet food is due again"),
        _(
            "Bought five times or more, but not in the last 45 days: they buy "
            "it elsewhere now."
        ),
        {
            "all": [
                {
                    "any": [
                        {"tag": {"any": [f"bought:{name}"], "depth": {"gte": 5}}}
                        for name in PETS
                    ]
                },
                {"not": did("order.paid", within="45d", where={"categories": PETS})},
            ]
        },
    ),
    PlannedSegment(
        "families-not-written-to",
        _("Families with children, no message for 60 days"),
        _(
            "Members with children and of high or medium value who received no "
            "recent campaign."
        ),
        {
            "all": [
                {"attr": {"name": "kids_count", "in": ["1", "2", "3+"]}},
                layer("value", "high", "mid"),
                {"not": did("send.delivered", within="60d")},
            ]
        },
    ),
)


def run_layerings(
    *, community: Community, by: Staff, at: datetime
) -> dict[str, layers.LayerRun]:
    """Return each layering's run of today, and create what is missing.

    A new layering is run as of the last weeks first, so that it has changes to show.
    """
    known = {layering.key: layering for layering in layers.list_active(community)}
    runs = {}
    for key, name, spec, default in LAYERINGS:
        layering = known.get(key) or layers.create(
            community=community,
            key=key,
            name=str(name),
            spec=_named(key, spec),
            default=default,
            by=by,
            at=at,
        )
        run = layers.latest_run(layering)
        if run is None:
            for back in DAYS_BACK:
                layers.recompute(layering=layering, by=by, at=at - timedelta(days=back))
        if run is None or run.day != community.day(at):
            run = layers.recompute(layering=layering, by=by, at=at)
        runs[key] = run
    return runs


def _named(key: str, spec: dict[str, Any]) -> dict[str, Any]:
    """The spec with the names that the ready-made layering gives its layers."""
    names = ladders.get(key).names
    named = [{**layer, "name": str(names[layer["key"]])} for layer in spec["layers"]]
    return {**spec, "layers": named}


def create_segments(*, community: Community, by: Staff, at: datetime) -> dict[str, int]:
    """Return key → size of the planned segments; the sizes are recorded as today's."""
    known = {each.key for each in segments.list_active(community)}
    for planned in SEGMENTS:
        if planned.key not in known:
            segments.create(
                community=community,
                key=planned.key,
                name=str(planned.name),
                description=str(planned.description),
                rule=planned.rule,
                by=by,
                at=at,
            )
    sizes = segments.record_sizes(community=community, at=at)
    return {planned.key: sizes[planned.key] for planned in SEGMENTS}


def count_figures(*, community: Community, by: Staff, at: datetime) -> dict[str, Any]:
    """Return what there is: people are counted by rules, rows in their tables."""

    def count_people(rule: dict[str, Any]) -> int:
        return audiences.count(community=community, rule=rule, by=by, at=at)

    def count_facts(kind: str) -> int:
        kind_id = facts.find_kind(kind) or 0
        return Fact.objects.filter(community_id=community.pk, kind_id=kind_id).count()

    groups = Group.objects.filter(community=community)
    taggings = Tagging.objects.filter(tag__community=community, present=True)
    paid = [
        each
        for each in order_totals.list_by_currency(community, at=at)
        if each.currency == CURRENCY
    ]
    return {
        "members": count_people({"all": []}),
        "demographics": count_people({"attr": {"name": "age", "known": True}}),
        "groups": groups.count(),
        "memberships": Membership.objects.filter(
            group__in=groups, present=True
        ).count(),
        "orders": sum(each.orders for each in paid),
        "sales": Decimal(
            money.format_amount(sum(each.paid for each in paid), CURRENCY)
        ),
        "sends": count_facts("send.delivered"),
        "recipients": count_people(did("send.delivered")),
        "redemptions": count_facts("coupon.redeemed"),
        "redeemers": count_people(did("coupon.redeemed")),
        "tags": taggings.count(),
    }
