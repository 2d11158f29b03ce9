"""Actions on a draw: further tickets, its public value, a next winner, or void."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from qunce.activities.activities import activities
from qunce.activities.draws import draw_facts, public_values, results, tickets, voids
from qunce.activities.draws.models import Draw
from qunce.console import http
from qunce.console.complaints.views import find_member
from qunce.console.draws import views
from qunce.core import errors


def _act(request: http.Request, pk: int, verb: Callable[[Draw], str]) -> HttpResponse:
    draw = views.get_draw(request, pk)
    http.flash_outcome(request, lambda: verb(draw))
    return http.redirect_back(request, reverse("draws:detail", args=[pk]))


@require_POST
@http.page(activities.MANAGE)
def give_tickets(request: http.Request, pk: int) -> HttpResponse:
    def verb(draw: Draw) -> str:
        account = find_member(request, request.POST.get("member", "")[:200])
        if account is None:
            raise errors.Invalid(_("Name the member."))
        text = request.POST.get("count", "")
        is_number = text.isascii() and text.isdigit() and len(text) < 4
        own = tickets.grant(
            draw=draw,
            account_id=account,
            count=int(text) if is_number else 0,
            reason=request.POST.get("reason", ""),
            by=request.staff,
            at=request.at,
        )
        return _("Their tickets: %(numbers)s") % {"numbers": tickets.list_numbers(own)}

    return _act(request, pk, verb)


@require_POST
@http.page(draw_facts.CLOSE)
def type_figure(request: http.Request, pk: int) -> HttpResponse:
    def verb(draw: Draw) -> str:
        is_drawn = public_values.type_figure(
            draw=draw,
            figure=request.POST.get("figure", "")[:40],
            by=request.staff,
            at=request.at,
        )
        if is_drawn:
            return _("Drawn. The winners are below.")
        return _("Noted. A second person types it now, without seeing yours.")

    return _act(request, pk, verb)


@require_POST
@http.page(draw_facts.CLOSE)
def paste_signature(request: http.Request, pk: int) -> HttpResponse:
    def verb(draw: Draw) -> str:
        signature = request.POST.get("signature", "")[:200]
        public_values.paste_signature(
            draw=draw, signature=signature, by=request.staff, at=request.at
        )
        return _("It is verified in the background, which takes a few seconds.")

    return _act(request, pk, verb)


@require_POST
@http.page(draw_facts.CLOSE)
def draw_again(request: http.Request, pk: int) -> HttpResponse:
    def verb(draw: Draw) -> str:
        text = request.POST.get("k", "")
        is_number = text.isascii() and text.isdigit() and len(text) < 10
        winner = results.draw_again(
            draw=draw,
            k=int(text) if is_number else -1,
            reason=request.POST.get("reason", ""),
            by=request.staff,
            at=request.at,
        )
        if winner is None:
            return _("Nobody is left. The prize returned to the stock.")
        return _("The next winner is drawn.")

    return _act(request, pk, verb)


@require_POST
@http.page(draw_facts.CLOSE)
def declare_void(request: http.Request, pk: int) -> HttpResponse:
    def verb(draw: Draw) -> str:
        reason = request.POST.get("reason", "")
        voids.declare_void(draw=draw, reason=reason, by=request.staff, at=request.at)
        return _("The draw is void. Its certificate stays, with the reason.")

    return _act(request, pk, verb)
