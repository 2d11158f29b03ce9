"""The end of an auction: who won, and who follows if the prize is not claimed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.activities import budget
from qunce.activities.activities.models import OPEN, Activity
from qunce.activities.auctions import auction_facts, bids
from qunce.activities.auctions.models import Auction, AuctionState, Bid, BidState
from qunce.activities.prizes import awards, sources, stock
from qunce.activities.prizes.models import Award, PrizeStock
from qunce.activities.prizes.models import State as AwardState
from qunce.core import errors
from qunce.core.communities import Community
from qunce.core.facts import facts

if TYPE_CHECKING:
    from qunce.core.facts.facts import RecordedFact

KIND = SOURCE = "auction"
BUDGET_KEY = "auction"


class NothingLeft(errors.Refused):
    """The stock has none of the prize."""


# The steps of the activity


def publish(
    activity: Activity, prize: PrizeStock, *, start: int, step: int, at: datetime
) -> None:
    """Take the prize out of the stock, and open the auction; raises NothingLeft."""
    budget.reserve(activity=activity, key=BUDGET_KEY, at=at, money=prize.cost)
    if not stock.take(stock_id=prize.pk):
        raise NothingLeft(_("The stock has none of this prize. Add stock."))
    Auction.objects.create(
        activity=activity,
        stock=prize,
        start=start,
        step=step,
        ends_at=activity.ends_at or at,
        last_at=activity.starts_at,
    )


def close(activity: Activity, at: datetime) -> None:
    """Award the prize to the highest bid of somebody who counts, in the step's transaction."""
    auction = _end(activity, AuctionState.CLOSED)
    if auction is None:
        return
    bids.lock_people(auction)
    highest = bids.find_highest(auction)
    if highest is not None and not bids.may_have(auction, highest, at):
        bids.release(highest, BidState.PASSED, at)
        highest = None
    _award(auction, highest or bids.choose_next(auction, at), at)


def cancel(activity: Activity, at: datetime) -> None:
    """Give the points and the prize back when the activity is cancelled before the end."""
    auction = _end(activity, AuctionState.VOID)
    if auction is None:
        return
    bids.lock_people(auction)
    if (highest := bids.find_highest(auction)) is not None:
        bids.release(highest, BidState.VOID, at)
    _give_back_prize(auction, at)


def _end(activity: Activity, state: AuctionState) -> Auction | None:
    """The auction if it was open until now, which one of two who end it gets."""
    rows = Auction.objects.filter(activity=activity, state=AuctionState.OPEN)
    return bids.find(activity) if rows.update(state=state) else None


def _award(auction: Auction, bid: Bid | None, at: datetime) -> None:
    if bid is None:
        _give_back_prize(auction, at)
        return
    award = awards.award(
        stock=auction.stock,
        account_id=bid.account_id,
        source=SOURCE,
        source_key=str(bid.pk),
        at=at,
        is_taken=True,
    )
    Bid.objects.filter(pk=bid.pk).update(state=BidState.WON, award=award)
    Auction.objects.filter(pk=auction.pk).update(price=bid.amount)
    fact = auction_facts.AuctionWon(
        account=bid.account_id, activity=auction.pk, bid=bid.pk, points=bid.amount
    )
    facts.record(fact, community=auction.activity.community, by=None, at=at)


def _give_back_prize(auction: Auction, at: datetime) -> None:
    stock.give_back(stock_id=auction.stock_id)
    budget.release(activity=auction.activity, key=BUDGET_KEY, at=at)


# Prizes that return


def react_to_returned(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Reaction to `prize.returned`: what nobody claimed goes to the next bidder."""
    for fact in facts:
        if fact.payload["next"] and fact.payload["source"] == SOURCE:
            _pass_on(community, int(fact.payload["source_key"]), at)


@transaction.atomic
def _pass_on(community: Community, pk: int, at: datetime) -> None:
    rows = Bid.objects.filter(
        pk=pk, state=BidState.WON, auction__activity__community=community
    ).select_related("auction__activity__community", "auction__stock")
    for bid in rows.select_for_update(of=("self",)):
        bids.lock_people(bid.auction)
        bids.release(bid, BidState.PASSED, at)
        _award(bid.auction, bids.choose_next(bid.auction, at), at)


def _take_back(award: Award, at: datetime) -> None:
    """Give the points of a win back whose prize returned to the stock."""
    rows = Bid.objects.filter(award=award, state=BidState.WON)
    for bid in rows.select_related("auction__activity__community"):
        bids.release(bid, BidState.VOID, at)
        budget.release(activity=bid.auction.activity, key=BUDGET_KEY, at=at)


def _book(award: Award, at: datetime) -> None:
    for bid in Bid.objects.filter(award=award).select_related("auction__activity"):
        budget.book(activity=bid.auction.activity, key=BUDGET_KEY, at=at)


def _is_promised(prize: PrizeStock) -> bool:
    return Auction.objects.filter(stock=prize, activity__state__in=OPEN).exists()


def _count_reserved(community: Community) -> Counter[int]:
    """One of each that is bid for, or on its way to the next bidder."""
    rows = Auction.objects.filter(activity__community=community)
    waiting = Bid.objects.filter(
        auction__in=rows,
        state=BidState.WON,
        award__state=AwardState.RETURNED,
        award__is_passed_on=True,
    )
    return Counter(
        rows.filter(state=AuctionState.OPEN).values_list("stock", flat=True)
    ) + Counter(waiting.values_list("auction__stock", flat=True))


sources.register(
    sources.Source(
        key=SOURCE,
        delivered=_book,
        returned=_take_back,
        promises=_is_promised,
        has_next=True,
        always_next=True,
        count_reserved=_count_reserved,
        awarded_text=gettext_lazy("Your bid won the auction: %(prize)s."),
    )
)
