"""What the demo sets up of its own accord: layerings and segments worth looking at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

PETS = ["DOG FOODS", "CAT FOOD"]


@dataclass(frozen=True)
class Planned:
    key: str
    name: StrOrPromise
    description: StrOrPromise
    rule: dict[str, Any]


def layer(of: str, *keys: str) -> dict[str, Any]:
    return {"layer": {"of": of, "in": list(keys)}}


def did(kind: str, **more: Any) -> dict[str, Any]:
    return {"did": {"kind": kind, **more}}


SEGMENTS = (
    Planned(
        "high-value-silent",
        _("High value and silent for 30 days"),
        _("They bring most of the money and have stopped coming: call them first."),
        {
            "all": [
                layer("value", "high"),
                {"not": did("order.paid", within="30d")},
            ]
        },
    ),
    Planned(
        "campaigns-never-redeemed",
        _("In two campaigns or more, never redeemed"),
        _("Letters alone do not move them: try another offer, or write less."),
        {
            "all": [
                did("send.delivered", times={"gte": 2}),
                {"not": did("coupon.redeemed")},
            ]
        },
    ),
    Planned(
        "quick-redeemers",
        _("Redeemed within two weeks of a letter"),
        _("They read what we send: they hear of new things first."),
        {
            "seq": {
                "steps": [{"kind": "send.delivered"}, {"kind": "coupon.redeemed"}],
                "within": "14d",
            }
        },
    ),
    Planned(
        "regulars-small-baskets",
        _("Come nearly every week, spend little"),
        _("In ten of the last twelve weeks and not of high value: widen the basket."),
        {
            "all": [
                did("order.paid", weeks={"gte": 10}, within="84d"),
                {"not": layer("value", "high")},
            ]
        },
    ),
    Planned(
        "pet-food-due",
        _("Pet food is due again"),
        _("Bought it five times or more, and not for 45 days: they buy it elsewhere."),
        {
            "all": [
                {
                    "any": [
                        {"tag": {"any": [f"bought:{name}"], "depth": {"gte": 5}}}
                        for name in PETS
                    ]
                },
                {
                    "not": did(
                        "order.paid", within="45d", where={"categories": PETS}
                    )
                },
            ]
        },
    ),
    Planned(
        "families-not-written-to",
        _("Families with children, not written to for 60 days"),
        _("Known to have children, of high or middle value, and forgotten by campaigns."),
        {
            "all": [
                {"attr": {"name": "kids_count", "in": ["1", "2", "3+"]}},
                layer("value", "high", "mid"),
                {"not": did("send.delivered", within="60d")},
            ]
        },
    ),
)
