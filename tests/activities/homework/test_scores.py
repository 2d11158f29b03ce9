"""Reviews, their medians, the decisions of staff, results and points."""

from __future__ import annotations

from datetime import timedelta

import pytest

from qunce.activities.activities import lifecycle
from qunce.activities.activities.models import Entry
from qunce.activities.homework import results, reviews
from qunce.activities.homework.models import PeerReview, ReviewState, Submission
from qunce.activities.homework.results import How
from qunce.core import errors
from qunce.core.staff.models import Staff
from tests import factories
from tests.activities import running
from tests.activities.homework import builders
from tests.activities.homework.builders import (
    COMMENT,
    DUE,
    HOUR,
    REVIEW_DUE,
    hand_in,
    handed_in,
    members,
    outcomes,
    points_of,
    submission,
)

pytestmark = pytest.mark.django_db


def test_the_median_of_an_even_number_is_between_the_middles(by: Staff) -> None:
    activity, (ann, *_others) = handed_in(by, "ann", "bob", "cy")
    first, second = PeerReview.objects.filter(
        submission__account_id=ann
    ).select_related("submission__activity__community")
    builders.write(first, 7)
    assert outcomes(activity)[ann] == (How.REVIEWED, 14)
    builders.write(second, 10)
    assert outcomes(activity)[ann] == (How.REVIEWED, 17)
    builders.write(second, 8)
    assert outcomes(activity)[ann] == (How.REVIEWED, 15)
    assert outcomes(activity, DUE + HOUR)[ann] == (How.WAITING, 15)
    facts = factories.recorded_facts(by.community, "homework.reviewed")
    assert sorted(who or 0 for who, _fact in facts) == sorted(
        [first.account_id, second.account_id]
    )


def test_too_few_reviews_leave_the_decision_to_staff(by: Staff) -> None:
    activity, (ann, *_others) = handed_in(by, "a", "b", "c", "d", reviewers=3)
    rows = PeerReview.objects.filter(submission__account_id=ann)
    first, second, _third = rows.select_related("submission__activity__community")
    builders.write(first, 9)
    assert outcomes(activity)[ann] == (How.TO_DECIDE, None)
    builders.write(second, 8)
    assert outcomes(activity)[ann] == (How.REVIEWED, 17)


@pytest.mark.parametrize(
    ("score", "comment", "message"),
    [
        (0, COMMENT, "from 1 to 10"),
        (11, COMMENT, "from 1 to 10"),
        (None, COMMENT, "from 1 to 10"),
        (8, "", "Write a comment"),
        (8, "good", "at least 5"),
        (8, "x" * 1_001, "at most 1,000"),
        (8, "nul \0 is here", "cannot be stored"),
    ],
)
def test_a_review_outside_the_limits_is_refused(
    by: Staff, score: int | None, comment: str, message: str
) -> None:
    _activity, _accounts = handed_in(by, "ann", "bob", "cy")
    row = PeerReview.objects.select_related("submission__activity__community")[0]
    with pytest.raises(errors.QunceError, match=message):
        reviews.write(
            review=row,
            account_id=row.account_id,
            score=score,
            comment=comment,
            at=DUE + HOUR,
        )
    assert not PeerReview.objects.filter(state=ReviewState.DONE).exists()


def test_reviews_end_when_they_are_due(by: Staff) -> None:
    _activity, _accounts = handed_in(by, "ann", "bob", "cy")
    row = PeerReview.objects.select_related("submission__activity__community")[0]
    with pytest.raises(reviews.CannotReview, match="Reviews were due at 2026-"):
        builders.write(row, at=REVIEW_DUE)
    builders.write(row, at=REVIEW_DUE - timedelta(seconds=1))
    row.refresh_from_db()
    assert row.state == ReviewState.DONE


def test_nobody_reads_the_review_of_somebody_else(by: Staff) -> None:
    activity, (ann, bob, _cy) = handed_in(by, "ann", "bob", "cy")
    row = PeerReview.objects.filter(account_id=ann)[0]
    assert (
        reviews.get_own(activity=activity, code=row.code, accounts=[ann]).pk == row.pk
    )
    with pytest.raises(reviews.ReviewNotFound):
        reviews.get_own(activity=activity, code=row.code, accounts=[bob])


def test_staff_overrule_with_a_reason_until_results_are_published(by: Staff) -> None:
    activity, (ann, bob, cy) = handed_in(by, "ann", "bob", "cy", points=20)
    builders.write_all(activity, 4)
    row = submission(activity, ann)
    with pytest.raises(results.InvalidDecision, match="reason"):
        results.decide(submission=row, score=9, reason=" ", by=by, at=DUE + HOUR)
    with pytest.raises(results.InvalidDecision, match="from 1 to 10"):
        results.decide(submission=row, score=11, reason="x", by=by, at=DUE + HOUR)
    results.decide(submission=row, score=9, reason="Very true.", by=by, at=DUE + HOUR)
    with pytest.raises(results.NotReady, match="from 2026-"):
        results.publish(activity=activity, by=by, at=REVIEW_DUE - HOUR)
    assert results.publish(activity=activity, by=by, at=REVIEW_DUE) == 3
    assert results.publish(activity=activity, by=by, at=REVIEW_DUE) == 0
    rows = Submission.objects.order_by("pk").values_list("doubled", "passed")
    assert list(rows) == [(18, True), (8, False), (8, False)]
    with pytest.raises(results.CannotDecide):
        results.decide(submission=row, score=1, reason="x", by=by, at=REVIEW_DUE)
    for _again in range(2):
        results.pay_due(at=REVIEW_DUE)
    assert [points_of(by, who) for who in (ann, bob, cy)] == [20, 0, 0]
    assert "9 of 10: passed." in hand_in(activity, ann, "", REVIEW_DUE).text
    di = members(by, "di")[0]
    assert "results are published" in hand_in(activity, di, at=REVIEW_DUE).text
    assert not Entry.objects.filter(account_id=di).exists()


def test_points_that_the_budget_lacks_stay_owed(by: Staff) -> None:
    activity = running.running(
        by,
        "homework",
        ends_at=builders.END,
        points_limit=30,
        settings=builders.settings(points=20, reviewers=0),
    )
    for account in members(by, "ann", "bob"):
        hand_in(activity, account)
        row = submission(activity, account)
        results.decide(submission=row, score=8, reason="Good.", by=by, at=DUE)
    results.publish(activity=activity, by=by, at=DUE)
    lifecycle.move_due(at=builders.END)
    activity.refresh_from_db()
    with pytest.raises(errors.Refused, match="2 members get their points"):
        lifecycle.settle(activity=activity, by=by, at=builders.END)
    results.pay_due(at=builders.END)
    # The second one does not fit into the budget; staff see that.
    assert results.count_owed(activity) == 1
    lifecycle.settle(activity=activity, by=by, at=builders.END)
    assert activity.state == "settled"


def test_results_wait_for_decisions(by: Staff) -> None:
    activity, (ann, bob, cy) = handed_in(by, "ann", "bob", "cy")
    with pytest.raises(results.NotReady, match="Decide about 3 submissions"):
        results.publish(activity=activity, by=by, at=REVIEW_DUE)
    for account in (ann, bob):
        results.decide(
            submission=submission(activity, account),
            score=6,
            reason="Alone.",
            by=by,
            at=REVIEW_DUE,
        )
    # Somebody who left needs no decision.
    factories.leave(by.community, "cy")
    assert results.publish(activity=activity, by=by, at=REVIEW_DUE) == 2
    assert submission(activity, cy).graded_at is None
