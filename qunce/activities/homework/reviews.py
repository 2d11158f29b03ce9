"""Peer reviews: given at the due time, passed on when missed, and written by members."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from qunce.activities import eligibility, time_texts
from qunce.activities.activities import entries
from qunce.activities.activities.models import Activity
from qunce.activities.activities.models import State as ActivityState
from qunce.activities.homework import (
    comment_checks,
    hand_ins,
    homework_facts,
    review_plan,
    terms,
)
from qunce.activities.homework.hand_ins import Standing
from qunce.activities.homework.models import (
    MAX_COMMENT,
    Homework,
    PeerReview,
    ReviewState,
    Submission,
    Why,
)
from qunce.activities.homework.review_plan import Changes, Task, Work
from qunce.core import errors
from qunce.members.accounts import queries as account_queries

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.facts.facts import RecordedFact

MIN_COMMENT = 5
RUNNING = (ActivityState.RUNNING, ActivityState.PAUSED, ActivityState.CLOSED)
MAX_PER_RUN = 200


class ReviewNotFound(errors.NotFound):
    """There is no such review, or it is of somebody else."""


class CannotReview(errors.Refused):
    """It is too late, or the review was given to somebody else."""


# Choosing reviewers


def plan_due(*, at: datetime) -> int:
    """Choose reviewers where homework is due, and pass on what was missed.

    Returns how many activities it looked at. May run any number of times.
    """
    rows = Homework.objects.filter(
        due_at__lte=at,
        review_due_at__gt=at,
        results_at__isnull=True,
        activity__state__in=RUNNING,
    )
    found = list(rows.select_related("activity__community").order_by("pk"))
    failed = None
    for homework in found[:MAX_PER_RUN]:
        try:
            plan(homework.activity, at)
        except Exception as error:
            # One that cannot be planned holds up no other.
            failed = error
    if failed is not None:
        raise failed
    return len(found)


@transaction.atomic
def plan(activity: Activity, at: datetime) -> Changes:
    """Choose reviewers for what is on time, and mend what does not hold any more."""
    homework = hand_ins.lock(activity)
    reviewers = activity.settings["reviewers"]
    is_over = homework.results_at is not None or at >= homework.review_due_at
    if not reviewers or is_over or at < homework.due_at:
        return Changes()
    standings = hand_ins.load_standings(activity, at)
    accounts = {
        each.person: each.submission.account_id
        for each in reversed(standings)
        if each.counts and not each.submission.is_late
    }
    changes = review_plan.plan(
        [_to_work(each) for each in standings],
        _load_tasks(activity, at),
        accounts,
        reviews_per_work=reviewers,
        seed=homework.seed,
    )
    _apply(homework, changes, standings, accounts, at)
    homework.first_planned_at = homework.first_planned_at or at
    homework.without_reviewers = changes.missing
    homework.save(update_fields=["first_planned_at", "without_reviewers"])
    return changes


def _to_work(each: Standing) -> Work:
    return Work(
        pk=each.submission.pk,
        person=each.person,
        is_reviewed=each.counts and not each.submission.is_late,
    )


def _load_tasks(activity: Activity, at: datetime) -> list[Task]:
    rows = list(PeerReview.objects.filter(submission__activity=activity).order_by("pk"))
    persons = account_queries.person_ids(row.account_id for row in rows)
    return [
        Task(
            pk=row.pk,
            work=row.submission_id,
            person=persons[row.account_id],
            state=row.state,
            why=row.why,
            is_overdue=row.state == ReviewState.OPEN and row.due_at <= at,
        )
        for row in rows
    ]


def _apply(
    homework: Homework,
    changes: Changes,
    standings: Sequence[Standing],
    accounts: dict[int, int],
    at: datetime,
) -> None:
    authors = {each.submission.pk: each.person for each in standings}
    due_at = terms.review_due(homework, at)
    for pk, why in changes.withdrawn.items():
        PeerReview.objects.filter(pk=pk, state=ReviewState.OPEN).update(
            state=ReviewState.WITHDRAWN, why=why
        )
    PeerReview.objects.bulk_create(
        [
            PeerReview(
                submission_id=work,
                account_id=accounts[person],
                person_id=person,
                author_person_id=authors[work],
                assigned_at=at,
                due_at=due_at,
            )
            for work, person in changes.added
        ],
        batch_size=500,
    )
    given = Counter(accounts[person] for _work, person in changes.added)
    reopened = PeerReview.objects.filter(pk__in=changes.reopened)
    persons = account_queries.person_ids(reopened.values_list("account_id", flat=True))
    for row in reopened:
        PeerReview.objects.filter(pk=row.pk).update(
            state=ReviewState.OPEN,
            why=Why.NONE,
            person_id=persons[row.account_id],
            author_person_id=authors[row.submission_id],
            assigned_at=at,
            due_at=due_at,
        )
        given[row.account_id] += 1
    for account, count in sorted(given.items()):
        fact = homework_facts.HomeworkReviewsAssigned(
            activity=homework.activity_id, count=count, account=account
        )
        hand_ins.record(fact, homework.activity, by=None, at=at)


# Writing a review


def check_score(activity: Activity, score: int | None) -> int:
    """Raise CannotReview unless it is a whole number of the scale."""
    lowest, highest = activity.settings["lowest"], activity.settings["highest"]
    if score is None or not lowest <= score <= highest:
        raise CannotReview(
            _("Give a score from %(lowest)s to %(highest)s.")
            % {"lowest": lowest, "highest": highest}
        )
    return score


@transaction.atomic
def write(
    *,
    review: PeerReview,
    account_id: int,
    score: int | None,
    comment: str,
    at: datetime,
) -> PeerReview:
    """Score and comment what somebody else handed in; may be changed until it is due.

    Raises CannotReview, or InvalidComment with what to change.
    """
    activity = review.submission.activity
    score = check_score(activity, score)
    text = comment_checks.clean(comment, most=MAX_COMMENT, least=MIN_COMMENT)
    comment_checks.check(text, activity=activity, at=at)
    homework = hand_ins.lock(activity)
    # The activity may have been paused, and the people merged, since it was read.
    activity.refresh_from_db(fields=["state"])
    accounts = account_queries.account_ids_of_person(account_id)
    row = get_own(activity=activity, code=review.code, accounts=accounts)
    _check_may_write(homework, row, accounts, at)
    rows = PeerReview.objects.filter(pk=row.pk, state=row.state)
    is_new = row.state == ReviewState.OPEN
    if not rows.update(
        state=ReviewState.DONE, score=score, comment=text, done_at=row.done_at or at
    ):
        raise CannotReview(_("This review was given to somebody else."))
    row.refresh_from_db()
    if is_new:
        fact = homework_facts.HomeworkReviewed(
            activity=activity.pk, submission=row.submission_id, account=account_id
        )
        hand_ins.record(fact, activity, by=None, at=at)
    return row


def _check_may_write(
    homework: Homework, row: PeerReview, accounts: Sequence[int], at: datetime
) -> None:
    activity = homework.activity
    if row.state == ReviewState.WITHDRAWN:
        raise CannotReview(_("This review was given to somebody else."))
    if homework.results_at is not None or at >= homework.review_due_at:
        raise CannotReview(
            _("Reviews were due at %(time)s.")
            % {"time": time_texts.moment_text(activity, homework.review_due_at)}
        )
    if activity.state not in (ActivityState.RUNNING, ActivityState.CLOSED):
        raise CannotReview(_("The activity is paused or over. Please ask our staff."))
    author = account_queries.person_ids([row.submission.account_id])
    if author[row.submission.account_id] in accounts:
        raise CannotReview(_("This is your own homework."))
    out = eligibility.find_uncounted(
        activity.community, [accounts[0], row.account_id], at=at
    )
    if out or entries.is_struck_out(activity, accounts):
        raise CannotReview(activity.refusal or _("This is for other members."))


# Reads


def get_own(*, activity: Activity, code: str, accounts: Sequence[int]) -> PeerReview:
    """A review that a person has, by its code; raises ReviewNotFound."""
    row = (
        PeerReview.objects.filter(
            code=code.strip(), account_id__in=accounts, submission__activity=activity
        )
        .select_related("submission")
        .first()  # unique
    )
    if row is None:
        raise ReviewNotFound(_("There is no such review."))
    row.submission.activity = activity
    return row


def list_own(activity: Activity, accounts: Sequence[int]) -> list[PeerReview]:
    """What a person has to review or has reviewed, in the order in which it was given."""
    rows = PeerReview.objects.filter(
        submission__activity=activity, account_id__in=accounts
    ).exclude(state=ReviewState.WITHDRAWN)
    return list(rows.select_related("submission").order_by("assigned_at", "code"))


def list_by_submission(submissions: Iterable[int]) -> dict[int, list[PeerReview]]:
    """Submission → all its reviews, withdrawn ones as well."""
    found: dict[int, list[PeerReview]] = {}
    for chunk in account_queries.chunks(sorted(set(submissions))):
        rows = PeerReview.objects.filter(submission__in=chunk).order_by("pk")
        for row in rows:
            found.setdefault(row.submission_id, []).append(row)
    return found


def list_valid(
    rows: Sequence[PeerReview], author: int, persons: dict[int, int]
) -> list[PeerReview]:
    """The reviews that count: done, each person once, and not by the author."""
    seen = {author}
    found = []
    for row in rows:
        person = persons[row.account_id]
        if row.state == ReviewState.DONE and person not in seen:
            seen.add(person)
            found.append(row)
    return found


# Reactions


def react_to_people(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Reaction to members who were merged, separated, struck out or who left.

    Reviews that do not hold any more are given to others.
    """
    accounts = {
        account
        for fact in facts
        for account in (fact.account, fact.payload.get("other"))
        if isinstance(account, int)
    }
    own = account_queries.accounts_by_person(accounts).values()
    every = sorted({account for each in own for account in each})
    found = Submission.objects.filter(account_id__in=every).values("activity")
    rows = Homework.objects.filter(
        activity__in=found,
        activity__community=community,
        activity__state__in=RUNNING,
        first_planned_at__isnull=False,
        review_due_at__gt=at,
        results_at__isnull=True,
    )
    for homework in rows.select_related("activity__community").order_by("pk"):
        plan(homework.activity, at)
