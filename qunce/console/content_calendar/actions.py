"""Moving an entry of the calendar: a form, which the mouse and keys fill in as well."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from qunce.console import http
from qunce.console.content_calendar.forms import MoveForm
from qunce.core import errors, timestamps
from qunce.outreach.content_calendar import moves
from qunce.outreach.series.models import Series

MAX_MICROS = 10**16


@require_http_methods(["GET", "POST"])
@http.page()
def move(request: http.Request, key: str) -> HttpResponse:
    now_at = moves.find_time(key=key, by=request.staff)
    local = timezone.localtime(now_at)
    initial = {"day": local.date(), "time": local.time()}
    form = MoveForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        is_drag = "dragged" in request.POST
        try:
            before = moves.move(
                key=key, to=form.to_moment(), by=request.staff, at=request.at
            )
        except errors.Invalid as error:
            if is_drag:
                # The form is not on the page; the message says why it stays.
                http.flash(request, str(error), level="bad")
                return _to_week(request, now_at)
            form.add_error(None, str(error))
        else:
            _report(request, key, before, form.to_moment())
            return _to_week(request, form.to_moment())
    name, thing = moves.describe(key=key, by=request.staff)
    is_series = isinstance(thing, Series)
    view = "series:detail" if is_series else "outreach:campaign-detail"
    context = {
        "form": form,
        "name": name,
        "now_at": now_at,
        "is_series": is_series,
        "url": reverse(view, args=[thing.pk]),
        "week": f"{reverse('content_calendar:week')}?day={local:%Y-%m-%d}",
    }
    status = 422 if request.method == "POST" else 200
    template = "console/content_calendar/move.html"
    return http.render(request, template, context, status=status)


@require_POST
@http.page()
def move_back(request: http.Request, key: str, micros: int) -> HttpResponse:
    """Undo a move: the time is the one before it."""
    if micros > MAX_MICROS:
        raise moves.EntryNotFound(_("There is no such entry in the calendar."))
    to = timestamps.from_micros(micros)
    try:
        moves.move(key=key, to=to, by=request.staff, at=request.at)
    except errors.Invalid as error:
        http.flash(request, str(error), level="bad")
    else:
        http.flash(request, _("It is back at its time."))
    return _to_week(request, to)


def _report(request: http.Request, key: str, before: datetime, to: datetime) -> None:
    name, _thing = moves.describe(key=key, by=request.staff)
    micros = timestamps.to_micros(before)
    http.flash(
        request,
        _("“%(name)s” is moved to %(time)s.")
        % {"name": name, "time": f"{timezone.localtime(to):%Y-%m-%d %H:%M}"},
        undo=reverse("content_calendar:back", args=[key, micros]),
    )


def _to_week(request: http.Request, moment: datetime) -> HttpResponse:
    day = f"{timezone.localtime(moment):%Y-%m-%d}"
    back = request.POST.get("week", "")
    # Where it was dragged, the same week is shown again.
    shown = back if len(back) == len(day) and back.isascii() else day
    url = f"{reverse('content_calendar:week')}?day={shown}"
    return http.redirect_back(request, url)
