"""Many people at the due time and at one review, each with their own connection."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from django.db import transaction

from qunce.activities.activities.models import Activity, Entry, Way
from qunce.activities.homework import results, reviews
from qunce.activities.homework.models import (
    Homework,
    PeerReview,
    ReviewState,
    Submission,
)
from qunce.activities.kinds import base
from qunce.activities.points.models import PointEntry
from qunce.core.staff.models import Staff
from tests import factories, threads
from tests.activities.homework import builders
from tests.activities.homework.builders import DUE, HOUR, REVIEW_DUE
from tests.shares import IS_EXACT

PEOPLE = 60 if IS_EXACT else 24
pytestmark = [pytest.mark.both_databases, pytest.mark.django_db(transaction=True)]


def hand_in(homework: int, account: int, said: str, at: Any) -> base.Reply:
    """As a request does it: the activity is read before anything else."""
    activity = Activity.objects.select_related("community").get(pk=homework)
    return base.take_part(
        activity=activity,
        account_id=account,
        way=Way.PORTAL,
        said=said,
        key=f"k{said}",
        at=at,
    )


def many(by: Staff, count: int) -> list[int]:
    return factories.members(by.community, *(f"m{n}" for n in range(count)))


def test_handing_in_at_the_due_moment_is_in_time_or_late_and_never_lost(
    by: Staff,
) -> None:
    activity, accounts = builders.open_homework(by), many(by, PEOPLE)
    early = [
        partial(hand_in, activity.pk, pk, "x", DUE - HOUR / 3600)
        for pk in accounts[: PEOPLE // 2]
    ]
    late = [
        partial(hand_in, activity.pk, pk, "x", DUE) for pk in accounts[PEOPLE // 2 :]
    ]
    planning: list[Any] = [partial(reviews.plan_due, at=DUE) for _n in range(3)]
    threads.run(*early, *planning, *late)
    reviews.plan_due(at=DUE)
    on_time = Submission.objects.filter(is_late=False)
    assert on_time.count() == len(early)
    assert Submission.objects.filter(is_late=True).count() == len(late)
    assert Entry.objects.count() == PEOPLE
    rows = PeerReview.objects.filter(state=ReviewState.OPEN)
    for row in on_time:
        own = rows.filter(submission=row)
        assert own.values("account_id").distinct().count() == 2
    assert not rows.filter(submission__is_late=True).exists()


def test_the_same_person_hands_in_once(by: Staff) -> None:
    activity, (ann,) = builders.open_homework(by), many(by, 1)
    said = [f"version {number}" for number in range(8)]
    at = DUE - HOUR
    found = threads.run(
        *(partial(hand_in, activity.pk, ann, text, at) for text in said)
    )
    assert all(reply.accepted for reply in found)
    row = Submission.objects.get()
    assert row.version == 8
    assert row.text in said


def planned(by: Staff, count: int = 3, **fields: Any) -> Activity:
    activity = builders.open_homework(by, **fields)
    for account in many(by, count):
        builders.hand_in(activity, account)
    reviews.plan_due(at=DUE)
    return activity


def write(review: int, score: int, at: Any = DUE + HOUR) -> str:
    rows = PeerReview.objects.select_related("submission__activity__community")
    try:
        builders.write(rows.get(pk=review), score, at=at)
    except reviews.CannotReview as error:
        return str(error)
    return "done"


def test_two_reviews_at_once_of_one_reviewer_are_one(by: Staff) -> None:
    planned(by)
    row = PeerReview.objects.order_by("pk")[0]
    found = threads.run(*(partial(write, row.pk, score) for score in range(1, 9)))
    assert set(found) == {"done"}
    assert len(factories.recorded_facts(by.community, "homework.reviewed")) == 1
    row.refresh_from_db()
    assert row.score in range(1, 9)


def test_a_missed_review_is_written_or_passed_on_and_not_both(by: Staff) -> None:
    activity = planned(by, 6, review_hours=24)
    at = DUE + 24 * HOUR
    rows = list(PeerReview.objects.values_list("pk", flat=True))
    tasks: list[Any] = [partial(write, pk, 8, at) for pk in rows[:6]]
    threads.run(*tasks, *(partial(reviews.plan_due, at=at) for _n in range(3)))
    done = PeerReview.objects.filter(state=ReviewState.DONE)
    assert not done.exclude(why="").exists()
    for submission in Submission.objects.all():
        own = submission.reviews.exclude(state=ReviewState.WITHDRAWN)
        assert own.values("account_id").distinct().count() == 2
    assert Homework.objects.get(activity=activity).without_reviewers == 0


def test_results_are_published_and_paid_once(by: Staff) -> None:
    activity = planned(by, 6, points=20)
    builders.write_all(activity)

    def publish() -> int:
        found = Activity.objects.select_related("community").get(pk=activity.pk)
        return results.publish(activity=found, by=by, at=REVIEW_DUE)

    assert sum(threads.run(*(publish for _n in range(4)))) == 6
    paid = threads.run(*(partial(results.pay_due, at=REVIEW_DUE) for _n in range(4)))
    assert sum(paid) == 6
    assert PointEntry.objects.filter(key__startswith="homework/").count() == 6
    assert len(factories.recorded_facts(by.community, "homework.graded")) == 6


def test_a_decision_and_publication_at_once_agree(by: Staff) -> None:
    activity = planned(by)
    builders.write_all(activity, 8)
    row = Submission.objects.order_by("pk")[0]

    def decide() -> str:
        found = Submission.objects.select_related("activity__community").get(pk=row.pk)
        try:
            results.decide(
                submission=found, score=3, reason="Copied.", by=by, at=REVIEW_DUE
            )
        except results.CannotDecide:
            return "late"
        return "decided"

    def publish() -> str:
        found = Activity.objects.select_related("community").get(pk=activity.pk)
        return str(results.publish(activity=found, by=by, at=REVIEW_DUE))

    decided, _count = threads.run(decide, publish)
    row.refresh_from_db()
    expected = (6, False) if decided == "decided" else (16, True)
    assert (row.doubled, row.passed) == expected


def test_a_review_that_is_passed_on_while_it_is_judged_is_refused(
    by: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned(by, 6, review_hours=24)
    review = PeerReview.objects.select_related("submission__activity__community")[0]
    at = DUE + 24 * HOUR

    def judge_then_plan(*args: Any) -> None:
        check(*args)
        with transaction.atomic():
            reviews.plan_due(at=at)

    check = reviews._check_may_write
    monkeypatch.setattr(reviews, "_check_may_write", judge_then_plan)
    # The UPDATE holds the state itself, so that the review is refused and not written.
    with pytest.raises(reviews.CannotReview, match="somebody else"):
        builders.write(review, 8, at=at)
    review.refresh_from_db()
    assert review.state == ReviewState.OPEN
