"""The page of a draw: what is published, its list, its public value and its winners."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from qunce.activities.activities import activities
from qunce.activities.draws import certificates, drand, draws, public_values, tickets
from qunce.activities.draws.models import Draw, Source, State
from qunce.activities.kinds import base
from qunce.console import http
from qunce.console.draws import presenters
from qunce.console.draws.forms import PrizesForm, PublicValueForm
from qunce.core import errors
from qunce.members.personal_links import links, portal_settings


def get_draw(request: http.Request, pk: int) -> Draw:
    """The draw of an activity, which is prepared when it is opened as a draft."""
    activity = activities.get(by=request.staff, pk=pk)
    if draws.find(activity) is None and activities.may_manage(request.staff, activity):
        return draws.prepare(activity=activity, by=request.staff, at=request.at)
    return draws.get(activity)


@require_GET
@http.page(activities.RUN)
def draw_detail(request: http.Request, pk: int) -> HttpResponse:
    return render_draw(request, get_draw(request, pk))


def render_draw(
    request: http.Request, draw: Draw, *, status: int = 200, **more: Any
) -> HttpResponse:
    """The page of a draw; `more` has a form with errors."""
    activity = draw.activity
    is_draft = draw.state == State.PREPARED and activity.state == "draft"
    may_change = is_draft and activities.may_manage(request.staff, activity)
    is_waiting = bool(draw.closed_at and not draw.value and draw.tickets_count)
    page = certificate_page(draw)
    context = {
        "draw": draw,
        "activity": activity,
        "tone": presenters.TONES[State(draw.state)],
        "prizes": draw.prizes.select_related("stock"),
        "prizes_form": PrizesForm(draw=draw, by=request.staff) if may_change else None,
        "value_form": PublicValueForm(draw=draw) if may_change else None,
        "sentences": certificates.sentences(draw),
        "removed": presenters.removed_lines(draw),
        "winners": presenters.winner_lines(request, draw) if draw.value else [],
        "winners_text": presenters.winners_text(request, draw, _page_for_members(draw))
        if draw.state == State.DRAWN
        else "",
        "is_waiting": is_waiting,
        "is_figure": draw.source == Source.FIGURE,
        "round_due_at": drand.due_at(draw.drand_round) if draw.drand_round else None,
        "has_typed": public_values.has_typed(draw, request.staff),
        "differ": public_values.differ(draw),
        "may_close": draws.may_close(request.staff),
        "most_tickets": tickets.most_each(activity),
        "may_give_tickets": draw.state == State.OPEN
        and activities.may_manage(request.staff, activity),
        "grants": presenters.grant_lines(request, draw),
        "page": page,
        "notices": [
            (notice, notice.is_outdated(request.at))
            for notice in base.get(draws.KIND).notices
        ],
        "needs_second": draws.needs_second_person(draw),
        "currency": activity.community.currency,
        **more,
    }
    return http.render(request, "console/draws/detail.html", context, status=status)


def certificate_page(draw: Draw) -> str:
    """The whole address of the public certificate, "" before it is published."""
    if draw.state == State.PREPARED:
        return ""
    return links.address(presenters.certificate_url(draw))


def _page_for_members(draw: Draw) -> str:
    """The address of the certificate for a text, "" while members cannot open it."""
    is_reachable = bool(portal_settings.find_address(draw.activity.community))
    return certificate_page(draw) if is_reachable else ""


@require_http_methods(["POST"])
@http.page(activities.MANAGE)
def prizes_update(request: http.Request, pk: int) -> HttpResponse:
    draw = get_draw(request, pk)
    form = PrizesForm(request.POST, draw=draw, by=request.staff)
    if form.is_valid():
        try:
            draws.set_prizes(
                draw=draw, prizes=form.to_prizes(), by=request.staff, at=request.at
            )
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            http.flash(request, _("Saved."))
            return http.redirect_back(request, reverse("draws:detail", args=[pk]))
    return render_draw(request, draw, status=422, prizes_form=form)


@require_http_methods(["POST"])
@http.page(activities.MANAGE)
def public_value_update(request: http.Request, pk: int) -> HttpResponse:
    draw = get_draw(request, pk)
    form = PublicValueForm(request.POST, draw=draw)
    if form.is_valid():
        try:
            draws.set_public_value(
                draw=draw, by=request.staff, at=request.at, **form.cleaned_data
            )
        except errors.QunceError as error:
            form.add_error(None, str(error))
        else:
            http.flash(request, _("Saved."))
            return http.redirect_back(request, reverse("draws:detail", args=[pk]))
    return render_draw(request, draw, status=422, value_form=form)


@require_GET
@http.page(activities.RUN)
def certificate(request: http.Request, pk: int) -> HttpResponse:
    """The certificate as a file, which `qunce draws verify` reads."""
    draw = get_draw(request, pk)
    text = certificates.to_text(draw)
    response = HttpResponse(text, content_type="application/json; charset=utf-8")
    name = f"draw-{draw.activity.public_id}.json"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
