"""Tables of auctions: what is bid for, and all bids."""

from __future__ import annotations

from django.db import models
from django.utils.translation import pgettext_lazy

from qunce.activities.activities.models import Activity, Way
from qunce.activities.prizes.models import Award, PrizeStock
from qunce.core import personal_texts, timestamps
from qunce.core.staff.models import Staff


class AuctionState(models.TextChoices):
    OPEN = "open", pgettext_lazy("auction", "open")
    CLOSED = "closed", pgettext_lazy("auction", "closed")
    VOID = "void", pgettext_lazy("auction", "cancelled")


class BidState(models.TextChoices):
    """What became of a bid. Only a leading and a won one hold points."""

    LEADING = "leading", pgettext_lazy("bid", "highest")
    OUTBID = "outbid", pgettext_lazy("bid", "outbid")
    WON = "won", pgettext_lazy("bid", "won")
    PASSED = "passed", pgettext_lazy("bid", "passed over")
    VOID = "void", pgettext_lazy("bid", "void")


STANDING = (BidState.LEADING, BidState.OUTBID, BidState.WON)


class Auction(models.Model):
    """One prize for the highest bid, which was taken out of the stock when it was published.

    `price` is the highest bid, 0 before the first. A late bid moves `ends_at`, each time one
    of `extensions`. `last_at` is the time of the newest bid, so that a clock that is set back
    opens nothing again.
    """

    activity = models.OneToOneField(
        Activity, models.PROTECT, related_name="auction", primary_key=True
    )
    stock = models.ForeignKey(PrizeStock, models.PROTECT, related_name="+")
    start = models.PositiveIntegerField()
    step = models.PositiveIntegerField()
    price = models.PositiveIntegerField(default=0)
    ends_at = timestamps.TimestampField()
    last_at = timestamps.TimestampField()
    extensions = models.PositiveSmallIntegerField(default=0)
    state = models.CharField(
        max_length=10, choices=AuctionState.choices, default=AuctionState.OPEN
    )

    class Meta:
        db_table = "auction"

    def __str__(self) -> str:
        return str(self.activity_id)


@personal_texts.erased_in(
    sentences=("reason",), community="auction__activity__community_id"
)
class Bid(models.Model):
    """What a member bid. Of each amount there is one bid, the first.

    `spends` counts how often its points were reserved, as it can lead again when a higher
    one is void.
    """

    auction = models.ForeignKey(
        Auction, models.PROTECT, related_name="bids", db_index=False
    )
    amount = models.PositiveIntegerField()
    account_id = models.BigIntegerField()
    person_id = models.BigIntegerField()
    state = models.CharField(
        max_length=10, choices=BidState.choices, default=BidState.LEADING
    )
    source = models.CharField(max_length=10, choices=Way.choices)
    at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")
    spends = models.PositiveSmallIntegerField(default=0)
    award = models.OneToOneField(Award, models.PROTECT, null=True, related_name="bid")
    reason = models.CharField(max_length=200, default="", blank=True)

    class Meta:
        db_table = "auction_bid"
        constraints = [
            models.UniqueConstraint(
                fields=["auction", "amount"],
                condition=models.Q(state__in=["leading", "outbid", "won"]),
                name="one_bid_per_amount",
            ),
            models.UniqueConstraint(
                fields=["auction"],
                condition=models.Q(state__in=["leading", "won"]),
                name="one_bid_holds_points",
            ),
        ]
        indexes = [models.Index(fields=["account_id"], name="bids_of_account")]

    def __str__(self) -> str:
        return f"{self.amount} by {self.account_id}"
