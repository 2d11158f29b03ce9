"""Homework that its author replaces while staff decide about it."""

from __future__ import annotations

import pytest

from qunce.activities.activities.models import Activity
from qunce.activities.homework import results
from qunce.activities.homework.models import Submission
from qunce.core.staff.models import Staff
from tests import factories
from tests.activities.homework.builders import (
    HOUR,
    hand_in,
    open_homework,
    submission,
)
from tests.clients import browser
from tests.factories import AT

pytestmark = pytest.mark.django_db


@pytest.fixture
def homework(by: Staff) -> Activity:
    (bob,) = factories.members(by.community, "bob")
    made = open_homework(by, reviewers=0)
    assert hand_in(made, bob).accepted
    return made


def replace(homework: Activity) -> Submission:
    row = Submission.objects.get()
    assert hand_in(homework, row.account_id, "Buy my pills", at=AT + HOUR).accepted
    return submission(homework, row.account_id)


def test_a_decision_does_not_stay_with_a_text_that_nobody_read(
    by: Staff, homework: Activity
) -> None:
    row = Submission.objects.get()
    results.decide(submission=row, score=10, reason="Great", by=by, at=AT)
    row = replace(homework)
    assert (row.doubled, row.reason, row.decided_at, row.decided_by) == (
        None,
        "",
        None,
        None,
    )


def test_a_score_for_the_version_before_is_refused(
    by: Staff, homework: Activity
) -> None:
    row = Submission.objects.get()
    client = browser(by)
    url = f"/activities/homework/{homework.pk}/{row.pk}/"
    page = client.get(url).content.decode()
    assert 'name="version" value="1"' in page
    replace(homework)
    given = {"score": "10", "reason": "Great", "version": "1"}
    answer = client.post(f"{url}decide/", given, follow=True).content.decode()
    assert "The author has replaced it. Read the new version first." in answer
    row.refresh_from_db()
    assert row.doubled is None
    with pytest.raises(results.Replaced):
        results.decide(
            submission=row, score=10, reason="Great", by=by, at=AT, version=1
        )
    client.post(f"{url}decide/", given | {"version": "2"})
    row.refresh_from_db()
    assert row.doubled == 20
