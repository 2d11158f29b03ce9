"""The prize of points, which the member has as soon as it is awarded."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy

from qunce.activities.points import earning
from qunce.activities.prizes.kinds import base

if TYPE_CHECKING:
    from qunce.activities.prizes.models import Award


def deliver(award: Award, at: datetime) -> None:
    """Grant the points of a prize, once per award."""
    earning.award(
        account_id=award.account_id,
        amount=award.stock.amount or 0,
        key=f"prize/{award.pk}",
        by=None,
        at=at,
    )


POINTS = base.register(
    base.PrizeKind(
        key="points",
        label=gettext_lazy("points"),
        description=gettext_lazy("Points that the winner has immediately."),
        hand_over=base.HandOver.AUTOMATIC,
        amount_label=gettext_lazy("Points of one prize"),
        max_amount=1_000_000,
        deliver=deliver,
    )
)
