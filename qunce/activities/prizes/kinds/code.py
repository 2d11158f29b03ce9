"""The prize of a code from a list, which only the winner sees."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from qunce.activities.prizes.kinds import base

CODE = base.register(
    base.PrizeKind(
        key="code",
        label=gettext_lazy("code"),
        description=gettext_lazy(
            "Codes from a list that you upload. Only the winner sees theirs."
        ),
        hand_over=base.HandOver.CODE,
    )
)
