"""The pages of a meet-up: sign-ups with answers, files, the list, the code and scanning."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from python_calamine import CalamineWorkbook

from qunce.activities.activities.models import Activity
from qunce.activities.meetups import venue_codes
from qunce.activities.meetups.models import Meetup, SignUp
from qunce.core.staff.models import Staff
from tests import factories
from tests.activities import running
from tests.activities.meetups import builders
from tests.clients import browser

pytestmark = pytest.mark.django_db
FORMULA = "=HYPERLINK(1)"


@pytest.fixture
def by() -> Staff:
    return factories.staff(factories.community(language="en"))


@pytest.fixture
def meetup(by: Staff) -> Activity:
    """A meet-up in an hour with one seat, one member who has it and one who waits."""
    at = datetime.now(UTC)
    made = running.open_now(
        by,
        kind="meetup",
        name="Tasting",
        ends_at=at + timedelta(hours=9),
        settings=builders.settings(
            at + timedelta(hours=1),
            capacity=1,
            questions=[builders.question("Tea?", required=False)],
        ),
    )
    for key, said in (("ann", FORMULA), ("bob", "<img onerror=1>")):
        account = factories.member(by.community, key, name=key.title()).pk
        assert running.join(made, account, at, said=said).accepted
    return made


def test_staff_see_seats_waitlist_and_answers(by: Staff, meetup: Activity) -> None:
    page = browser(by).get(f"/activities/meetups/{meetup.pk}/").content.decode()
    assert "1 of 1 seats taken" in page and "Waitlist" in page
    assert "&lt;img onerror" in page and "<img onerror" not in page
    assert "Check in Ann" in page and "Check in Bob" not in page
    detail = browser(by).get(f"/activities/{meetup.pk}/").content.decode()
    assert f"/activities/meetups/{meetup.pk}/" in detail


def test_files_run_no_formula(by: Staff, meetup: Activity) -> None:
    root = f"/activities/meetups/{meetup.pk}/file/"
    text = browser(by).get(f"{root}csv/").content.decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text)))
    assert rows[0][-1] == "Tea?" and rows[1][-1] == f"'{FORMULA}"
    assert [row[2] for row in rows[1:]] == ["has a seat", "on the waitlist"]
    book = browser(by).get(f"{root}xlsx/").content
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(book)).get_sheet_by_index(0)
    assert sheet.to_python()[1][-1] == FORMULA
    assert b"<f>" not in book
    assert len(factories.recorded_facts(by.community, "member.exported")) == 2
    operator = factories.staff(by.community, "operator", "op")
    assert browser(operator).get(f"{root}csv/").status_code == 403
    page = browser(operator).get(f"/activities/meetups/{meetup.pk}/").content.decode()
    assert "CSV" not in page and "Ann" in page


def test_the_list_has_a_box_for_each_seat(by: Staff, meetup: Activity) -> None:
    page = browser(by).get(f"/activities/meetups/{meetup.pk}/print/").content.decode()
    assert page.count("☐") == 1 and "Ann" in page and "Bob" not in page


def test_the_code_is_refreshed_as_a_part(by: Staff, meetup: Activity) -> None:
    url = f"/activities/meetups/{meetup.pk}/code/"
    secret = Meetup.objects.get().secret
    near = {
        venue_codes.code_at(secret, datetime.now(UTC) + n * venue_codes.STEP)
        for n in (-1, 0, 1)
    }
    part = browser(by).get(url, headers={"hx-request": "true"}).content.decode()
    assert any(code in part for code in near) and "<html" not in part
    assert "every 5s" in browser(by).get(url).content.decode()


def test_a_code_that_is_typed_or_scanned_shows_the_person(
    by: Staff, meetup: Activity
) -> None:
    desk, root = browser(by), f"/activities/meetups/{meetup.pk}/scan/"
    ann, bob = SignUp.objects.order_by("place")
    answer = desk.get(
        root, {"code": f"https://x.example{root}{ann.code}/"}, follow=True
    )
    assert "Check in Ann" in answer.content.decode()
    page = desk.get(f"{root}{bob.code}/").content.decode()
    assert "without a seat" in page and "Check in Bob" not in page
    wrong = desk.get(f"{root}nothing/")
    assert wrong.status_code == 404
    assert "not one of this meet-up" in wrong.content.decode()
    narrow = factories.staff(
        by.community, "manager", "narrow", scope={"members": {"keys": ["bob"]}}
    )
    assert browser(narrow).get(f"{root}{ann.code}/").status_code == 404


def test_staff_cancel_and_the_next_one_moves_up(by: Staff, meetup: Activity) -> None:
    ann, bob = SignUp.objects.order_by("place")
    url = f"/activities/meetups/{meetup.pk}/sign-ups/{ann.pk}/cancel/"
    page = browser(by).post(url, follow=True).content.decode()
    assert "A free seat goes to the next" in page
    bob.refresh_from_db()
    assert bob.state == "seated"
