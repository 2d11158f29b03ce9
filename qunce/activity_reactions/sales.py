"""What follows from facts about flash sales and auctions: messages, and what is next. One page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils import translation
from django.utils.translation import gettext as _

from qunce.activities.auctions import auction_facts, wins
from qunce.activities.auctions.models import Bid, BidState
from qunce.activities.flash_sales import flash_sale_facts, reservations
from qunce.activities.flash_sales.models import Reservation, State
from qunce.activities.kinds import flash_sale
from qunce.activities.prizes import prize_facts
from qunce.outreach import prize_messages
from qunce.sales import order_facts

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.facts.fact_consumers import Reaction
    from qunce.core.facts.facts import RecordedFact


def _notify(text_of: Callable[[Reservation, RecordedFact], str]) -> Reaction:
    """A reaction that writes about a reservation to its member; nothing for an empty text."""

    def react(
        *, community: Community, facts: Sequence[RecordedFact], at: datetime
    ) -> None:
        rows = Reservation.objects.select_related("sale__activity__community")
        found = rows.in_bulk([fact.payload["reservation"] for fact in facts])
        for fact in facts:
            row = found.get(fact.payload["reservation"])
            if row is None:
                continue
            with translation.override(community.language):
                text = text_of(row, fact)
            if text:
                prize_messages.notify(
                    community=community,
                    fact=fact.id,
                    account=row.account_id,
                    text=text,
                    at=at,
                )

    return react


def _reserved_text(row: Reservation, fact: RecordedFact) -> str:
    if not fact.payload["from_waitlist"] or row.state != State.RESERVED:
        return ""
    name = _("“%(name)s”:") % {"name": row.sale.activity.name}
    return f"{name} {flash_sale.reserved_text(row)}"


def _lapsed_text(row: Reservation, fact: RecordedFact) -> str:
    if row.state == State.CONFIRMED:
        return ""
    values = {"name": row.sale.activity.name, "reason": row.reason}
    if fact.payload["is_void"]:
        if not row.reason:
            return _("Your reservation in “%(name)s” is void.") % values
        return _("Your reservation in “%(name)s” is void: %(reason)s") % values
    return _("Your reservation in “%(name)s” was not confirmed in time.") % values


def confirm_by_orders(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Confirm reservations by orders that were paid while a piece was held."""
    paid = [
        (fact.id, fact.account, int(fact.payload.get("amount", 0)), fact.happened_at)
        for fact in facts
        if fact.account is not None
        and fact.payload.get("currency") == community.currency
    ]
    reservations.confirm_by_orders(community=community, paid=paid, at=at)


def notify_outbid(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Write to the member who was outbid that their points are released."""
    ids = [fact.payload["outbid"] for fact in facts]
    found = Bid.objects.select_related("auction__activity").in_bulk(ids)
    for fact in facts:
        bid = found.get(fact.payload["outbid"])
        if (
            bid is None
            or bid.state != BidState.OUTBID
            or bid.account_id == fact.account
        ):
            continue
        with translation.override(community.language):
            text = _(
                "Somebody bid more in “%(name)s”. Your %(n)s points are released."
            ) % {"name": bid.auction.activity.name, "n": f"{bid.amount:,}"}
        prize_messages.notify(
            community=community,
            fact=fact.id,
            account=bid.account_id,
            text=text,
            at=at,
        )


REACTIONS: dict[str, tuple[Reaction, ...]] = {
    flash_sale_facts.FlashSaleReserved.kind: (_notify(_reserved_text),),
    flash_sale_facts.FlashSaleLapsed.kind: (_notify(_lapsed_text),),
    order_facts.OrderPaid.kind: (confirm_by_orders,),
    auction_facts.BidPlaced.kind: (notify_outbid,),
    prize_facts.PrizeReturned.kind: (wins.react_to_returned,),
}
