"""Actions on a game: ask, close, rule about an answer, decide the winners."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from qunce.activities.activities import activities
from qunce.activities.activities.models import Activity
from qunce.activities.games import payouts, rounds, rulings
from qunce.console import http
from qunce.console.games import views
from qunce.core import errors


def _act(
    request: http.Request, pk: int, verb: Callable[[Activity], tuple[str, int | None]]
) -> HttpResponse:
    """Do it, and go back to the question that it is about."""
    activity = views.get_game(request, pk)
    number = None
    try:
        text, number = verb(activity)
    except errors.NotFound:
        raise
    except errors.QunceError as error:
        http.flash(request, str(error), level="bad")
    else:
        http.flash(request, text)
    url = reverse("games:detail", args=[pk])
    return http.redirect_back(request, f"{url}?round={number}" if number else url)


@require_POST
@http.page(activities.RUN)
def open_next(request: http.Request, pk: int) -> HttpResponse:
    def verb(activity: Activity) -> tuple[str, int | None]:
        row = rounds.open_next(activity=activity, by=request.staff, at=request.at)
        return _("Question %(n)s is open.") % {"n": row.number}, row.number

    return _act(request, pk, verb)


@require_POST
@http.page(activities.RUN)
def close_round(request: http.Request, pk: int, number: int) -> HttpResponse:
    def verb(activity: Activity) -> tuple[str, int | None]:
        row = rounds.get(activity=activity, number=number, by=request.staff)
        rounds.close(row=row, by=request.staff, at=request.at)
        return _("Closed."), number

    return _act(request, pk, verb)


@require_POST
@http.page(activities.RUN)
def rule(request: http.Request, pk: int, answer: int) -> HttpResponse:
    """Let an answer count, or not."""

    def verb(activity: Activity) -> tuple[str, int | None]:
        found = rulings.get(
            activity=activity, pk=answer, by=request.staff, at=request.at
        )
        counts = request.POST.get("counts") == "yes"
        rulings.rule(answer=found, counts=counts, by=request.staff, at=request.at)
        text = _("The answer counts.") if counts else _("The answer does not count.")
        return text, found.round.number

    return _act(request, pk, verb)


@require_POST
@http.page(activities.RUN)
def decide(request: http.Request, pk: int) -> HttpResponse:
    def verb(activity: Activity) -> tuple[str, int | None]:
        payouts.decide_now(activity=activity, by=request.staff, at=request.at)
        return _("Decided. Points are paid within a minute."), None

    return _act(request, pk, verb)
