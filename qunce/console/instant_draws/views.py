"""The pages of an instant draw and of red packets: what is left, and who had what."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_GET

from qunce.activities.activities import activities
from qunce.activities.instant_draws import instant_draws
from qunce.activities.kinds import red_packet
from qunce.console import http
from qunce.console.activities import presenters as activity_presenters
from qunce.console.instant_draws import presenters


@require_GET
@http.page(activities.RUN)
def draw_detail(request: http.Request, pk: int) -> HttpResponse:
    activity = activities.get(by=request.staff, pk=pk)
    draw = instant_draws.get_visible(activity=activity, by=request.staff)
    context = activity_presenters.heading(activity, request) | {
        "draw": draw,
        "prizes": presenters.prize_lines(draw, request.at),
        "seeds": presenters.seed_lines(draw, request.at),
        "tickets": presenters.ticket_lines(request, draw),
    }
    return http.render(request, "console/instant_draws/detail.html", context)


@require_GET
@http.page(activities.RUN)
def packets(request: http.Request, pk: int) -> HttpResponse:
    activity = activities.get(by=request.staff, pk=pk)
    if activity.kind != red_packet.KEY:
        raise activities.not_found()
    context = activity_presenters.heading(activity, request) | {
        "packets": presenters.packet_lines(activity, request.at),
        "shares": presenters.share_lines(activity, by=request.staff, at=request.at),
    }
    return http.render(request, "console/instant_draws/packets.html", context)
