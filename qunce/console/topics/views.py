"""The hot list of topics, and the replies to one of them."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_GET, require_safe

from qunce.activities.activities import activities
from qunce.activities.activities.models import Activity
from qunce.activities.topics import hot_list, replies, reply_files
from qunce.activities.topics.models import ReplyState
from qunce.console import http
from qunce.console.activities import presenters as activity_presenters
from qunce.console.topics import presenters
from qunce.core import permissions
from qunce.members.search import export

WINDOWS = frozenset(map(str, hot_list.WINDOWS))


def get_topic(request: http.Request, pk: int) -> Activity:
    """An activity that is a topic. Raises ActivityNotFound."""
    activity = activities.get(by=request.staff, pk=pk)
    if activity.kind != replies.KIND:
        raise activities.not_found()
    return activity


@require_GET
@http.page(activities.RUN)
def topic_list(request: http.Request) -> HttpResponse:
    """The hot list of a window, and the topics without replies in it."""
    asked = request.GET.get("days", "")
    days = int(asked) if asked in WINDOWS else hot_list.DEFAULT_WINDOW
    context = presenters.topics(request, days=days) | {
        "days": days,
        "windows": hot_list.WINDOWS,
        "may_manage": permissions.may(request.staff, activities.MANAGE),
        "kind": replies.KIND,
    }
    return http.render(request, "console/topics/list.html", context)


@require_GET
@http.page(activities.RUN)
def topic_detail(request: http.Request, pk: int) -> HttpResponse:
    """The replies, the newest first; all, or those in one state."""
    activity = get_topic(request, pk)
    state = request.GET.get("state", "")
    context = activity_presenters.heading(activity, request)
    context |= presenters.replies(
        activity, request, state=state if state in ReplyState.values else ""
    )
    context["may_export"] = permissions.may(request.staff, export.EXPORT)
    return http.render(request, "console/topics/detail.html", context)


@require_safe
@http.page(activities.RUN)
def file(request: http.Request, pk: int) -> HttpResponse:
    """The replies as CSV."""
    activity = get_topic(request, pk)
    content = reply_files.write(activity=activity, by=request.staff, at=request.at)
    response = HttpResponse(content, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="topic-{activity.pk}.csv"'
    return response
