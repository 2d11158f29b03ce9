"""Make-up cards that members buy with points, in the check-in that sets their price.

They are for this check-in only. Staff give the points back of a card that is not used; all
of those are given back when the check-in ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models, transaction
from django.utils.translation import gettext as _

from qunce.activities import eligibility
from qunce.activities.activities import activities
from qunce.activities.activities.models import MAX_KEY, Activity
from qunce.activities.check_ins.models import MakeUpCard
from qunce.activities.points import holders, periods, point_facts, spending
from qunce.core import community_days, errors, permissions, text_validation, timestamps
from qunce.members.accounts import queries as account_queries
from qunce.members.people import visibility

if TYPE_CHECKING:
    from qunce.core.staff.models import Staff

SOURCE = MakeUpCard.Source.BOUGHT


class InvalidCardKey(errors.Invalid):
    """The key cannot be stored."""


class CardsNotSold(errors.Refused):
    """The activity sells no make-up cards, at all or to this member."""


class NoMoreCards(errors.Refused):
    """The member has bought as many cards in this month as the activity sells them."""


class CardNotFound(errors.NotFound):
    """There is no such card, or it is of a member whom the staff do not see."""


class CardUsed(errors.Refused):
    """The card has filled a day."""


# Verbs


@transaction.atomic
def buy(
    *, activity: Activity, account_id: int, key: str, by: Staff | None, at: datetime
) -> MakeUpCard:
    """Buy one card with points, once per key; without `by` the member does it.

    Raises CardsNotSold, NoMoreCards or NotEnoughPoints.
    """
    if by is not None:
        activities.check_may_run(by, activity)
    account_queries.check_ids(activity.community, [account_id])
    own_key = _own_key(activity, account_id, key)
    # One person's purchases wait for each other, so that none exceeds the limit.
    accounts, _owed = holders.lock_person(activity.community, account_id)
    before = MakeUpCard.objects.filter(
        community_id=activity.community_id, source=SOURCE, key=own_key
    ).first()
    if before is not None:
        return before
    activity.refresh_from_db()
    price = activity.settings.get("card_price")
    if not price:
        raise CardsNotSold(_("Make-up cards are not sold here."))
    refusal = eligibility.judge(activity=activity, account_id=account_id, at=at)
    if refusal is not None:
        raise CardsNotSold(refusal.text)
    if not count_buyable(activity, accounts, at):
        raise NoMoreCards(_("You have bought all make-up cards of this month."))
    card = MakeUpCard.objects.create(
        community=activity.community,
        activity=activity,
        account_id=account_id,
        source=SOURCE,
        key=own_key,
        granted_at=at,
        by=by,
    )
    spending.spend(
        account_id=account_id, amount=price, key=_key_of_spend(card), by=by, at=at
    )
    return card


def _own_key(activity: Activity, account_id: int, key: str) -> str:
    own = f"{activity.pk}:{account_id}:{key}"
    if not key or len(own) > MAX_KEY or not text_validation.is_valid(key):
        raise InvalidCardKey(_("The form is incomplete. Open the page again."))
    return own


@transaction.atomic
def give_back(*, card: MakeUpCard, by: Staff, at: datetime) -> bool:
    """Take back a card that is not used: the same lots have its points again.

    False if that was done before. Raises CardUsed.
    """
    permissions.check_may(by, point_facts.ADJUST)
    _check_visible(card, by, at)
    return _give_back(card, at)


def _give_back(card: MakeUpCard, at: datetime) -> bool:
    # The member may use the card at the same moment; only one of the updates succeeds.
    rows = MakeUpCard.objects.filter(pk=card.pk, source=SOURCE, returned_at=None)
    if not rows.filter(used_at=None).update(returned_at=at):
        card.refresh_from_db()
        if card.used_at is not None:
            raise CardUsed(
                _("The card has filled a day, so its points are not given back.")
            )
        return False
    card.refresh_from_db()
    # Erased members have no points any more, and their spends have no key.
    if account_queries.find_erased([card.account_id]):
        return True
    spending.restore(community=card.community, key=_key_of_spend(card), by=None, at=at)
    return True


def give_back_unused(activity: Activity, at: datetime) -> None:
    """Give back the points of all cards that are not used when the activity ends."""
    rows = MakeUpCard.objects.filter(
        activity=activity, source=SOURCE, used_at=None, returned_at=None
    )
    for card in rows.select_related("community").order_by("account_id", "pk"):
        _give_back(card, at)


def _key_of_spend(card: MakeUpCard) -> str:
    return f"card/{card.pk}"


def _check_visible(card: MakeUpCard, by: Staff, at: datetime) -> None:
    if card.activity is None:
        raise CardNotFound(_("There is no such card."))
    activities.check_may_run(by, card.activity)
    visibility.check_visible(by=by, accounts=[card.account_id], at=at)


# Reads


def count_buyable(activity: Activity, accounts: Sequence[int], at: datetime) -> int:
    """How many cards a person can still buy in this month."""
    if not activity.settings.get("card_price"):
        return 0
    bought = list_of(activity).filter(
        account_id__in=accounts,
        returned_at=None,
        granted_at__gte=_month_start(activity, at),
    )
    return max(0, int(activity.settings.get("card_sales", 1)) - bought.count())


def _month_start(activity: Activity, at: datetime) -> datetime:
    community = activity.community
    month = periods.of_day("m", community.day(at))
    return timestamps.from_micros(
        community_days.start_of(
            community.timezone, community.day_start, periods.first_day_of(month.key)
        )
    )


def list_of(activity: Activity) -> models.QuerySet[MakeUpCard]:
    return MakeUpCard.objects.filter(activity=activity, source=SOURCE)


def list_bought(*, activity: Activity, by: Staff, at: datetime) -> list[MakeUpCard]:
    """The cards that members whom `by` sees have bought, the newest first."""
    activities.check_may_run(by, activity)
    rows = list(list_of(activity).order_by("-granted_at", "-pk"))
    accounts = [row.account_id for row in rows]
    seen = visibility.filter_accounts(by=by, accounts=accounts, at=at)
    return [row for row in rows if row.account_id in seen]


def get(*, activity: Activity, pk: int, by: Staff, at: datetime) -> MakeUpCard:
    activities.check_may_run(by, activity)
    row = (
        list_of(activity).select_related("activity", "community").filter(pk=pk).first()
    )
    if row is None or not visibility.filter_visible(
        by=by, accounts=[row.account_id], at=at
    ):
        raise CardNotFound(_("There is no such card."))
    return row
