"""Who reviews whose homework, also after somebody leaves, misses a review or is merged."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from qunce.activities.homework import reviews
from qunce.activities.homework.models import Homework, PeerReview, ReviewState, Why
from qunce.activities.homework.results import How
from qunce.core.staff.models import Staff
from tests import factories
from tests.activities.homework import builders
from tests.activities.homework.builders import (
    DAY,
    DUE,
    HOUR,
    hand_in,
    handed_in,
    members,
    open_homework,
    outcomes,
    pairs,
    react,
    submission,
)
from tests.factories import AT

pytestmark = pytest.mark.django_db


def test_everybody_reviews_as_many_as_they_are_reviewed_by(by: Staff) -> None:
    activity, accounts = handed_in(by, *(f"m{n}" for n in range(7)), reviewers=3)
    found = pairs(activity)
    assert len(found) == 21
    for account in accounts:
        assert sum(reviewer == account for reviewer, _author in found) == 3
        assert sum(author == account for _reviewer, author in found) == 3
    assert all(reviewer != author for reviewer, author in found)
    reviews.plan_due(at=DUE)
    assert pairs(activity) == found
    facts = factories.recorded_facts(by.community, "homework.reviews_assigned")
    assert sorted(who or 0 for who, _fact in facts) == sorted(accounts)
    assert Homework.objects.get().without_reviewers == 0


def test_with_too_few_members_each_gets_as_many_as_there_are(by: Staff) -> None:
    activity, (ann, bob) = handed_in(by, "ann", "bob", reviewers=3)
    assert pairs(activity) == {(ann, bob), (bob, ann)}
    assert Homework.objects.get().without_reviewers == 4


def test_the_database_refuses_a_review_of_ones_own(by: Staff) -> None:
    activity, (ann,) = open_homework(by), members(by, "ann")
    hand_in(activity, ann)
    with pytest.raises(IntegrityError), transaction.atomic():
        PeerReview.objects.create(
            submission=submission(activity, ann),
            account_id=ann,
            person_id=ann,
            author_person_id=ann,
            assigned_at=AT,
            due_at=DUE,
        )


def test_reviews_of_somebody_who_leaves_are_given_to_others(by: Staff) -> None:
    activity, accounts = handed_in(by, "ann", "bob", "cy", "di")
    ann, rest = accounts[0], accounts[1:]
    factories.leave(by.community, "ann")
    reviews.plan_due(at=DUE + HOUR)
    found = pairs(activity)
    assert ann not in {who for pair in found for who in pair}
    assert found == {(one, other) for one in rest for other in rest if one != other}


def test_a_missed_review_is_given_to_somebody_with_less_to_do(by: Staff) -> None:
    activity, accounts = handed_in(by, "ann", "bob", "cy", "di", review_hours=24)
    ann = accounts[0]
    builders.write_all(activity, but=ann)
    mine = set(PeerReview.objects.filter(account_id=ann).values_list("pk", flat=True))
    reviews.plan_due(at=DUE + DAY - timedelta(minutes=1))
    assert not PeerReview.objects.filter(state=ReviewState.WITHDRAWN).exists()
    reviews.plan_due(at=DUE + DAY)
    missed = PeerReview.objects.filter(state=ReviewState.WITHDRAWN, why=Why.MISSED)
    assert set(missed.values_list("pk", flat=True)) == mine
    row = missed.select_related("submission__activity__community")[0]
    with pytest.raises(reviews.CannotReview, match="somebody else"):
        builders.write(row, at=DUE + DAY)
    reviewed = [author for _reviewer, author in pairs(activity)]
    assert sorted(reviewed) == sorted(accounts * 2)


def test_a_merged_pair_reviews_nothing_of_its_own_and_counts_once(by: Staff) -> None:
    activity, accounts = handed_in(by, "ann", "bob", "cy", "di")
    ann, bob, *_rest = accounts
    before = pairs(activity)
    factories.merge(by.community, "ann", "bob")
    react(DUE)
    found = pairs(activity)
    assert not found & {(ann, bob), (bob, ann)}
    assert bob not in [author for _reviewer, author in found]
    persons = [(min(one, ann) if one == bob else one, two) for one, two in found]
    assert len(set(persons)) == len(persons) == 6
    assert outcomes(activity)[bob] == (How.UNCOUNTED, None)
    factories.unmerge(by.community, "ann", "bob")
    react(DUE)
    after = pairs(activity)
    assert sorted(author for _one, author in after) == sorted(
        author for _one, author in before
    )
