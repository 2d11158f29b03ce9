"""Handing in homework, reviewing that of others, and writing to staff about one's own."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from qunce.activities import time_texts
from qunce.activities.activities.models import Answer
from qunce.activities.homework.models import (
    MAX_COMMENT,
    Homework,
    PeerReview,
    ReviewState,
)
from qunce.activities.homework.own_pages import may_still_write
from qunce.core import errors
from qunce.portal import http
from qunce.portal.activities import actions as activity_actions
from qunce.portal.activities import views as activity_views
from qunce.portal.homework import actions

MAX_KEY = 60


@require_POST
@http.page()
def hand_in(request: http.Request, public_id: str) -> HttpResponse:
    """Hand in, and go back to the page, which shows the answer.

    What is refused stays in the form.
    """
    key = request.POST.get("key", "")[:MAX_KEY]
    reply = actions.hand_in(
        visitor=request.visitor,
        public_id=public_id,
        form=request.POST,
        key=key,
        served=request.POST.get("served", ""),
        at=request.at,
    )
    if not reply.accepted:
        found = actions.get(request.visitor, public_id)
        answer = Answer(is_accepted=False, text=reply.text)
        typed = {name: request.POST.get(name, "") for name in ("text", "link")}
        return activity_views.render_activity(
            request, found, answer, more={"typed": typed}
        )
    url = reverse("portal:activity", args=[request.place, public_id])
    return http.redirect(f"{url}?key={key}")


@require_safe
@http.page()
def review(request: http.Request, public_id: str, code: str) -> HttpResponse:
    """The homework of somebody else without a name, and a form for the review."""
    row = actions.get_review(request.visitor, public_id, code)
    return _render_review(request, row)


def _render_review(
    request: http.Request,
    row: PeerReview,
    *,
    problem: str = "",
    status: int = 200,
) -> HttpResponse:
    activity = row.submission.activity
    homework = Homework.objects.get(activity=activity)
    score, comment = str(row.score or ""), row.comment
    if problem:
        score, comment = request.POST.get("score", ""), request.POST.get("comment", "")
    lowest, highest = activity.settings["lowest"], activity.settings["highest"]
    context = {
        "activity": activity,
        "row": row,
        # Whose review was given to somebody else has no need to read it.
        "work": None if row.state == ReviewState.WITHDRAWN else row.submission,
        "criteria": activity.settings["criteria"],
        "scores": [
            (str(each), str(each) == score) for each in range(lowest, highest + 1)
        ],
        "comment": comment,
        "max_comment": MAX_COMMENT,
        "problem": problem,
        "may_write": may_still_write(homework, row, request.at),
        "until": time_texts.moment_text(activity, row.due_at),
        "last": time_texts.moment_text(activity, homework.review_due_at),
    }
    page = activity_actions.purpose_of(activity)
    return http.render(
        request, "portal/homework/review.html", context, page=page, status=status
    )


@require_POST
@http.page()
def write_review(request: http.Request, public_id: str, code: str) -> HttpResponse:
    """Store the review; what is refused stays in the form, with what to change."""
    try:
        actions.write_review(
            visitor=request.visitor,
            public_id=public_id,
            code=code,
            score=request.POST.get("score", ""),
            comment=request.POST.get("comment", ""),
            at=request.at,
        )
    except (errors.Invalid, errors.Refused) as error:
        # A visitor without a link, or with one that is not theirs, raises here.
        row = actions.get_review(request.visitor, public_id, code)
        return _render_review(request, row, problem=str(error), status=422)
    url = reverse("portal:activity", args=[request.place, public_id])
    return http.redirect(f"{url}#reviews")


@require_POST
@http.page()
def comment(request: http.Request, public_id: str) -> HttpResponse:
    """Write to staff, and go back to the page, which shows it."""
    actions.write_comment(
        visitor=request.visitor,
        public_id=public_id,
        text=request.POST.get("text", ""),
        at=request.at,
    )
    url = reverse("portal:activity", args=[request.place, public_id])
    return http.redirect(f"{url}#comments")
