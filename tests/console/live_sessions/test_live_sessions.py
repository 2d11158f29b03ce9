"""The page of a live session: who came, names, the platform's number, replay and orders."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from qunce.activities.activities.models import Activity
from qunce.activities.live_sessions.models import (
    LiveAttendance,
    LiveReservation,
    LiveSession,
    TypedAttendance,
)
from qunce.core.staff.models import Staff
from tests import factories
from tests.activities import running
from tests.activities.live_sessions import builders
from tests.clients import browser

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


@pytest.fixture
def by() -> Staff:
    return factories.staff(factories.community(language="en", currency="CNY"))


@pytest.fixture
def live(by: Staff) -> Activity:
    """A live session in some minutes, which Ann and Bob reserved and Ann has entered."""
    at = datetime.now(UTC)
    made = running.open_now(
        by,
        kind="live_session",
        name="Tea live",
        ends_at=at + 9 * HOUR,
        settings=builders.settings(
            at + HOUR / 10, guests=[{"name": "<img onerror=1>", "role": "Host"}]
        ),
    )
    for key in ("ann", "bob", "cy"):
        account = factories.member(by.community, key, name=key.title()).pk
        if key != "cy":
            assert running.join(made, account, at).accepted
        if key == "ann":
            assert running.join(made, account, at, said="enter", key="e").accepted
    return made


def root_of(live: Activity) -> str:
    return f"/activities/live/{live.pk}/"


def end(live: Activity) -> None:
    at = datetime.now(UTC)
    LiveSession.objects.update(starts_at=at - 3 * HOUR, ends_at=at - HOUR)


def test_staff_see_who_came_and_who_did_not(by: Staff, live: Activity) -> None:
    page = browser(by).get(root_of(live)).content.decode()
    assert "&lt;img onerror" in page and "<img onerror" not in page
    assert "Undo that Ann came" in page and "Reserved, not there yet" in page
    assert "Cancel the reservation of Bob" in page
    end(live)
    page = browser(by).get(root_of(live)).content.decode()
    assert "Reserved and did not come" in page
    assert "Cancel the reservation of Bob" not in page
    detail = browser(by).get(f"/activities/{live.pk}/").content.decode()
    assert root_of(live) in detail


def test_refused_names_stay_in_their_field(by: Staff, live: Activity) -> None:
    desk = browser(by)
    answer = desk.post(f"{root_of(live)}names/", {"names": "Cy\n<b>nobody</b>"})
    page = answer.content.decode()
    assert answer.status_code == 422 and "line 2: no member is called this" in page
    assert "Cy\n&lt;b&gt;nobody" in page and "<b>nobody" not in page
    assert LiveAttendance.objects.count() == 1
    page = desk.post(
        f"{root_of(live)}names/", {"names": "Cy\r\nAnn"}, follow=True
    ).content.decode()
    assert "Entered: 1. Had come already: 1." in page
    assert "without a reservation" in page


def test_the_number_of_the_platform_stands_beside(by: Staff, live: Activity) -> None:
    desk = browser(by)
    url = f"{root_of(live)}number/"
    page = desk.post(url, {"number": "5"}, follow=True).content.decode()
    assert "It has not started" in page and not TypedAttendance.objects.exists()
    end(live)
    for wrong in ("-1", "many", "1.5", "=1+1", ""):
        page = desk.post(url, {"number": wrong}, follow=True).content.decode()
        assert "is a whole number from 0" in page
    page = desk.post(url, {"number": "１,２００"}, follow=True).content.decode()
    assert TypedAttendance.objects.get().number == 1_200
    assert "1,200" in page and by.name in page
    results = browser(by).get(f"/activities/{live.pk}/results/").content.decode()
    assert "1,200" in results and "Came, known by name" in results


def test_replay_orders_and_segments(by: Staff, live: Activity) -> None:
    end(live)
    desk = browser(by)
    url = "https://live.example/replay"
    shown = desk.post(f"{root_of(live)}replay/", {"url": url}, follow=True)
    assert "Members see the replay" in shown.content.decode()
    at = datetime.now(UTC)
    factories.order(by.community, "ann", 8_800, at - 2 * HOUR, key="a")
    factories.order(by.community, "ann", 300, at - 2 * HOUR, key="b", currency="USD")
    page = desk.get(root_of(live)).content.decode()
    assert "CNY 88.00" in page and "USD 3.00" in page and url in page
    rule = f'{{"live_session": {{"activity": "{live.public_id}", "step": "missed"}}}}'
    found = desk.post("/members/segments/new/rule/", {"rule": rule}, follow=True)
    text = found.content.decode()
    assert "did not come" in text and found.status_code == 200


def test_staff_undo_and_cancel(by: Staff, live: Activity) -> None:
    desk = browser(by)
    row = LiveAttendance.objects.get()
    page = desk.post(f"{root_of(live)}attendances/{row.pk}/undo/", follow=True)
    assert "Undone" in page.content.decode() and not LiveAttendance.objects.exists()
    bob = LiveReservation.objects.order_by("pk").last()
    assert bob is not None
    page = desk.post(f"{root_of(live)}reservations/{bob.pk}/cancel/", follow=True)
    assert "They are not reminded" in page.content.decode()
    narrow = factories.staff(
        by.community, "manager", "narrow", scope={"members": {"keys": ["bob"]}}
    )
    page = browser(narrow).get(root_of(live))
    assert "Bob" in page.content.decode() and "Ann" not in page.content.decode()
    ann = LiveReservation.objects.order_by("pk").first()
    assert ann is not None
    hidden = browser(narrow).post(f"{root_of(live)}reservations/{ann.pk}/cancel/")
    assert hidden.status_code == 404
