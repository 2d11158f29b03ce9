"""High, medium and low by what members did: who bought or nearly did, who took gifts."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from qunce.members.layers.ladders import base
from qunce.members.layers.ladders.base import Ladder, Number, at_least, did

INTENT = base.register(
    Ladder(
        key="intent",
        order=10,
        name=gettext_lazy("Intent: high, medium, low"),
        description=gettext_lazy(
            "High: bought, asked the price, or clicked several times; about a fifth is "
            "usual. Medium: took a benefit and bought nothing. Low: everyone else."
        ),
        names={
            "high": gettext_lazy("High"),
            "mid": gettext_lazy("Medium"),
            "low": gettext_lazy("Low"),
        },
        default="low",
        numbers={
            "clicks": Number(gettext_lazy("Clicks, at least"), "times", 3),
            "days": Number(gettext_lazy("In the last days"), "days", 90),
        },
        spec={
            "by": "rules",
            "layers": base.layers(
                {
                    "high": base.any_of(
                        did("order.paid", within="$days"),
                        did("price.asked", within="$days"),
                        at_least("product.clicked", "$clicks", within="$days"),
                        at_least("send.clicked", "$clicks", within="$days"),
                    ),
                    "mid": base.any_of(
                        did("benefit.taken", within="$days"),
                        did("coupon.redeemed", within="$days"),
                    ),
                },
                rest="low",
            ),
        },
    )
)
