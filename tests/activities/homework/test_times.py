"""Due times by a table that was written by hand: they are of the community's clock."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from qunce.activities import time_texts
from qunce.activities.homework import reviews
from qunce.activities.homework.models import Homework, PeerReview
from qunce.core import errors
from tests import factories
from tests.activities import running
from tests.activities.homework import builders

TABLE = (
    # Zone, start of day, due and reviews due on its clock, both in UTC.
    (
        "Asia/Shanghai",
        0,
        "2026-05-09 20:00",
        "2026-05-10 20:00",
        "09T12:00",
        "10T12:00",
    ),
    # A day that starts at 04:00 changes no clock: 01:30 is of the date that is written.
    (
        "Asia/Shanghai",
        4,
        "2026-05-09 01:30",
        "2026-05-10 01:30",
        "08T17:30",
        "09T17:30",
    ),
    # Clocks are set forward on 2026-03-08 at 02:00, so that the day has 23 hours.
    (
        "America/Los_Angeles",
        0,
        "2026-03-07 20:00",
        "2026-03-08 20:00",
        "08T04:00",
        "09T03:00",
    ),
    # Clocks are set back on 2026-11-01 at 02:00, so that the day has 25 hours.
    (
        "America/Los_Angeles",
        0,
        "2026-10-31 20:00",
        "2026-11-01 20:00",
        "01T03:00",
        "02T04:00",
    ),
    # Cairo skips the hour after midnight on 2026-04-24.
    ("Africa/Cairo", 0, "2026-04-23 23:59", "2026-04-24 01:00", "23T21:59", "23T22:00"),
)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("zone", "hour", "due", "until", "due_utc", "until_utc"), TABLE
)
def test_due_times_are_of_the_community(
    zone: str, hour: int, due: str, until: str, due_utc: str, until_utc: str
) -> None:
    shop = factories.community(language="en", timezone=zone, day_start=hour)
    by = factories.staff(shop)
    given = {"due": due.replace(" ", "T"), "review_due": until.replace(" ", "T")}
    made = running.draft(
        by,
        "homework",
        settings=builders.settings() | given | {"review_hours": None},
        ends_at=datetime.fromisoformat(f"{until}:00+00:00") + 3 * running.DAY,
    )
    running.publish(made, by)
    homework = Homework.objects.get()
    assert f"{homework.due_at:%dT%H:%M}" == due_utc
    assert f"{homework.review_due_at:%dT%H:%M}" == until_utc
    assert time_texts.moment_text(made, homework.due_at) == due
    ann, bob, cy = factories.members(shop, "ann", "bob", "cy")
    second = timedelta(seconds=1)
    for account in (ann, bob):
        builders.hand_in(made, account, at=homework.due_at - second)
    builders.hand_in(made, cy, at=homework.due_at)
    late = {who: builders.submission(made, who).is_late for who in (ann, bob, cy)}
    assert late == {ann: False, bob: False, cy: True}
    assert reviews.plan_due(at=homework.due_at - second) == 0
    assert reviews.plan_due(at=homework.due_at) == 1
    row, other = PeerReview.objects.select_related("submission__activity__community")
    assert row.due_at == homework.review_due_at
    builders.write(row, at=homework.review_due_at - second)
    with pytest.raises(reviews.CannotReview):
        builders.write(other, at=homework.review_due_at)


@pytest.mark.django_db
@pytest.mark.parametrize("due", ["2026-03-08T02:30", "2026-11-01T01:30"])
def test_a_due_time_that_does_not_exist_or_exists_twice_is_refused(due: str) -> None:
    shop = factories.community(language="en", timezone="America/Los_Angeles")
    by = factories.staff(shop)
    with pytest.raises(errors.Invalid, match="“Due”"):
        running.draft(by, "homework", settings={"due": due})
