"""Actions on cases and appeals."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from qunce.console import http
from qunce.core.state_machine import WrongState
from qunce.groups.moderation.cases import cases
from qunce.groups.moderation.judgements import pasted_messages
from qunce.groups.moderation.models import Case
from qunce.groups.moderation.moderation_permissions import DECIDE
from qunce.groups.moderation.staff_decisions import appeals, case_decisions


def _number(request: http.Request, name: str) -> int | None:
    text = request.POST.get(name, "").strip()
    if not text:
        return None
    return int(text) if text.isascii() and text.isdigit() and len(text) < 8 else -1


def _back(request: http.Request, case: Case) -> HttpResponse:
    """To the next case of the queue, or to the page of the case."""
    if request.POST.get("from") == "queue":
        url = reverse("moderation:queue")
        following = request.POST.get("next", "")
        if following.isascii() and following.isdigit():
            url += f"?case={following}"
        return http.redirect_back(request, url)
    return http.redirect_back(request, reverse("moderation:case", args=[case.number]))


@require_POST
@http.page(DECIDE)
def confirm(request: http.Request, number: int) -> HttpResponse:
    case = cases.get(by=request.staff, number=number, at=request.at)
    rung = request.POST.get("rung") or None
    try:
        case_decisions.confirm(
            case=case,
            rung=rung,
            minutes=_number(request, "minutes"),
            by=request.staff,
            at=request.at,
        )
    except WrongState:
        return _decided_already(request, case)
    http.flash(
        request,
        _("Case %(n)s is confirmed.") % {"n": number},
        undo=reverse("moderation:undo", args=[number]) + "?from=queue",
    )
    return _back(request, case)


@require_POST
@http.page(DECIDE)
def dismiss(request: http.Request, number: int) -> HttpResponse:
    case = cases.get(by=request.staff, number=number, at=request.at)
    try:
        case_decisions.dismiss(
            case=case,
            reason=request.POST.get("reason", ""),
            by=request.staff,
            at=request.at,
        )
    except WrongState:
        return _decided_already(request, case)
    http.flash(
        request,
        _("Case %(n)s is dismissed.") % {"n": number},
        undo=reverse("moderation:reopen", args=[number]),
    )
    return _back(request, case)


def _decided_already(request: http.Request, case: Case) -> HttpResponse:
    """Somebody else was faster."""
    text = _("Case %(n)s is decided already.") % {"n": case.number}
    http.flash(request, text, level="warn")
    return _back(request, case)


@require_POST
@http.page(DECIDE)
def reopen(request: http.Request, number: int) -> HttpResponse:
    case = cases.get(by=request.staff, number=number, at=request.at)
    case_decisions.reopen(case=case, by=request.staff, at=request.at)
    http.flash(request, _("Case %(n)s waits again.") % {"n": number})
    return http.redirect_back(request, f"{reverse('moderation:queue')}?case={number}")


@require_POST
@http.page(DECIDE)
def undo(request: http.Request, number: int) -> HttpResponse:
    case = cases.get(by=request.staff, number=number, at=request.at)
    case_decisions.undo(
        case=case,
        reason=request.POST.get("reason", ""),
        by=request.staff,
        at=request.at,
    )
    text = _("Case %(n)s is undone. A deleted message does not come back.")
    http.flash(request, text % {"n": number})
    return http.redirect_back(request, reverse("moderation:case", args=[number]))


@require_POST
@http.page(DECIDE)
def remove(request: http.Request, number: int) -> HttpResponse:
    """Out of the group and on the blacklist, for pasted messages."""
    case = cases.get(by=request.staff, number=number, at=request.at)
    try:
        pasted_messages.remove(case=case, by=request.staff, at=request.at)
    except WrongState:
        return _decided_already(request, case)
    text = _("“%(name)s” is on the blacklist. What the channel cannot do is a task.")
    http.flash(
        request,
        text % {"name": case.author_name or "—"},
        undo=reverse("moderation:undo", args=[number]) + "?from=queue",
    )
    return _back(request, case)


@require_POST
@http.page(DECIDE)
def answer(request: http.Request, pk: int) -> HttpResponse:
    appeal = appeals.get(by=request.staff, pk=pk, at=request.at)
    appeals.answer(
        appeal=appeal,
        overturn=request.POST.get("decision") == "overturn",
        answer=request.POST.get("answer", ""),
        by=request.staff,
        at=request.at,
    )
    http.flash(request, _("The appeal is answered."))
    return http.redirect_back(request, reverse("moderation:appeal-list"))
