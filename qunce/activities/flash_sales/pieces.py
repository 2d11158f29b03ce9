"""The pieces of a flash sale: taken by conditional updates, and passed on to who waits.

Locks come in the order sale, reservation, person, so that nobody waits in a circle.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import models, transaction
from django.utils.translation import gettext as _

from qunce.activities import eligibility
from qunce.activities.activities.models import Activity, Way
from qunce.activities.activities.models import State as ActivityState
from qunce.activities.flash_sales import flash_sale_facts
from qunce.activities.flash_sales.models import FlashSale, Reservation, State, Waiter
from qunce.activities.prizes import stock
from qunce.core import errors
from qunce.core.facts import facts
from qunce.members.accounts import queries as account_queries

if TYPE_CHECKING:
    from qunce.core.staff.models import Staff

KIND = SOURCE = "flash_sale"
BATCH = 500
RUNNING = (ActivityState.RUNNING, ActivityState.PAUSED)


class SaleNotFound(errors.NotFound):
    """The activity is no flash sale, or it is not published."""


class NotEnoughPieces(errors.Refused):
    """The stock has fewer pieces than the sale promises."""


# Reads


def find(activity: Activity) -> FlashSale | None:
    """The pieces of a published sale, None of a draft."""
    rows = FlashSale.objects.select_related("activity__community", "stock")
    return rows.filter(activity=activity).first()  # unique


def get(activity: Activity) -> FlashSale:
    sale = find(activity)
    if sale is None:
        raise SaleNotFound(_("There is no such flash sale."))
    return sale


def hold_of(activity: Activity) -> timedelta:
    return timedelta(minutes=activity.settings.get("hold_minutes") or 15)


def due(sale: FlashSale, at: datetime) -> models.QuerySet[Reservation]:
    """The reservations that nobody confirmed in time and that still hold a piece."""
    return Reservation.objects.filter(
        sale=sale, state=State.RESERVED, held_until__lte=at
    )


def count_free(sale: FlashSale, at: datetime) -> int:
    """What can be reserved now: what is left, and what has lapsed and nobody waits for."""
    waiting = Waiter.objects.filter(sale=sale, state=Waiter.State.WAITING).count()
    return int(sale.left) + max(0, due(sale, at).count() - waiting)


def is_sold_out(sale: FlashSale, at: datetime) -> bool:
    """Whether nothing can be reserved now, also of what lapsed a moment ago."""
    return sale.left < 1 and count_free(sale, at) < 1


def list_active(sale: FlashSale, accounts: Sequence[int]) -> list[Reservation]:
    """What a person has reserved or confirmed, the oldest first."""
    rows = Reservation.objects.filter(
        sale=sale,
        account_id__in=accounts,
        state__in=[State.RESERVED, State.CONFIRMED],
    )
    return list(rows.select_related("sale__activity", "award").order_by("pk"))


def has_most(sale: FlashSale, account_id: int) -> bool:
    """Whether a person has as many pieces as one can have."""
    accounts = account_queries.account_ids_of_person(account_id)
    most: int = sale.activity.settings["most"]
    return len(list_active(sale, accounts)) >= most


# Changes, in the caller's transaction


def take(sale: FlashSale) -> bool:
    """Take one piece; False, without a change, if none is left."""
    rows = FlashSale.objects.filter(pk=sale.pk, left__gte=1)
    return bool(rows.update(left=models.F("left") - 1))


def create(
    sale: FlashSale,
    account_id: int,
    *,
    way: Way | str,
    by: Staff | None,
    at: datetime,
    from_waitlist: bool = False,
) -> Reservation:
    """Reserve a piece that was taken, for the time that members have read."""
    accounts = account_queries.account_ids_of_person(account_id)
    own = Reservation.objects.filter(sale=sale, account_id__in=accounts)
    last = own.aggregate(n=models.Max("n"))["n"] or 0
    row = Reservation.objects.create(
        sale=sale,
        account_id=account_id,
        person_id=accounts[0],
        n=last + 1,
        source=way,
        from_waitlist=from_waitlist,
        at=at,
        held_until=at + hold_of(sale.activity),
        by=by,
    )
    fact = flash_sale_facts.FlashSaleReserved(
        account=account_id,
        activity=sale.pk,
        reservation=row.pk,
        from_waitlist=from_waitlist,
    )
    facts.record(fact, community=sale.activity.community, by=by, at=at)
    return row


def lock(sale: FlashSale) -> FlashSale:
    """The sale as it is now; nobody else changes its pieces until the transaction ends."""
    rows = FlashSale.objects.select_for_update(of=("self",), no_key=True)
    sale.refresh_from_db(from_queryset=rows)
    return sale


def end(
    row: Reservation,
    state: State,
    *,
    by: Staff | None,
    at: datetime,
    reason: str = "",
) -> bool:
    """End a reservation that still holds a piece, and record that; False if it does not."""
    rows = Reservation.objects.filter(pk=row.pk, state=State.RESERVED)
    if state == State.LAPSED:
        rows = rows.filter(held_until__lte=at)
    if not rows.update(state=state, ended_at=at, reason=reason):
        return False
    record_lapsed(row, by, at, is_void=state == State.VOID)
    return True


def record_lapsed(
    row: Reservation, by: Staff | None, at: datetime, *, is_void: bool
) -> None:
    fact = flash_sale_facts.FlashSaleLapsed(
        account=row.account_id,
        activity=row.sale_id,
        reservation=row.pk,
        is_void=is_void,
    )
    facts.record(fact, community=row.sale.activity.community, by=by, at=at)


def pass_on(sale: FlashSale, at: datetime) -> None:
    """Give a piece that became free to the next who waits, else back; the sale is locked."""
    activity = Activity.objects.select_related("community").get(pk=sale.pk)
    is_over = activity.ends_at is not None and activity.ends_at <= at
    if activity.state not in RUNNING or is_over:
        FlashSale.objects.filter(pk=sale.pk).update(total=models.F("total") - 1)
        stock.give_back(stock_id=sale.stock_id)
        return
    waiting = Waiter.objects.filter(sale=sale, state=Waiter.State.WAITING)
    for waiter in waiting.order_by("pk"):
        chosen = waiting.filter(pk=waiter.pk)
        out = eligibility.find_uncounted(activity.community, [waiter.account_id], at=at)
        if out or has_most(sale, waiter.account_id):
            chosen.update(state=Waiter.State.GONE)
        elif chosen.update(state=Waiter.State.OFFERED):
            create(
                sale,
                waiter.account_id,
                way=waiter.source,
                by=None,
                at=at,
                from_waitlist=True,
            )
            return
    FlashSale.objects.filter(pk=sale.pk).update(left=models.F("left") + 1)


@transaction.atomic
def lapse(sale: FlashSale, at: datetime) -> int:
    """Pass on what nobody confirmed in time; returns how many pieces.

    It is judged when somebody reserves, too, and so does not wait for the job.
    """
    if not due(sale, at).exists():
        return 0
    lock(sale)
    lapsed = 0
    rows = due(sale, at).select_related("sale__activity__community")
    for row in rows.order_by("held_until", "pk")[:BATCH]:
        if end(row, State.LAPSED, by=None, at=at):
            pass_on(sale, at)
            lapsed += 1
    sale.refresh_from_db()
    return lapsed


# The steps of the activity


def publish(activity: Activity, prize: int, count: int) -> None:
    """Take the pieces out of the stock; raises NotEnoughPieces."""
    if not stock.take(stock_id=prize, count=count):
        raise NotEnoughPieces(_("The stock has fewer pieces than that. Add stock."))
    FlashSale.objects.create(activity=activity, stock_id=prize, total=count, left=count)


def give_back_left(activity: Activity) -> None:
    """Return what was not reserved to the stock, when the activity is over."""
    sale = lock(get(activity))
    if left := sale.left:
        FlashSale.objects.filter(pk=sale.pk, left=left).update(
            left=0, total=models.F("total") - left
        )
        stock.give_back(stock_id=sale.stock_id, count=left)


# The clock


def lapse_due(*, at: datetime) -> int:
    """Pass on the pieces of all sales that nobody confirmed in time; returns how many."""
    rows = Reservation.objects.filter(state=State.RESERVED, held_until__lte=at)
    ids = list(rows.order_by().values_list("sale", flat=True).distinct()[:BATCH])
    sales = FlashSale.objects.select_related("activity__community", "stock")
    return sum(lapse(sale, at) for sale in sales.filter(pk__in=ids).order_by("pk"))
