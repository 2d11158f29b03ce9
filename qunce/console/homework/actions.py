"""Actions on homework: decide a score, write to the author, and publish the results."""

from __future__ import annotations

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from qunce.activities.activities import activities
from qunce.activities.homework import comments, hand_ins, results
from qunce.activities.homework.models import Submission
from qunce.console import http
from qunce.console.homework import views


def _get(request: http.Request, pk: int, number: int) -> Submission:
    activity = views.get_homework(request, pk)
    found = hand_ins.get(activity=activity, pk=number, by=request.staff, at=request.at)
    row = found.submission
    row.activity = activity
    return row


def _read_score(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else None


def _read_version(text: str) -> int | None:
    """The version that the form was about, None for a form that names none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


@require_POST
@http.page(activities.RUN)
def decide(request: http.Request, pk: int, submission: int) -> HttpResponse:
    row = _get(request, pk, submission)

    def verb() -> str:
        results.decide(
            submission=row,
            score=_read_score(request.POST.get("score", "")),
            reason=request.POST.get("reason", ""),
            by=request.staff,
            at=request.at,
            version=_read_version(request.POST.get("version", "")),
        )
        return _("Decided. The author reads it when the results are published.")

    http.flash_outcome(request, verb)
    return http.redirect_back(
        request, reverse("homework:submission", args=[pk, submission])
    )


@require_POST
@http.page(activities.RUN)
def comment(request: http.Request, pk: int, submission: int) -> HttpResponse:
    row = _get(request, pk, submission)

    def verb() -> str:
        comments.write_as_staff(
            submission=row,
            text=request.POST.get("text", ""),
            by=request.staff,
            at=request.at,
        )
        return _("Sent to the author.")

    http.flash_outcome(request, verb)
    return http.redirect_back(
        request, reverse("homework:submission", args=[pk, submission])
    )


@require_POST
@http.page(activities.RUN)
def publish(request: http.Request, pk: int) -> HttpResponse:
    activity = views.get_homework(request, pk)

    def verb() -> str:
        count = results.publish(activity=activity, by=request.staff, at=request.at)
        text = ngettext(
            "%(n)s result is published.", "%(n)s results are published.", count
        )
        return text % {"n": f"{count:,}"}

    http.flash_outcome(request, verb)
    return http.redirect_back(request, reverse("homework:overview", args=[pk]))
