"""Messages to members about their homework, in the active language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from qunce.activities import time_texts
from qunce.activities.activities.models import Activity, State
from qunce.activities.homework import homework_facts, terms
from qunce.activities.homework.models import Homework, Submission

if TYPE_CHECKING:
    from qunce.core.facts.facts import RecordedFact


def text_of(fact: RecordedFact) -> str:
    """The message that follows from a fact, "" if it is not true any more."""
    rows = Activity.objects.filter(pk=fact.payload["activity"])
    activity = rows.select_related("community").first()  # unique
    if activity is None or activity.state == State.CANCELLED:
        return ""
    if fact.kind == homework_facts.HomeworkReviewsAssigned.kind:
        return _reviews_text(activity, fact.payload["count"])
    if fact.kind == homework_facts.HomeworkCommented.kind:
        text = _("Our staff wrote to you about “%(name)s”. You read it on its page.")
        return text % {"name": activity.name}
    row = Submission.objects.filter(pk=fact.payload["submission"]).first()  # unique
    if row is None or row.graded_at is None:
        return ""
    values = {
        "name": activity.name,
        "score": terms.score_text(row.doubled or 0),
        "highest": activity.settings["highest"],
    }
    if row.passed:
        return _("“%(name)s”: %(score)s of %(highest)s, passed.") % values
    return _("“%(name)s”: %(score)s of %(highest)s, not passed.") % values


def _reviews_text(activity: Activity, count: int) -> str:
    homework = Homework.objects.filter(activity=activity).first()  # unique
    if homework is None or homework.results_at is not None:
        return ""
    text = ngettext(
        "“%(name)s”: the homework of %(n)s member waits for your review, until %(time)s "
        "at the latest. You find it on the page.",
        "“%(name)s”: the homework of %(n)s members waits for your review, until %(time)s "
        "at the latest. You find it on the page.",
        count,
    )
    return text % {
        "name": activity.name,
        "n": f"{count:,}",
        "time": time_texts.moment_text(activity, homework.review_due_at),
    }
