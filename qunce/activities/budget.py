"""The budget of an activity: reserved when promised, booked when delivered, never exceeded.

Each promise has a key, so that a repeated one reserves nothing. Amounts of money are in the
smallest unit of the community's currency.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import models, transaction
from django.utils.translation import gettext as _

from qunce.activities.activities.models import Activity, BudgetEntry
from qunce.core import errors

COUNTED = (BudgetEntry.State.RESERVED, BudgetEntry.State.BOOKED)


class BudgetExceeded(errors.Refused):
    """The budget of the activity does not cover this promise."""


class InvalidAmount(errors.Invalid):
    """An amount of a promise is below 0."""


@dataclass(frozen=True, kw_only=True)
class Spent:
    """What is reserved and booked; a limit is null for no limit."""

    reserved_points: int
    booked_points: int
    points_limit: int | None
    reserved_money: int
    booked_money: int
    money_limit: int | None


@transaction.atomic
def reserve(
    *, activity: Activity, key: str, at: datetime, points: int = 0, money: int = 0
) -> BudgetEntry:
    """Reserve what is promised; raises BudgetExceeded, and changes nothing."""
    if points < 0 or money < 0:
        raise InvalidAmount(_("A promise cannot be below 0."))
    # Locks the activity, so that two promises are added up one after the other. The lock
    # goes with that of rows that refer to it, which callers may have written before.
    locked = Activity.objects.select_for_update(of=("self",), no_key=True).get(
        pk=activity.pk
    )
    found = BudgetEntry.objects.filter(activity=locked, key=key).first()
    if found is not None and found.state in COUNTED:
        return found
    spent = get_spent(locked)
    for limit, used, more in (
        (locked.points_limit, spent.reserved_points + spent.booked_points, points),
        (locked.money_limit, spent.reserved_money + spent.booked_money, money),
    ):
        if limit is not None and more and used + more > limit:
            raise BudgetExceeded(
                _("The budget of “%(name)s” does not cover this.")
                % {"name": locked.name}
            )
    values = {
        "state": BudgetEntry.State.RESERVED,
        "points": points,
        "money": money,
        "changed_at": at,
    }
    row, _is_new = BudgetEntry.objects.update_or_create(
        activity=locked, key=key, defaults=values
    )
    return row


def book(*, activity: Activity, key: str, at: datetime) -> bool:
    """Book what was reserved; returns whether it was not booked or released before."""
    rows = BudgetEntry.objects.filter(
        activity=activity, key=key, state=BudgetEntry.State.RESERVED
    )
    return bool(rows.update(state=BudgetEntry.State.BOOKED, changed_at=at))


def release(*, activity: Activity, key: str, at: datetime) -> bool:
    """Free what was promised and is not delivered; returns whether anything was."""
    rows = BudgetEntry.objects.filter(
        activity=activity, key=key, state=BudgetEntry.State.RESERVED
    )
    return bool(rows.update(state=BudgetEntry.State.RELEASED, changed_at=at))


def undo(*, activity: Activity, key: str, at: datetime) -> bool:
    """Free what was delivered and taken back; returns whether it was counted."""
    rows = BudgetEntry.objects.filter(activity=activity, key=key, state__in=COUNTED)
    return bool(rows.update(state=BudgetEntry.State.RELEASED, changed_at=at))


@transaction.atomic
def split(
    *, activity: Activity, key: str, into: Sequence[str], of: int, at: datetime
) -> None:
    """Reserve shares of what is reserved under a key, which is then free.

    Each of `into` gets one `of`-th, which is whole. There are at most `of` shares, so that
    the budget is not exceeded.
    """
    if len(into) > of:
        raise ValueError(f"{len(into)} shares of {of}")
    activities = Activity.objects.select_for_update(of=("self",), no_key=True)
    activities.get(pk=activity.pk)
    rows = BudgetEntry.objects.filter(
        activity=activity, key=key, state=BudgetEntry.State.RESERVED
    )
    for row in rows:
        release(activity=activity, key=key, at=at)
        BudgetEntry.objects.bulk_create(
            BudgetEntry(
                activity=activity,
                key=share,
                state=BudgetEntry.State.RESERVED,
                points=row.points // of,
                money=row.money // of,
                changed_at=at,
            )
            for share in into
        )


@transaction.atomic
def reserve_part(
    *,
    activity: Activity,
    key: str,
    into: str,
    at: datetime,
    points: int = 0,
    money: int = 0,
) -> bool:
    """Move a part of what is reserved under a key to a key of its own.

    What is reserved in all stays the same, so that the activity is not locked. False,
    without a change, if less is reserved under `key`.
    """
    rows = BudgetEntry.objects.filter(
        activity=activity,
        key=key,
        state=BudgetEntry.State.RESERVED,
        points__gte=points,
        money__gte=money,
    )
    if not rows.update(
        points=models.F("points") - points,
        money=models.F("money") - money,
        changed_at=at,
    ):
        return False
    BudgetEntry.objects.create(
        activity=activity,
        key=into,
        state=BudgetEntry.State.RESERVED,
        points=points,
        money=money,
        changed_at=at,
    )
    return True


def get_spent(activity: Activity) -> Spent:
    sums = {
        state: (points or 0, money or 0)
        for state, points, money in BudgetEntry.objects.filter(activity=activity)
        .values("state")
        .annotate(points_sum=models.Sum("points"), money_sum=models.Sum("money"))
        .values_list("state", "points_sum", "money_sum")
    }
    reserved = sums.get(BudgetEntry.State.RESERVED, (0, 0))
    booked = sums.get(BudgetEntry.State.BOOKED, (0, 0))
    return Spent(
        reserved_points=reserved[0],
        booked_points=booked[0],
        points_limit=activity.points_limit,
        reserved_money=reserved[1],
        booked_money=booked[1],
        money_limit=activity.money_limit,
    )
