"""Prospects, customers, regulars and KOC: the way of a member."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from qunce.members.layers.ladders import base
from qunce.members.layers.ladders.base import Ladder, Number, at_least, did

JOURNEY = base.register(
    Ladder(
        key="journey",
        order=80,
        name=gettext_lazy("Journey: from prospect to KOC"),
        description=gettext_lazy(
            "Prospects bought nothing yet, customers bought, regulars bought several "
            "times, KOC share with others."
        ),
        names={
            "koc": gettext_lazy("KOC"),
            "regulars": gettext_lazy("Regulars"),
            "customers": gettext_lazy("Customers"),
            "prospects": gettext_lazy("Prospects"),
        },
        default="prospects",
        numbers={
            "orders": Number(gettext_lazy("Regulars: orders, at least"), "times", 3),
            "shares": Number(
                gettext_lazy("Invitations or shares, at least"), "times", 2
            ),
        },
        spec={
            "by": "rules",
            "layers": base.layers(
                {
                    "koc": base.any_of(
                        at_least("content.shared", "$shares"),
                        at_least("friend.invited", "$shares"),
                    ),
                    "regulars": at_least("order.paid", "$orders"),
                    "customers": did("order.paid"),
                },
                rest="prospects",
            ),
        },
    )
)
