"""Actions of typed numbers."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from qunce.console import http
from qunce.insight.typed_numbers import reminders


@require_POST
@http.page(reminders.MANAGE)
def set_reminder(request: http.Request) -> HttpResponse:
    text = request.POST.get("hour", "")
    # Anything but an hour is refused by the verb.
    hour = None if text == "never" else int(text) if text.isdecimal() else -1
    reminders.set_hour(
        community=request.community, hour=hour, by=request.staff, at=request.at
    )
    http.flash(
        request,
        _("Today never asks for numbers.")
        if hour is None
        else _("Today asks for missing numbers from %(hour)s on.")
        % {"hour": f"{hour:02}:00"},
    )
    return http.redirect_back(request, reverse("typed_numbers:grid"))
