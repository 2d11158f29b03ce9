"""The prize of make-up cards, which the member has as soon as it is awarded."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy

from qunce.activities.check_ins import make_up_cards
from qunce.activities.check_ins.models import MakeUpCard
from qunce.activities.prizes.kinds import base

if TYPE_CHECKING:
    from qunce.activities.prizes.models import Award


def deliver(award: Award, at: datetime) -> None:
    """Give the cards of a prize, once per award."""
    make_up_cards.grant(
        community=award.community,
        account_id=award.account_id,
        source=MakeUpCard.Source.PRIZE,
        key=f"prize/{award.pk}",
        count=award.stock.amount or 1,
        at=at,
    )


MAKE_UP_CARD = base.register(
    base.PrizeKind(
        key="make_up_card",
        label=gettext_lazy("make-up card"),
        description=gettext_lazy("Cards with which the winner fills missed check-ins."),
        hand_over=base.HandOver.AUTOMATIC,
        amount_label=gettext_lazy("Cards of one prize"),
        max_amount=make_up_cards.MAX_CARDS,
        deliver=deliver,
    )
)
