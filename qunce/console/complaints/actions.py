"""Actions on a case."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from qunce.console import http
from qunce.core import errors
from qunce.core.staff.models import Staff
from qunce.groups.complaints import complaint_list, complaints, ratings
from qunce.groups.complaints.models import Complaint

Verb = Callable[[Complaint], str]


def _act(request: http.Request, pk: int, verb: Verb, *, undo: str = "") -> HttpResponse:
    """Call a verb, and go back to the case with what it returns or refuses."""
    complaint = complaint_list.get(by=request.staff, pk=pk, at=request.at)
    try:
        text = verb(complaint)
    except errors.NotFound:
        raise
    except errors.QunceError as error:
        http.flash(request, str(error), level="bad")
    else:
        http.flash(request, text, undo=reverse(undo, args=[pk]) if undo else None)
    return http.redirect_back(request, reverse("complaints:detail", args=[pk]))


@require_POST
@http.page(complaint_list.MANAGE)
def start(request: http.Request, pk: int) -> HttpResponse:
    def verb(complaint: Complaint) -> str:
        complaints.start(complaint=complaint, by=request.staff, at=request.at)
        return _("The case is in work.")

    return _act(request, pk, verb)


@require_POST
@http.page(complaint_list.MANAGE)
def answer(request: http.Request, pk: int) -> HttpResponse:
    def verb(complaint: Complaint) -> str:
        text = request.POST.get("text", "")
        complaints.answer(
            complaint=complaint, text=text, by=request.staff, at=request.at
        )
        return _("The answer is noted.")

    return _act(request, pk, verb, undo="complaints:reopen")


@require_POST
@http.page(complaint_list.MANAGE)
def close(request: http.Request, pk: int) -> HttpResponse:
    def verb(complaint: Complaint) -> str:
        complaints.close(
            complaint=complaint,
            outcome=request.POST.get("outcome", ""),
            text=request.POST.get("text", ""),
            by=request.staff,
            at=request.at,
        )
        return _("The case is closed.")

    return _act(request, pk, verb, undo="complaints:reopen")


@require_POST
@http.page(complaint_list.MANAGE)
def reopen(request: http.Request, pk: int) -> HttpResponse:
    def verb(complaint: Complaint) -> str:
        complaints.reopen(complaint=complaint, by=request.staff, at=request.at)
        return _("The case is open again.")

    return _act(request, pk, verb)


@require_POST
@http.page(complaint_list.MANAGE)
def assign(request: http.Request, pk: int) -> HttpResponse:
    def verb(complaint: Complaint) -> str:
        staff = _find_staff(request, request.POST.get("staff", ""))
        complaints.assign(
            complaint=complaint, staff=staff, by=request.staff, at=request.at
        )
        return (
            _("%(name)s owns the case now.") % {"name": staff}
            if staff
            else _("Nobody owns the case now.")
        )

    return _act(request, pk, verb)


def _find_staff(request: http.Request, text: str) -> Staff | None:
    if not text:
        return None
    for staff in complaint_list.list_assignable(request.community):
        if str(staff.pk) == text:
            return staff
    raise errors.Invalid(_("Choose a staff member."))


@require_POST
@http.page(complaint_list.MANAGE)
def attach(request: http.Request, pk: int) -> HttpResponse:
    """Add the message whose text has the id `message`."""

    def verb(complaint: Complaint) -> str:
        text = request.POST.get("message", "")
        is_number = text.isascii() and text.isdigit() and len(text) < 19
        complaints.attach(
            complaint=complaint,
            message=int(text) if is_number else 0,
            by=request.staff,
            at=request.at,
        )
        return _("The message is added to the case.")

    return _act(request, pk, verb)


@require_POST
@http.page(complaint_list.MANAGE)
def add_note(request: http.Request, pk: int) -> HttpResponse:
    def verb(complaint: Complaint) -> str:
        text = request.POST.get("text", "")
        complaints.add_note(
            complaint=complaint, text=text, by=request.staff, at=request.at
        )
        return _("The note is saved.")

    return _act(request, pk, verb)


@require_POST
@http.page(complaint_list.MANAGE)
def rate(request: http.Request, pk: int) -> HttpResponse:
    """Note the rating that the member gave to staff."""

    def verb(complaint: Complaint) -> str:
        text = request.POST.get("rating", "")
        ratings.rate(
            complaint=complaint,
            rating=int(text) if text in set("12345") else 0,
            by=request.staff,
            at=request.at,
        )
        return _("The rating is saved.")

    return _act(request, pk, verb)
