"""Fans, loyal users, KOC and super users."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from qunce.members.layers.ladders import base
from qunce.members.layers.ladders.base import Ladder, Number, at_least

SHARED = base.any_of(
    at_least("content.shared", "$shares", within="$days"),
    at_least("friend.invited", "$shares", within="$days"),
)

INFLUENCE = base.register(
    Ladder(
        key="influence",
        order=60,
        name=gettext_lazy("Influence: fans, loyal users, KOC, super users"),
        description=gettext_lazy(
            "Super users buy a lot and bring others, KOC bring others, loyal users buy "
            "again, fans are everyone else."
        ),
        names={
            "super": gettext_lazy("Super users"),
            "koc": gettext_lazy("KOC"),
            "loyal": gettext_lazy("Loyal users"),
            "fans": gettext_lazy("Fans"),
        },
        default="fans",
        numbers={
            "many": Number(gettext_lazy("Super users: orders, at least"), "times", 6),
            "orders": Number(gettext_lazy("Loyal users: orders, at least"), "times", 3),
            "shares": Number(
                gettext_lazy("Invitations or shares, at least"), "times", 2
            ),
            "days": Number(gettext_lazy("In the last days"), "days", 180),
        },
        spec={
            "by": "rules",
            "layers": base.layers(
                {
                    "super": base.all_of(
                        at_least("order.paid", "$many", within="$days"), SHARED
                    ),
                    "koc": SHARED,
                    "loyal": at_least("order.paid", "$orders", within="$days"),
                },
                rest="fans",
            ),
        },
    )
)
