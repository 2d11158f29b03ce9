"""Bids: each reserves points and releases those of the bid before, in one transaction.

Locks come in the order activity, auction, people, and both people at once, so that nobody
waits in a circle. Points are reserved by a spend, which is undone when they are released.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models, transaction
from django.utils.translation import gettext as _

from qunce.activities import eligibility
from qunce.activities.activities import activities, entries
from qunce.activities.activities.models import Activity, Way
from qunce.activities.auctions import auction_facts, rules
from qunce.activities.auctions.models import Auction, AuctionState, Bid, BidState
from qunce.activities.points import holders, spending
from qunce.activities.points.spending import NotEnoughPoints
from qunce.core import errors, names, text_validation
from qunce.core.facts import facts
from qunce.core.timestamps import TimestampField
from qunce.members.accounts import queries as account_queries
from qunce.members.people import visibility

if TYPE_CHECKING:
    from qunce.core.staff.models import Staff

MAX_REASON = 200


class AuctionNotFound(errors.NotFound):
    """The activity is no auction, or it is not published."""


class BidNotFound(errors.NotFound):
    """There is no such bid, or it is of a member whom the staff do not see."""


class BidRefused(errors.Refused):
    """The bid is too low or too late."""


# Reads


def find(activity: Activity) -> Auction | None:
    """The auction of a published activity, None of a draft."""
    rows = Auction.objects.select_related("activity__community", "stock")
    return rows.filter(activity=activity).first()  # unique


def get(activity: Activity) -> Auction:
    auction = find(activity)
    if auction is None:
        raise AuctionNotFound(_("There is no such auction."))
    return auction


def find_highest(auction: Auction) -> Bid | None:
    """The bid that holds points: the highest one, or the one that has won."""
    rows = Bid.objects.filter(
        auction=auction, state__in=[BidState.LEADING, BidState.WON]
    )
    return rows.first()  # unique


def least_amount(auction: Auction) -> int:
    return rules.least_amount(
        price=auction.price, start=auction.start, step=auction.step
    )


def check_acceptable(auction: Auction, amount: int, at: datetime) -> None:
    """Raise BidRefused as the UPDATE would decide, judged by what was read."""
    if auction.state != AuctionState.OPEN or auction.ends_at <= max(
        at, auction.last_at
    ):
        raise BidRefused(_("The auction is over."))
    if amount < (least := least_amount(auction)):
        raise BidRefused(
            _("Bid at least %(n)s points: write “bid %(plain)s”.")
            % {"n": f"{least:,}", "plain": least}
        )


# Verbs


@transaction.atomic
def place(
    *,
    activity: Activity,
    account_id: int,
    amount: int,
    way: Way,
    by: Staff | None,
    at: datetime,
) -> Bid:
    """Make this the highest bid; raises BidRefused or NotEnoughPoints, and changes nothing.

    The kind calls it in the transaction in which eligibility was judged.
    """
    auction = _lock(activity)
    # A clock that is set back does not reorder bids.
    moment = max(at, auction.last_at)
    if not _raise_price(auction, amount, moment):
        auction.refresh_from_db()
        check_acceptable(auction, amount, moment)
        raise BidRefused(_("Somebody was faster. Bid again."))
    before = find_highest(auction)
    own = account_queries.account_ids_of_person(account_id)
    others = account_queries.account_ids_of_person(before.account_id) if before else ()
    holders.lock(activity.community, [*own, *others])
    if before is not None:
        _release(before, BidState.OUTBID, at)
    bid = Bid.objects.create(
        auction=auction,
        amount=amount,
        account_id=account_id,
        person_id=own[0],
        source=way,
        at=at,
        by=by,
    )
    _reserve(bid, at)
    _move_end(auction)
    fact = auction_facts.BidPlaced(
        account=account_id,
        activity=activity.pk,
        bid=bid.pk,
        points=amount,
        outbid=before.pk if before else 0,
    )
    facts.record(fact, community=activity.community, by=by, at=at)
    return bid


def _lock(activity: Activity) -> Auction:
    """Lock the activity, whose end a bid moves, and read the auction as it is then.

    The lock goes with those of rows that refer to the activity, such as the answer.
    """
    rows = Activity.objects.select_for_update(of=("self",), no_key=True)
    rows.get(pk=activity.pk)
    return get(activity)


def _raise_price(auction: Auction, amount: int, at: datetime) -> bool:
    """Set the price if the bid is high and early enough, which the UPDATE itself judges."""
    rows = Auction.objects.filter(
        models.Q(price=0, start__lte=amount)
        | models.Q(price__gt=0, price__lte=models.Value(amount) - models.F("step")),
        pk=auction.pk,
        state=AuctionState.OPEN,
        ends_at__gt=at,
    )
    is_late = models.Q(
        ends_at__lt=at + rules.FINAL, extensions__lt=rules.MAX_EXTENSIONS
    )
    later = models.Value(at + rules.FINAL, output_field=TimestampField())
    return bool(
        rows.update(
            price=amount,
            last_at=at,
            ends_at=models.Case(
                models.When(is_late, then=later),
                default=models.F("ends_at"),
                output_field=TimestampField(),
            ),
            extensions=models.Case(
                models.When(is_late, then=models.F("extensions") + 1),
                default=models.F("extensions"),
                output_field=models.PositiveSmallIntegerField(),
            ),
        )
    )


def _move_end(auction: Auction) -> None:
    """Let the activity end when its auction does."""
    auction.refresh_from_db()
    Activity.objects.filter(pk=auction.pk).update(ends_at=auction.ends_at)


def _key_of_spend(bid: Bid) -> str:
    return f"bid/{bid.pk}/{bid.spends}"


def _reserve(bid: Bid, at: datetime) -> None:
    """Reserve the points of a bid; raises NotEnoughPoints."""
    bid.spends += 1
    spending.spend(
        account_id=bid.account_id,
        amount=bid.amount,
        key=_key_of_spend(bid),
        by=None,
        at=at,
        reason=bid.auction.activity.name,
    )
    Bid.objects.filter(pk=bid.pk).update(spends=bid.spends)


def _release(bid: Bid, state: BidState, at: datetime, reason: str = "") -> None:
    """Give the points of a bid back, to the same lots, which expire as without the bid."""
    Bid.objects.filter(pk=bid.pk).update(state=state, reason=reason)
    bid.state = state
    # Erased members have no points any more, and their spends have no key.
    if not account_queries.find_erased([bid.account_id]):
        spending.restore(
            community=bid.auction.activity.community,
            key=_key_of_spend(bid),
            by=None,
            at=at,
            was_reserved=True,
        )


@transaction.atomic
def declare_void(*, bid: Bid, reason: str, by: Staff, at: datetime) -> None:
    """Take the highest bid out with a reason, such as one that staff mistyped.

    The next highest leads again, of somebody who may bid and still has the points.
    """
    _check_visible(bid, by, at)
    text = names.clean(reason)
    if not text or len(text) > MAX_REASON or not text_validation.is_valid(text):
        raise errors.Invalid(
            _("Give a reason with at most %(n)s characters.") % {"n": MAX_REASON}
        )
    auction = _lock(bid.auction.activity)
    bid.refresh_from_db()
    if bid.state != BidState.LEADING or auction.state != AuctionState.OPEN:
        raise BidRefused(_("Only the highest bid of an open auction can be void."))
    lock_people(auction)
    _release(bid, BidState.VOID, at, text)
    fact = auction_facts.BidVoided(
        account=bid.account_id, activity=auction.pk, bid=bid.pk, points=bid.amount
    )
    facts.record(fact, community=auction.activity.community, by=by, at=at)
    following = choose_next(auction, at)
    if following is not None:
        Bid.objects.filter(pk=following.pk).update(state=BidState.LEADING)
    price = following.amount if following else 0
    Auction.objects.filter(pk=auction.pk).update(price=price)


def lock_people(auction: Auction) -> None:
    """Lock all who have bid, in one order, before points of several of them change."""
    accounts = Bid.objects.filter(auction=auction).values_list("account_id", flat=True)
    by_person = account_queries.accounts_by_person(sorted(set(accounts)))
    holders.lock(
        auction.activity.community,
        [account for own in by_person.values() for account in own],
    )


def choose_next(auction: Auction, at: datetime) -> Bid | None:
    """Reserve the points of the highest bid that was outbid, of somebody who has them.

    Those who do not count any more, or have fewer points, are passed over.
    """
    rows = Bid.objects.filter(auction=auction, state=BidState.OUTBID)
    for bid in rows.select_related("auction__activity__community").order_by("-amount"):
        if may_have(auction, bid, at):
            try:
                with transaction.atomic():
                    _reserve(bid, at)
            except NotEnoughPoints:
                pass
            else:
                return bid
        rows.filter(pk=bid.pk).update(state=BidState.PASSED)
    return None


def may_have(auction: Auction, bid: Bid, at: datetime) -> bool:
    """Whether the bidder still counts, and no entry of theirs is struck out."""
    activity = auction.activity
    if eligibility.find_uncounted(activity.community, [bid.account_id], at=at):
        return False
    accounts = account_queries.account_ids_of_person(bid.account_id)
    return not entries.is_struck_out(activity, accounts)


def release(bid: Bid, state: BidState, at: datetime, reason: str = "") -> None:
    """Give the points of a bid back, in the caller's transaction."""
    _release(bid, state, at, reason)


