"""Facts about auctions: bids, and who won."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_lazy

from qunce.core.facts import facts


@dataclass(frozen=True, kw_only=True)
class AuctionFact(facts.FactKind):
    """`bid` is the number of the bid, `points` its amount."""

    activity: int
    bid: int
    points: int
    instead = gettext_lazy("Auctions run automatically, under Activities.")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class BidPlaced(AuctionFact):
    """`outbid` is the number of the bid that was the highest before, 0 for none."""

    kind = "bid.placed"
    label = gettext_lazy("bid in an auction")
    outbid: int


@facts.declare
@dataclass(frozen=True, kw_only=True)
class BidVoided(AuctionFact):
    """Staff declared a bid void; its points are back."""

    kind = "bid.voided"
    label = gettext_lazy("bid declared void")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class AuctionWon(AuctionFact):
    kind = "auction.won"
    label = gettext_lazy("won an auction")
