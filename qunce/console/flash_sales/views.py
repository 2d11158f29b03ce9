"""The page of a flash sale: its pieces, reservations, and who waits."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from qunce.activities.activities import activities
from qunce.activities.activities.models import Activity
from qunce.activities.flash_sales import pieces, reservations
from qunce.activities.flash_sales.models import Reservation, State
from qunce.activities.kinds import flash_sale
from qunce.console import http, member_names
from qunce.console.activities import presenters

TONES = {
    State.RESERVED: "warn",
    State.CONFIRMED: "good",
    State.LAPSED: "",
    State.VOID: "bad",
}


def get_sale(request: http.Request, pk: int) -> Activity:
    """The flash sale with this number; another kind of activity has no such page."""
    activity = activities.get(by=request.staff, pk=pk)
    if activity.kind != pieces.KIND:
        raise pieces.SaleNotFound(_("There is no such page."))
    return activity


@require_GET
@http.page(activities.RUN)
def reservation_list(request: http.Request, pk: int) -> HttpResponse:
    activity, by, at = get_sale(request, pk), request.staff, request.at
    rows = reservations.list_visible(activity=activity, by=by, at=at)
    waiters = reservations.list_waiters(activity=activity, by=by, at=at)
    shown = [row.account_id for row in rows] + [row.account_id for row in waiters]
    names = member_names.find(shown)
    sale = pieces.find(activity)
    context = presenters.heading(activity, request) | {
        "sale": sale,
        "rows": [
            (row, names.get(row.account_id, ""), TONES[State(row.state)])
            for row in rows
        ],
        "waiters": [(row, names.get(row.account_id, "")) for row in waiters],
        "count": len(rows),
        "is_sold_out": sale is not None and pieces.is_sold_out(sale, at),
        "waitlist_text": flash_sale.waitlist_text(activity),
    }
    return http.render(request, "console/flash_sales/reservations.html", context)


@require_POST
@http.page(activities.RUN)
def confirm(request: http.Request, pk: int, reservation: int) -> HttpResponse:
    """Confirm a reservation for somebody who paid elsewhere."""

    def verb(row: Reservation) -> str:
        reservations.confirm(reservation=row, by=request.staff, at=request.at)
        return _("Confirmed. The piece is theirs.")

    return _act(request, pk, reservation, verb)


@require_POST
@http.page(activities.RUN)
def declare_void(request: http.Request, pk: int, reservation: int) -> HttpResponse:
    """Take a piece back, with a reason."""

    def verb(row: Reservation) -> str:
        reason = request.POST.get("reason", "")[:1_000]
        reservations.declare_void(
            reservation=row, reason=reason, by=request.staff, at=request.at
        )
        return _("Void. The piece is free again.")

    return _act(request, pk, reservation, verb)


def _act(
    request: http.Request, pk: int, reservation: int, verb: Callable[[Reservation], str]
) -> HttpResponse:
    activity = get_sale(request, pk)
    row = reservations.get(
        activity=activity, pk=reservation, by=request.staff, at=request.at
    )
    http.flash_outcome(request, lambda: verb(row))
    return http.redirect_back(request, reverse("flash_sales:reservations", args=[pk]))