# What staff and members see


_SELECTED = Bid.objects.select_related("auction__activity__community", "award", "by")


def _check_visible(bid: Bid, by: Staff, at: datetime) -> None:
    activities.check_may_run(by, bid.auction.activity)
    visibility.check_visible(by=by, accounts=[bid.account_id], at=at)


def list_visible(
    *, activity: Activity, by: Staff, at: datetime, limit: int = 500
) -> list[Bid]:
    """The newest bids of members whom `by` sees."""
    activities.check_may_run(by, activity)
    rows = _SELECTED.filter(auction=activity.pk).order_by("-pk")
    return list(visibility.filter_rows(rows, by=by, at=at)[:limit])


def list_own(activity: Activity, accounts: Sequence[int]) -> list[Bid]:
    """The bids of a person, the newest first."""
    rows = _SELECTED.filter(auction=activity.pk, account_id__in=accounts)
    return list(rows.order_by("-pk")[:20])


def get_bid(*, activity: Activity, pk: int, by: Staff, at: datetime) -> Bid:
    """The bid with this number, of a member whom `by` sees."""
    activities.check_may_run(by, activity)
    row = _SELECTED.filter(auction=activity.pk, pk=pk).first()  # unique
    if row is None or not visibility.filter_visible(
        by=by, accounts=[row.account_id], at=at
    ):
        raise BidNotFound(_("There is no such bid."))
    return row
