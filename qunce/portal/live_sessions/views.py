"""Entering the room of a live session, its replay, and the event for a calendar."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from qunce.activities import calendar_files
from qunce.activities.activities.models import Activity, Answer
from qunce.activities.calendar_files import Event
from qunce.activities.live_sessions import replays, sessions
from qunce.portal import http, member_pictures
from qunce.portal.activities import views as activity_views
from qunce.portal.live_sessions import actions

MAX_KEY = 60


@require_POST
@http.page()
def room(request: http.Request, public_id: str) -> HttpResponse:
    """Count the visitor, and lead to the room; refused, the page says why."""
    reply = actions.enter_room(
        visitor=request.visitor,
        public_id=public_id,
        key=request.POST.get("key", "")[:MAX_KEY],
        served=request.POST.get("served", ""),
        at=request.at,
    )
    found = actions.get(request.visitor, public_id)
    url = found.settings["link"]
    if not reply.accepted or not url:
        answer = Answer(is_accepted=reply.accepted, text=reply.text)
        return activity_views.render_activity(request, found, answer)
    return _lead_to(request, found, url, _("The live room"))


@require_POST
@http.page()
def replay(request: http.Request, public_id: str) -> HttpResponse:
    """Count the visitor, and lead to the replay."""
    found = actions.get(request.visitor, public_id)
    try:
        url = actions.watch_replay(
            visitor=request.visitor, public_id=public_id, at=request.at
        )
    except replays.NoReplay as error:
        answer = Answer(is_accepted=False, text=str(error))
        return activity_views.render_activity(request, found, answer)
    return _lead_to(request, found, url, _("The replay"))


def _lead_to(
    request: http.Request, found: Activity, url: str, title: str
) -> HttpResponse:
    """A page with a link, which browsers follow automatically.

    Not a redirect, as our policy lets forms lead to our own pages only.
    """
    context = {"activity": found, "url": url, "title": title}
    response = http.render(request, "portal/live_sessions/room.html", context)
    response["Refresh"] = f"1; url={url}"
    return response


@require_safe
@http.page()
def event(request: http.Request, public_id: str) -> HttpResponse:
    """The time of a live session that the visitor reserved, for a calendar."""
    activity = actions.get_reserved(request.visitor, public_id)
    session = sessions.get(activity)
    content = calendar_files.render(
        Event(
            uid=f"{activity.public_id}-live@qunce",
            title=activity.name,
            text=activity.text,
            place=activity.settings["platform"],
            starts_at=session.starts_at,
            ends_at=session.ends_at,
            changed_at=activity.changed_at,
            url=member_pictures.address(request, f"a/{public_id}"),
        ),
        organiser=request.community.name,
    )
    response = HttpResponse(content, content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="live.ics"'
    return response
