"""The hot list of topics, and all replies to one."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from qunce.activities.topics import hashtag_settings, hot_list, reply_list
from qunce.portal import http
from qunce.portal.activities import actions as activity_actions
from qunce.portal.topics import actions

WINDOWS = frozenset(map(str, hot_list.WINDOWS))


@require_safe
@http.page()
def hot(request: http.Request) -> HttpResponse:
    """The topics by how many people replied, in the window that is chosen."""
    asked = request.GET.get("days", "")
    days = int(asked) if asked in WINDOWS else hot_list.DEFAULT_WINDOW
    content = {
        "rows": actions.rank(request.visitor, days=days, at=request.at),
        "days": days,
    }
    context = {"content": content, "windows": hot_list.WINDOWS}
    return http.render(request, "portal/topics/hot.html", context)


@require_safe
@http.page()
def replies(request: http.Request, public_id: str) -> HttpResponse:
    """The replies to a topic, the newest first, a page at a time, for those who read them."""
    activity = actions.get_readable(request.visitor, public_id)
    asked = request.GET.get("before", "")[:18]
    before = int(asked) if asked.isascii() and asked.isdigit() else None
    page = reply_list.list_public(activity, at=request.at, before=before)
    context = {
        "activity": activity,
        "hashtag": hashtag_settings.written_as(activity),
        "replies": page.rows,
        "next": page.next,
        "is_first": before is None,
    }
    return http.render(
        request,
        "portal/topics/replies.html",
        context,
        page=activity_actions.purpose_of(activity),
    )
