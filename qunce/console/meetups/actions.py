"""Actions on a sign-up: check in, take that back, and cancel."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from qunce.activities.activities import activities
from qunce.activities.meetups import attendance, sign_ups
from qunce.activities.meetups.models import How, SignUp
from qunce.console import http
from qunce.console.meetups import views


def _act(
    request: http.Request, pk: int, number: int, verb: Callable[[SignUp], str]
) -> HttpResponse:
    activity = views.get_meetup(request, pk)
    row = sign_ups.get(activity=activity, pk=number, by=request.staff, at=request.at)
    http.flash_outcome(request, lambda: verb(row))
    url = reverse("meetups:sign-ups", args=[pk])
    if is_scanned(request):
        url = reverse("meetups:scanned", args=[pk, row.code])
    return http.redirect_back(request, url)


def is_scanned(request: http.Request) -> bool:
    """Whether it was asked for on the page of a code."""
    return request.POST.get("how") == How.QR


@require_POST
@http.page(activities.RUN)
def check_in(request: http.Request, pk: int, sign_up: int) -> HttpResponse:
    def verb(row: SignUp) -> str:
        attendance.record(
            sign_up=row,
            how=How.QR if is_scanned(request) else How.LIST,
            by=request.staff,
            at=request.at,
        )
        return _("Checked in.")

    return _act(request, pk, sign_up, verb)


@require_POST
@http.page(activities.RUN)
def undo(request: http.Request, pk: int, sign_up: int) -> HttpResponse:
    def verb(row: SignUp) -> str:
        attendance.undo_check_in(sign_up=row, by=request.staff, at=request.at)
        return _("The check-in is undone. The seat stays theirs.")

    return _act(request, pk, sign_up, verb)


@require_POST
@http.page(activities.RUN)
def cancel(request: http.Request, pk: int, sign_up: int) -> HttpResponse:
    def verb(row: SignUp) -> str:
        sign_ups.cancel(sign_up=row, by=request.staff, at=request.at)
        return _("Cancelled. A free seat goes to the next on the waitlist.")

    return _act(request, pk, sign_up, verb)
