"""The pages of homework: who handed in, one piece with its reviews, and the file."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest

from qunce.activities.activities.models import Activity
from qunce.activities.homework import reviews
from qunce.activities.homework.models import Homework, Submission
from qunce.core.staff.models import Staff
from tests import factories
from tests.activities import running
from tests.activities.homework import builders
from tests.clients import browser

pytestmark = pytest.mark.django_db
FORMULA, MARKUP = "=HYPERLINK(1)", "<img onerror=1>"
HOUR = timedelta(hours=1)


@pytest.fixture
def by() -> Staff:
    return factories.staff(factories.community(language="en"))


@pytest.fixture
def homework(by: Staff) -> Activity:
    """Homework due an hour ago: three on time, and one late."""
    at = datetime.now(UTC)
    made = running.open_now(
        by,
        kind="homework",
        name="Describe your tea",
        ends_at=at + 200 * HOUR,
        settings=builders.settings(at + 24 * HOUR),
    )
    keys = {"ann": FORMULA, "bob": MARKUP, "cy": "Rain"}
    for key, said in keys.items():
        account = factories.member(by.community, key, name=key.title()).pk
        assert running.join(made, account, at, said=said).accepted
    Homework.objects.filter(activity=made).update(due_at=at - HOUR)
    late = factories.member(by.community, "di", name="Di").pk
    assert running.join(made, late, at, said="Late").accepted
    reviews.plan_due(at=at)
    return made


def path(homework: Activity, rest: str = "") -> str:
    return f"/activities/homework/{homework.pk}/{rest}"


def test_staff_see_who_handed_in_and_which_reviews_are_missing(
    by: Staff, homework: Activity
) -> None:
    page = browser(by).get(path(homework)).content.decode()
    assert "4 members handed in" in page and "0 of 2 reviews" in page
    assert "Being reviewed" in page and "To be decided" in page
    assert "&lt;img onerror" in page and "<img onerror" not in page
    assert page.count("2 reviews, until") == 3
    assert "Publish" not in page
    detail = browser(by).get(f"/activities/{homework.pk}/").content.decode()
    assert path(homework) in detail


def test_staff_decide_and_publish(by: Staff, homework: Activity) -> None:
    now = datetime.now(UTC)
    builders.write_all(homework, 7, at=now)
    late = Submission.objects.get(is_late=True)
    client = browser(by)
    page = client.get(path(homework, f"{late.pk}/")).content.decode()
    assert "to be decided by staff" in page
    form = {"score": "9", "reason": "Late and lovely"}
    page = client.post(
        path(homework, f"{late.pk}/decide/"), {"score": "9"}, follow=True
    ).content.decode()
    assert "Write the reason" in page
    page = client.post(
        path(homework, f"{late.pk}/decide/"), form, follow=True
    ).content.decode()
    assert "Late and lovely" in page and "9 of 10" in page
    page = client.post(path(homework, "publish/"), follow=True).content.decode()
    assert "Results can be published from 2" in page
    Homework.objects.update(review_due_at=now - HOUR / 2)
    page = client.get(path(homework)).content.decode()
    assert "Publish 4 results" in page
    page = client.post(path(homework, "publish/"), follow=True).content.decode()
    assert "4 results are published." in page and "passed" in page
    page = client.get(path(homework, f"{late.pk}/")).content.decode()
    assert "/decide/" not in page


def test_one_piece_shows_its_reviewers(by: Staff, homework: Activity) -> None:
    builders.write_all(homework, 7, at=datetime.now(UTC))
    row = Submission.objects.order_by("pk")[0]
    page = browser(by).get(path(homework, f"{row.pk}/")).content.decode()
    assert "Bob" in page and "Cy" in page and builders.COMMENT in page
    assert "median 7" in page and "With fewer than 1 review, staff decide." in page
    answer = browser(by).get(path(homework, "999999/"))
    assert answer.status_code == 404


def test_the_file_runs_no_formula(by: Staff, homework: Activity) -> None:
    answer = browser(by).get(path(homework, "file/"))
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert len(rows) == 5
    assert rows[1][0] == "Ann" and rows[1][3] == f"'{FORMULA}"
    assert [row[2] for row in rows[1:]] == ["no", "no", "no", "yes"]


def test_staff_type_long_homework(by: Staff, homework: Activity) -> None:
    factories.member(by.community, "ed", name="Ed")
    client = browser(by)
    page = client.get(f"/activities/{homework.pk}/entries/").content.decode()
    assert 'maxlength="4501"' in page
    form = {"member": "ed", "said": "x" * 3_000, "key": "k"}
    answer = client.post(f"/activities/{homework.pk}/entries/add/", form, follow=True)
    assert "is handed in, late" in answer.content.decode()
    assert Submission.objects.filter(text="x" * 3_000, source="staff").exists()
