"""RFM: how recently, how often and how much members bought, in eight classes."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy

from qunce.members.layers.ladders import base
from qunce.members.layers.ladders.base import Ladder, Number

RECENT = base.did("order.paid", last={"within": "$recent"})
OFTEN = base.at_least("order.paid", "$orders", within="$days")
MUCH = base.did("order.paid", sum={"field": "amount", "gte": "$spend"}, within="$days")
BOUGHT = base.did("order.paid", within="$days")


def _class(letters: str) -> dict[str, Any]:
    """The rule of a class: `r-m` bought recently and much, but not often."""
    conditions = [
        rule if letter in letters else base.none_of(rule)
        for letter, rule in (("r", RECENT), ("f", OFTEN), ("m", MUCH))
    ]
    return base.all_of(BOUGHT, *conditions)


CLASSES = ("rfm", "r-m", "-fm", "--m", "rf-", "r--", "-f-", "---")

RFM = base.register(
    Ladder(
        key="rfm",
        order=30,
        name=gettext_lazy("RFM"),
        description=gettext_lazy(
            "Eight classes by the last order, the number of orders and the amount paid, "
            "and everyone who bought nothing in the time."
        ),
        names={
            "rfm": gettext_lazy("Important: best"),
            "r-m": gettext_lazy("Important: to develop"),
            "-fm": gettext_lazy("Important: to keep"),
            "--m": gettext_lazy("Important: to win back"),
            "rf-": gettext_lazy("General: regular"),
            "r--": gettext_lazy("General: to develop"),
            "-f-": gettext_lazy("General: to keep"),
            "---": gettext_lazy("General: to win back"),
            "none": gettext_lazy("No order in the time"),
        },
        default="none",
        numbers={
            "recent": Number(
                gettext_lazy("Recent: last order within days"), "days", 60
            ),
            "orders": Number(gettext_lazy("Often: orders, at least"), "times", 3),
            "spend": Number(gettext_lazy("Much: paid, at least"), "money", 50_000),
            "days": Number(gettext_lazy("Counted over days"), "days", 365),
        },
        spec={
            "by": "rules",
            "layers": base.layers(
                {letters: _class(letters) for letters in CLASSES}, rest="none"
            ),
        },
    )
)
