"""Passers-by, well-wishers, true fans and advocates: how close members are."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from qunce.members.layers.ladders import base
from qunce.members.layers.ladders.base import Ladder, Number, at_least, did

AFFECTION = base.register(
    Ladder(
        key="affection",
        order=50,
        name=gettext_lazy("Affection: from passers-by to advocates"),
        description=gettext_lazy(
            "Advocates bring others or share, true fans buy again and again, well-wishers "
            "bought once or write messages, passers-by do none of this."
        ),
        names={
            "advocates": gettext_lazy("Advocates"),
            "true": gettext_lazy("True fans"),
            "well-wishers": gettext_lazy("Well-wishers"),
            "passers-by": gettext_lazy("Passers-by"),
        },
        default="passers-by",
        numbers={
            "shares": Number(
                gettext_lazy("Invitations or shares, at least"), "times", 1
            ),
            "orders": Number(gettext_lazy("Orders, at least"), "times", 3),
            "messages": Number(gettext_lazy("Messages, at least"), "times", 3),
            "days": Number(gettext_lazy("In the last days"), "days", 180),
        },
        spec={
            "by": "rules",
            "layers": base.layers(
                {
                    "advocates": base.any_of(
                        at_least("friend.invited", "$shares", within="$days"),
                        at_least("content.shared", "$shares", within="$days"),
                    ),
                    "true": at_least("order.paid", "$orders", within="$days"),
                    "well-wishers": base.any_of(
                        did("order.paid", within="$days"),
                        did("send.clicked", within="$days"),
                        at_least("message.posted", "$messages", within="$days"),
                    ),
                },
                rest="passers-by",
            ),
        },
    )
)
