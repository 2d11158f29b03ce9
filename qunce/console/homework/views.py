"""What was handed in, one piece of homework with its reviews, and the file of all."""

from __future__ import annotations

from django.http import HttpResponse
from django.views.decorators.http import require_GET, require_safe

from qunce.activities.activities import activities
from qunce.activities.activities.models import Activity
from qunce.activities.homework import (
    comments,
    hand_ins,
    results,
    submission_files,
    terms,
)
from qunce.activities.homework.models import MAX_COMMENT, Homework
from qunce.console import http
from qunce.console.activities import presenters as activity_presenters
from qunce.console.homework import presenters
from qunce.core import permissions
from qunce.members.search import export


def get_homework(request: http.Request, pk: int) -> Activity:
    """The published homework with this number; another activity has no such page."""
    activity = activities.get(by=request.staff, pk=pk)
    hand_ins.check_homework(activity)
    return activity


@require_GET
@http.page(activities.RUN)
def overview(request: http.Request, pk: int) -> HttpResponse:
    """The submissions on time and late, reviews that are missing, and who is missing."""
    activity = get_homework(request, pk)
    homework = Homework.objects.get(activity=activity)
    homework.activity = activity
    standings = hand_ins.list_visible(
        activity=activity, by=request.staff, at=request.at
    )
    found = results.load(activity, standings, request.at)
    lines = presenters.lines(activity, found)
    progress = results.get_progress(activity, request.at)
    context = activity_presenters.heading(activity, request) | {
        "homework": homework,
        "sections": presenters.by_need(lines),
        "count": len(lines),
        "progress": progress,
        "missing": presenters.list_missing(request, activity, standings),
        "overdue": presenters.list_overdue(request, found),
        "owed": results.count_owed(activity),
        "may_publish": results.is_review_over(homework, request.at)
        and activity.state in results.OPEN
        and progress.scored > progress.graded
        and not progress.to_decide,
        "may_export": permissions.may(request.staff, export.EXPORT),
    }
    return http.render(request, "console/homework/overview.html", context)


@require_GET
@http.page(activities.RUN)
def submission(request: http.Request, pk: int, submission: int) -> HttpResponse:
    """One piece of homework: text, reviews with their authors, score and comments."""
    activity = get_homework(request, pk)
    standing = hand_ins.get(
        activity=activity, pk=submission, by=request.staff, at=request.at
    )
    (found,) = results.load(activity, [standing], request.at)
    (line,) = presenters.lines(activity, [found])
    lowest, highest = activity.settings["lowest"], activity.settings["highest"]
    row = standing.submission
    context = activity_presenters.heading(activity, request) | {
        "line": line,
        "row": row,
        "reviews": presenters.review_lines(request, found),
        "median": "" if found.median is None else terms.score_text(found.median),
        "scores": range(lowest, highest + 1),
        "decided": row.doubled // 2 if row.decided_at and row.doubled else None,
        "may_decide": row.graded_at is None and activity.state in results.OPEN,
        "comments": comments.list_of(row),
        "max_comment": MAX_COMMENT,
        "needed": terms.reviews_needed(activity.settings["reviewers"]),
    }
    return http.render(request, "console/homework/submission.html", context)


@require_safe
@http.page(activities.RUN)
def file(request: http.Request, pk: int) -> HttpResponse:
    """The submissions with their scores, as CSV."""
    activity = get_homework(request, pk)
    content = submission_files.write(activity=activity, by=request.staff, at=request.at)
    response = HttpResponse(content, content_type="text/csv; charset=utf-8")
    name = f"homework-{activity.pk}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
