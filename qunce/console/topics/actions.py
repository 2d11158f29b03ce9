"""Actions on replies, and starting a topic from an idea."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from qunce.activities.activities import activities
from qunce.activities.topics import replies
from qunce.activities.topics.models import ReplyState, TopicReply
from qunce.console import http
from qunce.console.topics import idea_topics, views
from qunce.outreach.ideas import ideas


def _act(
    request: http.Request, pk: int, number: int, verb: Callable[[TopicReply], str]
) -> HttpResponse:
    """Do it, and go back to the list as it was filtered."""
    activity = views.get_topic(request, pk)
    row = replies.get(activity=activity, pk=number, by=request.staff, at=request.at)
    http.flash_outcome(request, lambda: verb(row))
    url = reverse("topics:detail", args=[pk])
    state = request.POST.get("state", "")
    return http.redirect_back(
        request, f"{url}?state={state}" if state in ReplyState.values else url
    )


@require_POST
@http.page(activities.RUN)
def hide(request: http.Request, pk: int, reply: int) -> HttpResponse:
    def verb(row: TopicReply) -> str:
        replies.hide(
            reply=row,
            reason=request.POST.get("reason", ""),
            by=request.staff,
            at=request.at,
        )
        return _("Hidden. Members do not see the reply, and it does not count.")

    return _act(request, pk, reply, verb)


@require_POST
@http.page(activities.RUN)
def show(request: http.Request, pk: int, reply: int) -> HttpResponse:
    def verb(row: TopicReply) -> str:
        replies.show(
            reply=row,
            by=request.staff,
            at=request.at,
            version=request.POST.get("version"),
        )
        return _("Members see the reply now.")

    return _act(request, pk, reply, verb)


@require_POST
@http.page(activities.MANAGE)
def start_from_idea(request: http.Request, pk: int) -> HttpResponse:
    """One tap; then the form of the topic, for its groups and dates."""
    idea = ideas.get(by=request.staff, pk=pk)
    activity = idea_topics.start(idea=idea, by=request.staff, at=request.at)
    http.flash(request, _("The topic is a draft. Check its hashtag, groups and dates."))
    return http.redirect_back(request, reverse("activities:update", args=[activity.pk]))
