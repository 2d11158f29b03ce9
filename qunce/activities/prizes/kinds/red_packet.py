"""The prize of a cash red packet, which a person of the staff sends."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from qunce.activities.prizes.kinds import base

RED_PACKET = base.register(
    base.PrizeKind(
        key="red_packet",
        label=gettext_lazy("cash red packet"),
        description=gettext_lazy(
            "Money that your staff send by hand, in a red packet."
        ),
        hand_over=base.HandOver.STAFF,
        needs_cost=True,
        staff_step=gettext_lazy("Send the red packet"),
    )
)
