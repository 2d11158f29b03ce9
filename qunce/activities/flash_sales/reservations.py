"""Reservations of a flash sale: made, waited for, confirmed, and declared void."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import IntegrityError, models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.activities.activities import activities
from qunce.activities.activities.models import OPEN, Activity, Way
from qunce.activities.flash_sales import flash_sale_facts, pieces
from qunce.activities.flash_sales.models import (
    ConfirmedBy,
    FlashSale,
    Reservation,
    State,
    Waiter,
)
from qunce.activities.points import spending
from qunce.activities.prizes import awards, claims, sources
from qunce.activities.prizes.models import Award, PrizeStock
from qunce.core import errors, names, text_validation
from qunce.core.facts import facts
from qunce.members.accounts import queries as account_queries
from qunce.members.people import visibility

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff

MAX_REASON, MAX_LAPSED = 200, 3


class ReservationNotFound(errors.NotFound):
    """There is no such reservation, or it is of a member whom the staff do not see."""


class CannotReserve(errors.Refused):
    """It is sold out or held, or the person has as many as one can have."""


class SoldOut(CannotReserve):
    """All pieces are reserved or sold."""


class CannotConfirm(errors.Refused):
    """The reservation has lapsed, or is not confirmed in this way."""


# Verbs


@transaction.atomic
def reserve(
    *,
    activity: Activity,
    account_id: int,
    way: Way,
    by: Staff | None,
    at: datetime,
) -> Reservation:
    """Hold one piece for the account; raises CannotReserve.

    The kind calls it in the transaction in which eligibility was judged.
    """
    sale = pieces.get(activity)
    if sale.stock.archived_at is not None:
        raise CannotReserve(
            _("“%(prize)s” is not offered at the moment.") % {"prize": sale.stock.name}
        )
    pieces.lapse(sale, at)
    if not pieces.take(sale):
        raise SoldOut(sold_out_text())
    # Taking has locked the sale, so that nobody exceeds the limit with two taps.
    accounts = account_queries.account_ids_of_person(account_id)
    own = Counter(
        Reservation.objects.filter(sale=sale, account_id__in=accounts).values_list(
            "state", flat=True
        )
    )
    most = activity.settings["most"]
    if own[State.RESERVED] + own[State.CONFIRMED] >= most:
        raise CannotReserve(most_text(activity))
    if own[State.LAPSED] >= MAX_LAPSED:
        raise CannotReserve(
            _("You let %(n)s reservations lapse. Please ask our staff.")
            % {"n": MAX_LAPSED}
        )
    return pieces.create(sale, account_id, way=way, by=by, at=at)


def most_text(activity: Activity) -> str:
    text = _("You have reached the limit per person: %(n)s.")
    return text % {"n": activity.settings["most"]}


def sold_out_text() -> str:
    return _(
        "Sold out. Write “flash sale waitlist” to get a piece that somebody does not "
        "confirm."
    )


@transaction.atomic
def wait(*, activity: Activity, account_id: int, way: Way, at: datetime) -> int:
    """Put the person on the waitlist, once; returns how many are before them.

    Raises CannotReserve for somebody who has as many pieces as one can have.
    """
    sale = pieces.get(activity)
    if pieces.has_most(sale, account_id):
        raise CannotReserve(most_text(activity))
    accounts = account_queries.account_ids_of_person(account_id)
    row = Waiter.objects.filter(sale=sale, account_id__in=accounts).first()  # one
    if row is None:
        try:
            with transaction.atomic():
                row = Waiter.objects.create(
                    sale=sale,
                    account_id=account_id,
                    person_id=accounts[0],
                    source=way,
                    at=at,
                )
        except IntegrityError:
            row = Waiter.objects.get(sale=sale, person_id=accounts[0])
    elif row.state != Waiter.State.WAITING:
        # They had a piece and let it lapse: now they are the last.
        Waiter.objects.filter(pk=row.pk).delete()
        return wait(activity=activity, account_id=account_id, way=way, at=at)
    before = Waiter.objects.filter(sale=sale, state=Waiter.State.WAITING, pk__lt=row.pk)
    return before.count()


@transaction.atomic
def confirm_with_points(*, reservation: Reservation, at: datetime) -> None:
    """Pay a reservation with the points of its member; raises CannotConfirm."""
    price = reservation.sale.activity.settings.get("price_points")
    if price is None:
        raise CannotConfirm(_("This is not paid with points. Please ask our staff."))
    _confirm(reservation, ConfirmedBy.POINTS, by=None, at=at, points=price)


@transaction.atomic
def confirm(*, reservation: Reservation, by: Staff, at: datetime) -> None:
    """Confirm a reservation as staff, such as for somebody who paid in the shop."""
    _check_visible(reservation, by, at)
    _confirm(reservation, ConfirmedBy.STAFF, by=by, at=at)


def _confirm(
    row: Reservation,
    way: ConfirmedBy,
    *,
    by: Staff | None,
    at: datetime,
    points: int = 0,
    order_fact: int | None = None,
) -> None:
    # The job that lapses it at this moment tests the same condition the other way.
    held = Reservation.objects.filter(
        pk=row.pk, state=State.RESERVED, held_until__gt=at
    )
    if not held.update(
        state=State.CONFIRMED,
        confirmed_by=way,
        ended_at=at,
        points=points,
        order_fact=order_fact,
    ):
        raise CannotConfirm(
            _("This reservation is over. Reserve again if there is a piece left.")
        )
    _hand_out(row, way, by=by, at=at, points=points)


def _hand_out(
    row: Reservation, way: ConfirmedBy, *, by: Staff | None, at: datetime, points: int
) -> None:
    if points:
        spending.spend(
            account_id=row.account_id,
            amount=points,
            key=_key_of_spend(row),
            by=None,
            at=at,
            reason=row.sale.activity.name,
        )
    award = awards.award(
        stock=row.sale.stock,
        account_id=row.account_id,
        source=pieces.SOURCE,
        source_key=str(row.pk),
        at=at,
        by=by,
        is_taken=True,
    )
    Reservation.objects.filter(pk=row.pk).update(award=award)
    fact = flash_sale_facts.FlashSaleConfirmed(
        account=row.account_id,
        activity=row.sale_id,
        reservation=row.pk,
        confirmed_by=way,
        points=points,
    )
    facts.record(fact, community=row.sale.activity.community, by=by, at=at)
    row.refresh_from_db()


@transaction.atomic
def declare_void(
    *, reservation: Reservation, reason: str, by: Staff, at: datetime
) -> None:
    """Take a piece back with a reason, also a confirmed one that is not handed over.

    A reserved piece goes to the next on the waitlist. A confirmed one returns to the stock,
    and its points to the member.
    """
    _check_visible(reservation, by, at)
    text = names.clean(reason)
    if not text or len(text) > MAX_REASON or not text_validation.is_valid(text):
        raise errors.Invalid(
            _("Give a reason with at most %(n)s characters.") % {"n": MAX_REASON}
        )
    pieces.lock(reservation.sale)
    if pieces.end(reservation, State.VOID, by=by, at=at, reason=text):
        pieces.pass_on(reservation.sale, at)
    else:
        reservation.refresh_from_db()
        award = reservation.award
        if reservation.state != State.CONFIRMED or award is None:
            raise CannotConfirm(_("This reservation is over already."))
        claims.take_back(award=award, reason=text, by=by, at=at, is_next=False)
        Reservation.objects.filter(pk=reservation.pk).update(reason=text)
    reservation.refresh_from_db()


def cancel(activity: Activity, at: datetime) -> None:
    """Declare all that is only reserved void, when the activity is cancelled."""
    sale = pieces.find(activity)
    if sale is None:
        return
    pieces.lock(sale)
    rows = Reservation.objects.filter(sale=sale, state=State.RESERVED)
    for row in rows.select_related("sale__activity__community").order_by("pk"):
        if pieces.end(row, State.VOID, by=None, at=at):
            pieces.pass_on(sale, at)
    pieces.give_back_left(activity)


# Orders


def confirm_by_orders(
    *,
    community: Community,
    paid: Iterable[tuple[int, int, int, datetime]],
    at: datetime,
) -> int:
    """Confirm what orders have paid: number of the fact, account, amount, time of payment.

    One order confirms one reservation, which was held when it was paid. Returns how many.
    """
    orders = list(paid)
    # An import has orders of thousands, of whom few hold a piece, or nobody.
    holders = _list_holders(community, [row[3] for row in orders])
    confirmed = 0
    for fact, account_id, amount, paid_at in orders:
        if account_id not in holders:
            continue
        accounts = account_queries.account_ids_of_person(account_id)
        rows = Reservation.objects.filter(
            sale__activity__community=community,
            account_id__in=accounts,
            order_fact__isnull=True,
            state__in=[State.RESERVED, State.LAPSED],
            at__lte=paid_at,
            held_until__gt=paid_at,
        ).select_related("sale__activity__community", "sale__stock")
        for row in rows.order_by("pk"):
            least = row.sale.activity.settings.get("order_amount")
            if least is None or amount < least:
                continue
            confirmed += _confirm_by_order(row, fact, paid_at, at)
            break
    return confirmed


def _list_holders(community: Community, times: Sequence[datetime]) -> set[int]:
    """All accounts of people who held an unpaid piece at one of the times or between."""
    if not times:
        return set()
    rows = Reservation.objects.filter(
        sale__activity__community=community,
        order_fact__isnull=True,
        state__in=[State.RESERVED, State.LAPSED],
        at__lte=max(times),
        held_until__gt=min(times),
    )
    found = rows.values_list("account_id", flat=True).distinct()
    people = account_queries.accounts_by_person(found)
    return {account for own in people.values() for account in own}


@transaction.atomic
def _confirm_by_order(
    row: Reservation, fact: int, paid_at: datetime, at: datetime
) -> bool:
    # An order is reported minutes after it was paid: the time of payment counts.
    pieces.lock(row.sale)
    row.refresh_from_db(fields=["state"])
    rows = Reservation.objects.filter(
        pk=row.pk, order_fact__isnull=True, held_until__gt=paid_at
    )
    values = {"order_fact": fact, "ended_at": at, "confirmed_by": ConfirmedBy.ORDER}
    if row.state == State.LAPSED and not pieces.take(row.sale):
        # It went to somebody else: staff see that it is paid, and decide.
        rows.filter(state=State.LAPSED).update(order_fact=fact)
        return False
    if not rows.filter(state=row.state).update(state=State.CONFIRMED, **values):
        raise CannotConfirm(str(row.pk))
    _hand_out(row, ConfirmedBy.ORDER, by=None, at=at, points=0)
    return True


# Prizes that return


def _take_back(award: Award, at: datetime) -> None:
    """Void the reservation of an award that returned to the stock, and restore the points."""
    rows = Reservation.objects.filter(award=award, state=State.CONFIRMED)
    for row in rows.select_related("sale__activity__community"):
        if not rows.filter(pk=row.pk).update(state=State.VOID, ended_at=at):
            continue
        FlashSale.objects.filter(pk=row.sale_id).update(total=models.F("total") - 1)
        community = row.sale.activity.community
        # Erased members have no points any more, and their spends have no key.
        if row.points and not account_queries.find_erased([row.account_id]):
            spending.restore(
                community=community, key=_key_of_spend(row), by=None, at=at
            )
        pieces.record_lapsed(row, None, at, is_void=True)


def _key_of_spend(row: Reservation) -> str:
    return f"flash_sale/{row.pk}"


def _nothing(award: Award, at: datetime) -> None:
    """Nothing follows from the hand-over."""


def _is_promised(prize: PrizeStock) -> bool:
    rows = FlashSale.objects.filter(stock=prize, activity__state__in=OPEN)
    return rows.exists()


def _count_reserved(community: Community) -> Counter[int]:
    """What sales hold and have not awarded: pieces left, and reserved ones."""
    counts: Counter[int] = Counter()
    sales = FlashSale.objects.filter(activity__community=community)
    for stock, left in sales.values_list("stock", "left"):
        counts[stock] += left
    held = Reservation.objects.filter(
        sale__activity__community=community, state=State.RESERVED
    )
    counts.update(held.values_list("sale__stock", flat=True))
    return counts


sources.register(
    sources.Source(
        key=pieces.SOURCE,
        delivered=_nothing,
        returned=_take_back,
        promises=_is_promised,
        count_reserved=_count_reserved,
        awarded_text=gettext_lazy("Yours from the flash sale: %(prize)s."),
    )
)


# Reads


_SELECTED = Reservation.objects.select_related(
    "sale__activity__community", "sale__stock", "award", "by"
)


def _check_visible(reservation: Reservation, by: Staff, at: datetime) -> None:
    activities.check_may_run(by, reservation.sale.activity)
    visibility.check_visible(by=by, accounts=[reservation.account_id], at=at)


def list_visible(
    *, activity: Activity, by: Staff, at: datetime, limit: int = 500
) -> list[Reservation]:
    """The newest reservations of members whom `by` sees."""
    activities.check_may_run(by, activity)
    rows = _SELECTED.filter(sale=activity.pk).order_by("-pk")
    return list(visibility.filter_rows(rows, by=by, at=at)[:limit])


def list_waiters(
    *, activity: Activity, by: Staff, at: datetime, limit: int = 500
) -> list[Waiter]:
    """The waitlist in its order, of members whom `by` sees."""
    activities.check_may_run(by, activity)
    rows = Waiter.objects.filter(sale=activity.pk, state=Waiter.State.WAITING)
    return list(visibility.filter_rows(rows.order_by("pk"), by=by, at=at)[:limit])


def get(*, activity: Activity, pk: int, by: Staff, at: datetime) -> Reservation:
    """The reservation with this number, of a member whom `by` sees."""
    activities.check_may_run(by, activity)
    row = _SELECTED.filter(sale=activity.pk, pk=pk).first()  # unique
    if row is None or not visibility.filter_visible(
        by=by, accounts=[row.account_id], at=at
    ):
        raise ReservationNotFound(_("There is no such reservation."))
    return row


def find_own(
    community: Community, public_id: str, accounts: Sequence[int]
) -> Reservation:
    """The person's own reservation with this public id."""
    rows = _SELECTED.filter(
        sale__activity__community=community,
        public_id=public_id,
        account_id__in=accounts,
    )
    row = rows.first()  # unique
    if row is None:
        raise ReservationNotFound(_("There is no such reservation."))
    return row
