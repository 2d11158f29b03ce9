"""What staff and the author of homework write to each other about it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from qunce.activities.activities import activities
from qunce.activities.activities.models import PUBLISHED, Activity
from qunce.activities.homework import comment_checks, hand_ins, homework_facts
from qunce.activities.homework.models import MAX_COMMENT, Comment, Submission
from qunce.core import errors
from qunce.members.people import visibility

if TYPE_CHECKING:
    from qunce.core.staff.models import Staff

MAX_OF_AUTHOR = 50
"""Comments that an author can write about one homework."""


class TooManyComments(errors.Refused):
    """The author wrote many comments already, or the homework is cancelled."""


@transaction.atomic
def write_as_staff(
    *, submission: Submission, text: str, by: Staff, at: datetime
) -> Comment:
    """Write to the author, who reads it on the page and is notified."""
    activity = submission.activity
    activities.check_may_run(by, activity)
    visibility.check_visible(by=by, accounts=[submission.account_id], at=at)
    cleaned = comment_checks.clean(text, most=MAX_COMMENT)
    row = Comment.objects.create(submission=submission, by=by, text=cleaned, at=at)
    fact = homework_facts.HomeworkCommented(
        activity=activity.pk, submission=submission.pk, account=submission.account_id
    )
    hand_ins.record(fact, activity, by=by, at=at)
    return row


@transaction.atomic
def write_as_author(
    *, activity: Activity, accounts: Sequence[int], text: str, at: datetime
) -> Comment:
    """Write to staff about one's own homework; raises SubmissionNotFound without one."""
    # So that of many forms at the same time each counts those before it.
    hand_ins.lock(activity)
    own = hand_ins.find_own(activity, accounts)
    if own is None:
        raise hand_ins.SubmissionNotFound(_("You have not handed in anything yet."))
    cleaned = comment_checks.clean(text, most=MAX_COMMENT)
    comment_checks.check(cleaned, activity=activity, at=at)
    if activity.state not in PUBLISHED:
        raise TooManyComments(_("It was cancelled."))
    written = Comment.objects.filter(submission=own, by__isnull=True)
    if written.count() >= MAX_OF_AUTHOR:
        raise TooManyComments(
            _("You have written %(n)s comments. Please ask our staff directly.")
            % {"n": MAX_OF_AUTHOR}
        )
    return Comment.objects.create(
        submission=own, account_id=own.account_id, text=cleaned, at=at
    )


def list_of(submission: Submission) -> list[Comment]:
    """The comments that have a text, the oldest first."""
    rows = Comment.objects.filter(submission=submission).exclude(text="")
    return list(rows.select_related("by").order_by("at", "pk"))
