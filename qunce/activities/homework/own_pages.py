"""What a member reads about their own homework, their reviews and their path."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from qunce.activities import time_texts
from qunce.activities.activities.models import Activity
from qunce.activities.homework import reviews, terms
from qunce.activities.homework.models import (
    Homework,
    PeerReview,
    ReviewState,
    Submission,
)
from qunce.members.accounts import queries as account_queries


@dataclass(frozen=True, kw_only=True)
class OwnReview:
    """A review that the member has; the work of the author has no name."""

    row: PeerReview
    number: int
    is_done: bool
    may_write: bool
    due_text: str


@dataclass(frozen=True, kw_only=True)
class Step:
    """A step of the path. `is_next` is the first one that is not passed."""

    activity: Activity
    number: int
    is_this: bool
    is_handed_in: bool
    is_passed: bool
    is_next: bool


def may_hand_in(homework: Homework, own: Submission | None, at: datetime) -> bool:
    """Whether a form for handing in or replacing is of use."""
    if homework.results_at is not None:
        return False
    if own is None:
        return True
    has_reviewers = PeerReview.objects.filter(submission=own).exists()
    return not own.is_late and at < homework.due_at and not has_reviewers


def may_still_write(homework: Homework, row: PeerReview, at: datetime) -> bool:
    """Whether the form of a review is of use."""
    is_over = homework.results_at is not None or at >= homework.review_due_at
    return not is_over and row.state != ReviewState.WITHDRAWN


def state_text(activity: Activity, own: Submission, at: datetime) -> str:
    """How far the member's homework is."""
    homework = Homework.objects.get(activity=activity)
    if own.graded_at is not None:
        values = {
            "score": terms.score_text(own.doubled or 0),
            "highest": activity.settings["highest"],
        }
        text = _("%(score)s of %(highest)s: not passed.")
        if own.passed:
            text = _("%(score)s of %(highest)s: passed.")
        return text % values
    if homework.results_at is not None:
        return _(
            "The results are published, and yours is not among them. Ask our staff."
        )
    if own.is_late:
        return _("Handed in, late. Our staff review it.")
    if at < homework.due_at:
        text = _("Handed in on time. You can replace it until %(time)s.")
        return text % {"time": time_texts.moment_text(activity, homework.due_at)}
    if not activity.settings["reviewers"]:
        return _("Handed in. Our staff review it.")
    accounts = account_queries.account_ids_of_person(own.account_id)
    open_ones = [
        row
        for row in reviews.list_own(activity, accounts)
        if row.state == ReviewState.OPEN
    ]
    if at >= homework.review_due_at:
        return _("Handed in. The reviews are over; you read the result here.")
    until = {"time": time_texts.moment_text(activity, homework.review_due_at)}
    if not open_ones:
        text = _("Handed in. It is reviewed until %(time)s.")
        return text % until
    text = ngettext(
        "Handed in. The homework of %(n)s other member waits for your review.",
        "Handed in. The homework of %(n)s other members waits for your review.",
        len(open_ones),
    )
    return text % {"n": f"{len(open_ones):,}"}


def list_reviews(
    activity: Activity, accounts: Sequence[int], at: datetime
) -> list[OwnReview]:
    """The reviews that the member has to write or has written."""
    homework = Homework.objects.get(activity=activity)
    is_over = homework.results_at is not None or at >= homework.review_due_at
    return [
        OwnReview(
            row=row,
            number=number,
            is_done=row.state == ReviewState.DONE,
            may_write=not is_over,
            due_text=time_texts.moment_text(activity, row.due_at),
        )
        for number, row in enumerate(reviews.list_own(activity, accounts), start=1)
        if row.state == ReviewState.DONE or not is_over
    ]


def list_received(own: Submission) -> list[PeerReview]:
    """The reviews of the member's homework, without names, once results are published."""
    if own.graded_at is None:
        return []
    rows = list(own.reviews.order_by("code"))
    accounts = [own.account_id, *(row.account_id for row in rows)]
    persons = account_queries.person_ids(accounts)
    return reviews.list_valid(rows, persons[own.account_id], persons)


def list_path(activity: Activity, accounts: Sequence[int]) -> list[Step]:
    """The learning path with what the member has done, [] for homework of its own."""
    path = terms.list_path(activity)
    if len(path) < 2:
        return []
    rows = Submission.objects.filter(activity__in=path, account_id__in=accounts)
    own = {(row.activity_id, bool(row.passed)) for row in rows}
    steps, has_next = [], False
    for number, each in enumerate(path, start=1):
        is_passed = (each.pk, True) in own
        is_next = not is_passed and not has_next
        has_next = has_next or is_next
        steps.append(
            Step(
                activity=each,
                number=number,
                is_this=each.pk == activity.pk,
                is_handed_in=is_passed or (each.pk, False) in own,
                is_passed=is_passed,
                is_next=is_next and bool(accounts),
            )
        )
    return steps
