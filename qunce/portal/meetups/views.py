"""Signing up for a meet-up, the code for the entrance, and the event for a calendar."""

from __future__ import annotations

import io

import segno
from django.conf import settings
from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from qunce.activities import calendar_files
from qunce.activities.activities.models import Answer
from qunce.activities.calendar_files import Event
from qunce.portal import http, member_pictures
from qunce.portal.activities import actions as activity_actions
from qunce.portal.activities import views as activity_views
from qunce.portal.meetups import actions

MAX_KEY = 60


@require_POST
@http.page()
def sign_up(request: http.Request, public_id: str) -> HttpResponse:
    """Sign up, and go back to the page, which shows the answer."""
    key = request.POST.get("key", "")[:MAX_KEY]
    reply = actions.sign_up(
        visitor=request.visitor,
        public_id=public_id,
        form=request.POST,
        key=key,
        served=request.POST.get("served", ""),
        at=request.at,
    )
    found = actions.get(request.visitor, public_id)
    account = activity_actions.account_of(request.visitor, found)
    if activity_actions.find_answer(found, account, key) is None:
        answer = Answer(is_accepted=reply.accepted, text=reply.text)
        return activity_views.render_activity(request, found, answer)
    url = reverse("portal:activity", args=[request.place, public_id])
    return http.redirect(f"{url}?key={key}")


@require_safe
@http.page()
def entrance(request: http.Request, public_id: str) -> HttpResponse:
    """The QR code of the visitor's own seat, which staff scan at the entrance."""
    own = actions.get_own(request.visitor, public_id)
    path = reverse(
        "meetups:scanned",
        args=[own.activity_id, own.code],
        urlconf=settings.ROOT_URLCONF,
    )
    address = settings.PUBLIC_URL + path
    if not settings.PUBLIC_URL:
        address = request.build_absolute_uri(path)
    file = io.BytesIO()
    # Dark on white, because cameras need that.
    code = segno.make(address, error="m", micro=False)
    code.save(file, kind="png", scale=8, border=3, light="#fff", dark="#000")
    return HttpResponse(file.getvalue(), content_type="image/png")


@require_safe
@http.page()
def event(request: http.Request, public_id: str) -> HttpResponse:
    """The time and place of the visitor's own seat, for a calendar."""
    own = actions.get_own(request.visitor, public_id)
    activity = own.activity
    content = calendar_files.render(
        Event(
            uid=f"{activity.public_id}-{own.slot.number}@qunce",
            title=activity.name,
            text=activity.text,
            place=activity.settings["place"],
            starts_at=own.slot.starts_at,
            ends_at=own.slot.ends_at,
            changed_at=activity.changed_at,
            url=member_pictures.address(request, f"a/{public_id}"),
        ),
        organiser=request.community.name,
    )
    response = HttpResponse(content, content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="meet-up.ics"'
    return response
