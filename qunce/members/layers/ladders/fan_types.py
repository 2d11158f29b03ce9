"""What fans give: money, reach, ideas or criticism."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from qunce.members.layers.ladders import base
from qunce.members.layers.ladders.base import Ladder, Number, at_least, did

FAN_TYPES = base.register(
    Ladder(
        key="fan-types",
        order=70,
        name=gettext_lazy("Types of fans"),
        description=gettext_lazy(
            "Critics complain, improvers send suggestions, spreaders share and invite, "
            "investors spend. A member who does several is in the first of these."
        ),
        names={
            "critics": gettext_lazy("Critics"),
            "improvers": gettext_lazy("Improvers"),
            "spreaders": gettext_lazy("Spreaders"),
            "investors": gettext_lazy("Investors"),
            "others": gettext_lazy("Other fans"),
        },
        default="others",
        numbers={
            "shares": Number(
                gettext_lazy("Invitations or shares, at least"), "times", 1
            ),
            "spend": Number(gettext_lazy("Investors paid, at least"), "money", 100_000),
            "days": Number(gettext_lazy("In the last days"), "days", 365),
        },
        spec={
            "by": "rules",
            "layers": base.layers(
                {
                    "critics": did("complaint.made", within="$days"),
                    "improvers": did("feedback.given", within="$days"),
                    "spreaders": base.any_of(
                        at_least("content.shared", "$shares", within="$days"),
                        at_least("friend.invited", "$shares", within="$days"),
                    ),
                    "investors": did(
                        "order.paid",
                        sum={"field": "amount", "gte": "$spend"},
                        within="$days",
                    ),
                },
                rest="others",
            ),
        },
    )
)
