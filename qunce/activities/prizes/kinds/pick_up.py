"""The prize that the winner picks up."""

from __future__ import annotations

from django.utils.translation import gettext_lazy, pgettext_lazy

from qunce.activities.prizes.kinds import base

PICK_UP = base.register(
    base.PrizeKind(
        key="pick_up",
        label=gettext_lazy("pick-up"),
        description=gettext_lazy("Something that the winner picks up where you say."),
        hand_over=base.HandOver.STAFF,
        needs_instructions=True,
        staff_step=pgettext_lazy("prize", "Hand over"),
    )
)
