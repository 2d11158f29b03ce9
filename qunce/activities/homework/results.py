"""What homework is worth: the median of its reviews, or what staff decide; then published."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext_lazy

from qunce.activities import budget, time_texts
from qunce.activities.activities import activities
from qunce.activities.activities.models import MAX_SENTENCE, Activity
from qunce.activities.activities.models import State as ActivityState
from qunce.activities.homework import (
    hand_ins,
    homework_facts,
    review_plan,
    reviews,
    terms,
)
from qunce.activities.homework.hand_ins import Standing
from qunce.activities.homework.models import Homework, PeerReview, Submission
from qunce.activities.points import earning
from qunce.core import errors, names, text_validation
from qunce.members.accounts import queries as account_queries
from qunce.members.people import visibility

if TYPE_CHECKING:
    from qunce.core.staff.models import Staff

OPEN = (ActivityState.RUNNING, ActivityState.PAUSED, ActivityState.CLOSED)
BATCH = 200


class InvalidDecision(errors.Invalid):
    """A decision has no reason, or a score outside the scale."""


class CannotDecide(errors.Refused):
    """The results are published, or the submission does not count."""


class Replaced(errors.Refused):
    """The author has replaced the submission since the staff read it."""


class NotReady(errors.Refused):
    """Reviews are still due, or staff have to decide about some submissions."""


class How(models.TextChoices):
    """Where a score comes from."""

    REVIEWED = "reviewed", pgettext_lazy("homework", "median of the reviews")
    DECIDED = "decided", pgettext_lazy("homework", "decided by staff")
    WAITING = "waiting", pgettext_lazy("homework", "being reviewed")
    TO_DECIDE = "to_decide", pgettext_lazy("homework", "to be decided by staff")
    UNCOUNTED = "uncounted", pgettext_lazy("homework", "does not count")


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """A submission with its reviews. `doubled` is twice the score, None without one.

    `valid` are the reviews that count, `median` twice their median if they are enough.
    """

    standing: Standing
    reviews: Sequence[PeerReview]
    valid: Sequence[PeerReview]
    how: How
    median: int | None
    doubled: int | None

    @property
    def submission(self) -> Submission:
        return self.standing.submission


def is_review_over(homework: Homework, at: datetime) -> bool:
    """Whether no review is expected any more."""
    if not homework.activity.settings["reviewers"]:
        return at >= homework.due_at
    return at >= homework.review_due_at


def load(
    activity: Activity, standings: Sequence[Standing], at: datetime
) -> list[Outcome]:
    """The outcome of each of these submissions as it is now."""
    homework = Homework.objects.get(activity=activity)
    homework.activity = activity
    rows = reviews.list_by_submission(each.submission.pk for each in standings)
    persons = account_queries.person_ids(
        row.account_id for own in rows.values() for row in own
    )
    is_over = is_review_over(homework, at)
    return [
        _judge(activity, each, rows.get(each.submission.pk, []), persons, is_over)
        for each in standings
    ]


def _judge(
    activity: Activity,
    standing: Standing,
    rows: Sequence[PeerReview],
    persons: dict[int, int],
    is_over: bool,
) -> Outcome:
    row = standing.submission
    valid = reviews.list_valid(rows, standing.person, persons)
    enough = terms.reviews_needed(activity.settings["reviewers"])
    median = None
    if len(valid) >= enough and not row.is_late:
        median = review_plan.doubled_median([each.score or 0 for each in valid])
    how, doubled = How.TO_DECIDE, row.doubled
    if row.graded_at is not None:
        how = How.DECIDED if row.decided_at else How.REVIEWED
    elif not standing.counts:
        how, doubled = How.UNCOUNTED, None
    elif row.decided_at is not None:
        how = How.DECIDED
    elif not is_over and not row.is_late and activity.settings["reviewers"]:
        how, doubled = How.WAITING, median
    elif median is not None:
        how, doubled = How.REVIEWED, median
    return Outcome(
        standing=standing,
        reviews=rows,
        valid=valid,
        how=how,
        median=median,
        doubled=doubled,
    )


# Staff decide


@transaction.atomic
def decide(
    *,
    submission: Submission,
    score: int | None,
    reason: str,
    by: Staff,
    at: datetime,
    version: int | None = None,
) -> None:
    """Give a score instead of the reviews, with a reason that the author reads.

    May be decided again until the results are published. `version` is that which the
    staff have read; raises Replaced if the author has handed in another one since then.
    """
    activity = submission.activity
    activities.check_may_run(by, activity)
    visibility.check_visible(by=by, accounts=[submission.account_id], at=at)
    lowest, highest = activity.settings["lowest"], activity.settings["highest"]
    if score is None or not lowest <= score <= highest:
        raise InvalidDecision(
            _("Give a score from %(lowest)s to %(highest)s.")
            % {"lowest": lowest, "highest": highest}
        )
    cleaned = names.clean(reason)
    if not cleaned:
        raise InvalidDecision(_("Write the reason; the author reads it."))
    if len(cleaned) > MAX_SENTENCE or not text_validation.is_valid(cleaned):
        raise InvalidDecision(
            _("A reason can have at most %(n)s characters.") % {"n": MAX_SENTENCE}
        )
    hand_ins.lock(activity)
    activity.refresh_from_db(fields=["state"])
    if activity.state not in OPEN:
        raise CannotDecide(_("The homework is over, so nothing is decided any more."))
    rows = Submission.objects.filter(pk=submission.pk, graded_at__isnull=True)
    if version is not None and rows.exclude(version=version).exists():
        raise Replaced(_("The author has replaced it. Read the new version first."))
    if not rows.update(doubled=2 * score, reason=cleaned, decided_by=by, decided_at=at):
        raise CannotDecide(_("The result is published. It does not change any more."))
    submission.refresh_from_db()


# Publishing


@dataclass(frozen=True, kw_only=True)
class Progress:
    """How many submissions have a score, and how many staff have to decide."""

    counted: int
    scored: int
    to_decide: int
    graded: int


def get_progress(activity: Activity, at: datetime) -> Progress:
    """Of all submissions that count, also of members whom not everybody sees."""
    found = load(activity, hand_ins.load_standings(activity, at), at)
    return _progress_of(found)


def _progress_of(found: Sequence[Outcome]) -> Progress:
    return Progress(
        counted=sum(each.standing.counts for each in found),
        scored=sum(each.how in (How.REVIEWED, How.DECIDED) for each in found),
        to_decide=sum(each.how == How.TO_DECIDE for each in found),
        graded=sum(each.submission.graded_at is not None for each in found),
    )


@transaction.atomic
def publish(*, activity: Activity, by: Staff, at: datetime) -> int:
    """Publish the results to all authors; returns how many. Points follow, once.

    Raises NotReady while reviews are due or decisions are missing.
    """
    activities.check_may_run(by, activity)
    hand_ins.check_homework(activity)
    homework = hand_ins.lock(activity)
    activity.refresh_from_db(fields=["state"])
    if activity.state not in OPEN:
        raise NotReady(_("The homework is over or cancelled."))
    if not is_review_over(homework, at):
        until = homework.review_due_at
        if not activity.settings["reviewers"]:
            until = homework.due_at
        raise NotReady(
            _("Results can be published from %(time)s on, when all is due.")
            % {"time": time_texts.moment_text(activity, until)}
        )
    found = load(activity, hand_ins.load_standings(activity, at), at)
    progress = _progress_of(found)
    if progress.to_decide:
        raise NotReady(
            ngettext(
                "Decide about %(n)s submission first.",
                "Decide about %(n)s submissions first.",
                progress.to_decide,
            )
            % {"n": f"{progress.to_decide:,}"}
        )
    count = 0
    for each in found:
        if each.how in (How.REVIEWED, How.DECIDED):
            count += _grade(activity, each, by, at)
    if homework.results_at is None:
        homework.results_at = at
        homework.save(update_fields=["results_at"])
    return count


def _grade(activity: Activity, found: Outcome, by: Staff, at: datetime) -> bool:
    row, doubled = found.submission, found.doubled
    if doubled is None or row.graded_at is not None:
        return False
    pass_mark = activity.settings["pass_mark"]
    passed = pass_mark is None or doubled >= 2 * pass_mark
    rows = Submission.objects.filter(pk=row.pk, graded_at__isnull=True)
    if not rows.update(
        doubled=doubled,
        passed=passed,
        graded_at=at,
        is_paid=not (passed and activity.settings["points"]),
    ):
        return False
    fact = homework_facts.HomeworkGraded(
        activity=activity.pk,
        submission=row.pk,
        passed=passed,
        account=row.account_id,
    )
    hand_ins.record(fact, activity, by=by, at=at)
    return True


# Points for passing


def pay_due(*, at: datetime) -> int:
    """Give the points of published results, each once; returns how many were given."""
    owed = Submission.objects.filter(is_paid=False).values("activity")
    rows = Activity.objects.filter(pk__in=owed).select_related("community")
    return sum(_pay(activity, at) for activity in rows.order_by("pk"))


def _pay(activity: Activity, at: datetime) -> int:
    rows = Submission.objects.filter(activity=activity, is_paid=False)
    return sum(_pay_one(activity, pk, at) for pk in rows.values_list("pk", flat=True))


@transaction.atomic
def _pay_one(activity: Activity, pk: int, at: datetime) -> bool:
    rows = Submission.objects.filter(pk=pk, is_paid=False)
    account = rows.values_list("account_id", flat=True).first()
    if account is None or account_queries.find_erased([account]):
        rows.update(is_paid=True)
        return False
    key, points = f"homework/{activity.pk}/{pk}", activity.settings["points"] or 0
    try:
        budget.reserve(activity=activity, key=key, at=at, points=points)
    except budget.BudgetExceeded:
        # They stay owed, and are given once the budget is raised.
        return False
    # After the lock that the budget takes, so that of two only one goes on.
    if not rows.update(is_paid=True):
        return False
    earned = earning.award(
        account_id=account,
        amount=points,
        key=key,
        by=None,
        at=at,
        reason=activity.name,
    )
    if earned.entry is None:
        budget.release(activity=activity, key=key, at=at)
        return False
    budget.book(activity=activity, key=key, at=at)
    return True


def count_owed(activity: Activity) -> int:
    """Members who passed and have not got their points."""
    return Submission.objects.filter(activity=activity, is_paid=False).count()


def is_budget_used_up(activity: Activity) -> bool:
    """Whether the budget does not cover the points of one more member."""
    if activity.points_limit is None:
        return False
    spent = budget.get_spent(activity)
    used = spent.reserved_points + spent.booked_points
    return used + (activity.settings["points"] or 0) > activity.points_limit
