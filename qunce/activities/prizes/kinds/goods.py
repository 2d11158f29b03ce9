"""The prize of goods that are sent to an address."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from qunce.activities.prizes.kinds import base

GOODS = base.register(
    base.PrizeKind(
        key="goods",
        label=gettext_lazy("goods by parcel"),
        description=gettext_lazy("Goods that you send to the winner's address."),
        hand_over=base.HandOver.STAFF,
        needs_address=True,
        staff_step=gettext_lazy("Send"),
    )
)
