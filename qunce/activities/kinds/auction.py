"""The kind `auction`: members bid points for one prize, and the highest bid wins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from qunce.activities.activities import kind_contract
from qunce.activities.activities.kind_contract import (
    Attempt,
    Cost,
    InvalidSetting,
    Kind,
    Metric,
    NotBetter,
    Reply,
    SettingField,
)
from qunce.activities.activities.models import Activity
from qunce.activities.auctions import bids, rules, wins
from qunce.activities.auctions.bids import BidRefused
from qunce.activities.auctions.models import Bid, BidState
from qunce.activities.kinds import base
from qunce.activities.points import balances
from qunce.activities.points.spending import NotEnoughPoints
from qunce.activities.prizes import choices
from qunce.activities.prizes.models import PrizeStock
from qunce.activities.prizes.models import State as AwardState
from qunce.core import errors
from qunce.core.guards import legal_notices
from qunce.members.accounts import queries as account_queries

MAX_START = 1_000_000
SETTINGS = (
    SettingField(
        name="prize",
        label=gettext_lazy("Prize"),
        type="choice",
        default="",
        none_label=gettext_lazy("not chosen yet"),
        choices=choices.list_prizes,
    ),
    SettingField(
        name="start",
        label=gettext_lazy("Lowest bid in points"),
        type="number",
        default=10,
        least=1,
        most=MAX_START,
    ),
    SettingField(
        name="step",
        label=gettext_lazy("Step in points"),
        type="number",
        default=1,
        least=1,
        most=MAX_START,
        help=gettext_lazy("Each bid is at least this much above the one before."),
    ),
)


class NotHandedOver(errors.Refused):
    """The prize of the auction is not handed over."""


# Taking part


def take_part(attempt: Attempt) -> Reply:
    """Bid the amount that was said."""
    amount = rules.parse_amount(attempt.said)
    if attempt.is_rehearsal:
        return Reply(text=_("Your bid of %(n)s points is the highest.") % {"n": amount})
    if amount is None:
        return _ask(attempt)
    try:
        # Nothing of it stays if it is too low, too late or not covered.
        with transaction.atomic():
            base.join(attempt)
            bid = bids.place(
                activity=attempt.activity,
                account_id=attempt.account_id,
                amount=amount,
                way=attempt.way,
                by=attempt.by,
                at=attempt.at,
            )
    except BidRefused as error:
        return Reply(text=str(error), accepted=False, code="bid")
    except NotEnoughPoints as error:
        return Reply(text=str(error), accepted=False, code="points")
    text = _(
        "Your bid of %(n)s points is the highest. The points are reserved until somebody "
        "bids more."
    )
    return Reply(text=text % {"n": f"{bid.amount:,}"})


def _ask(attempt: Attempt) -> Reply:
    auction = bids.get(attempt.activity)
    least = bids.least_amount(auction)
    text = _("Name your points: write “bid %(n)s” or more.")
    return Reply(text=text % {"n": least}, accepted=False, code="bid")


def turn_away(attempt: Attempt) -> Reply | None:
    """Answer a bid that is too low or names no points, without writing anything."""
    auction = bids.find(attempt.activity)
    if auction is None:
        return None
    amount = rules.parse_amount(attempt.said)
    if amount is None:
        return _ask(attempt)
    try:
        bids.check_acceptable(auction, amount, attempt.at)
    except BidRefused as error:
        return Reply(text=str(error), accepted=False, code="bid")
    return None


# What members and staff read


def _prize_of(activity: Activity) -> PrizeStock | None:
    key = activity.settings.get("prize") or ""
    return choices.load(activity.community, [key]).get(key)


def describe(activity: Activity, *, has_page: bool = True) -> list[str]:
    """The rules as sentences."""
    settings, prize = activity.settings, _prize_of(activity)
    values = {"start": f"{settings['start']:,}", "step": f"{settings['step']:,}"}
    lines = [
        _("Bid on the page, or write “bid” and your points.")
        if has_page
        else _("Write “bid” and your points."),
    ]
    if prize is not None:
        lines.append(_("One prize: %(prize)s.") % {"prize": prize.name})
    return [
        *lines,
        _("The lowest bid is %(start)s points, each one at least %(step)s more.")
        % values,
        _("Your points are reserved while your bid is the highest, and then released."),
        _("Of two equal bids, the one that reached us first counts."),
        _(
            "A bid in the last 60 seconds moves the end to 60 seconds after it, at most "
            "%(n)s times."
        )
        % {"n": rules.MAX_EXTENSIONS},
        _(
            "A prize that is not claimed goes to the next bidder who still has the points."
        ),
    ]


def portal_context(
    activity: Activity, account_id: int | None, at: datetime
) -> dict[str, Any]:
    """The highest bid and, for somebody who is signed in, their points and bids."""
    auction = bids.find(activity)
    context: dict[str, Any] = {
        "auction": auction,
        "prize": _prize_of(activity),
        "price_text": "",
        "least": 0,
        "least_text": "",
        "points_text": "",
        "is_mine": False,
        "own": [],
    }
    if auction is None:
        return context
    context |= {
        "price_text": f"{auction.price:,}" if auction.price else "",
        "least": bids.least_amount(auction),
        "least_text": f"{bids.least_amount(auction):,}",
    }
    if account_id is None:
        return context
    accounts = account_queries.account_ids_of_person(account_id)
    own = bids.list_own(activity, accounts)
    usable = balances.balance(account_id=account_id, at=at).usable
    return context | {
        "points_text": f"{usable:,}",
        "is_mine": any(row.state in (BidState.LEADING, BidState.WON) for row in own),
        "own": [(row, f"{row.amount:,}") for row in own],
    }


# Settings, steps and results


def check_better(before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """What members bid for, and by which rules, stays."""
    if before != after:
        raise NotBetter(_("What members have read of an auction does not change."))


def check_publishable(activity: Activity, at: datetime) -> None:
    prize = _prize_of(activity)
    if prize is None:
        raise InvalidSetting(_("Choose the prize that members bid for."))
    choices.check_may_offer(prize)
    if activity.ends_at is None:
        raise InvalidSetting(_("An auction needs an end."))
    if prize.left < 1:
        raise wins.NothingLeft(_("The stock has none of this prize. Add stock."))


def publish(activity: Activity, at: datetime) -> None:
    prize = _prize_of(activity)
    if prize is None:
        raise InvalidSetting(_("Choose the prize that members bid for."))
    settings = activity.settings
    wins.publish(activity, prize, start=settings["start"], step=settings["step"], at=at)


def check_settleable(activity: Activity, at: datetime) -> None:
    waiting = [AwardState.TO_CLAIM, AwardState.CLAIMED, AwardState.SENT]
    rows = Bid.objects.filter(
        auction=activity.pk, state=BidState.WON, award__state__in=waiting
    )
    if rows.exists():
        raise NotHandedOver(_("The prize is not handed over yet."))


def highest_cost(activity: Activity) -> Cost:
    prize = _prize_of(activity)
    return Cost(money=prize.cost if prize else 0)


def list_stock(activity: Activity) -> list[tuple[int, int]]:
    prize = _prize_of(activity)
    return [(prize.pk, 1)] if prize else []


def metrics(activity: Activity, people: Sequence[int], at: datetime) -> list[Metric]:
    """Bids of the people who count, how many people they are, and the highest."""
    counted = set(people)
    rows = list(
        Bid.objects.filter(auction=activity.pk)
        .exclude(state=BidState.VOID)
        .values_list("account_id", "amount")
    )
    persons = account_queries.person_ids(account for account, _amount in rows)
    own = [
        (persons[account], amount)
        for account, amount in rows
        if persons[account] in counted
    ]
    return [
        Metric(key="bids", label=gettext_lazy("Bids"), value=len(own)),
        Metric(
            key="bidders",
            label=gettext_lazy("Bidders"),
            value=len({person for person, _amount in own}),
        ),
        Metric(
            key="highest",
            label=gettext_lazy("Highest bid in points"),
            value=max((amount for _person, amount in own), default=0),
        ),
    ]


AUCTION = kind_contract.register(
    Kind(
        key=wins.KIND,
        label=pgettext_lazy("kind of activity", "Auction"),
        description=gettext_lazy(
            "Members bid points for one prize. The points of the highest bid are reserved, "
            "those of all others released."
        ),
        keywords=("竞拍", "bid"),
        take_part=take_part,
        turn_away=turn_away,
        describe=describe,
        metrics=metrics,
        aim=kind_contract.Aim.SPEND,
        portal_template="portal/activities/_auction.html",
        portal_context=portal_context,
        settings_form=SETTINGS,
        check_better=check_better,
        check_publishable=check_publishable,
        check_settleable=check_settleable,
        publish=publish,
        close=wins.close,
        cancel=wins.cancel,
        highest_cost=highest_cost,
        list_stock=list_stock,
        notices=(legal_notices.COMPLETE_TERMS,),
        may_extend=False,
        spends_points=True,
    )
)
