"""The prize of a service by staff."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from qunce.activities.prizes.kinds import base

SERVICE = base.register(
    base.PrizeKind(
        key="service",
        label=gettext_lazy("service"),
        description=gettext_lazy("Something that your staff do for the winner."),
        hand_over=base.HandOver.STAFF,
        staff_step=gettext_lazy("Do it"),
    )
)
