"""The cookie of a device: renewed once a day while it is used, without storing anything."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext

from qunce.console import http
from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.members.personal_links import devices, links
from qunce.members.personal_links.models import SignIn
from tests import factories
from tests.portal.phones import Phone

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
NAME = "李雷雷"
COOKIE = "qunce_member"


@pytest.fixture
def li(shop: Community) -> int:
    return factories.member(shop, "li", name=NAME).pk


class Days:
    """The clock of the server: `days.go(3)` is three days after the start."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.start = datetime.now(UTC)
        self.monkeypatch = monkeypatch

    def go(self, days: float) -> None:
        now = self.start + days * DAY
        self.monkeypatch.setattr(http, "now", lambda: now)


@pytest.fixture
def days(monkeypatch: pytest.MonkeyPatch) -> Days:
    return Days(monkeypatch)


@pytest.fixture
def phone(shop: Community, li: int) -> Phone:
    phone = Phone(shop)
    assert NAME in phone.sign_in(li)
    return phone


def renewed(phone: Phone, **extra: Any) -> bool:
    """Whether opening a page brings a new cookie; nothing is written in any case."""
    with CaptureQueriesContext(connections["default"]) as queries:
        phone.open("me", **extra)
    written = [
        each["sql"]
        for each in queries
        if each["sql"].strip().startswith(("INSERT", "UPDATE", "DELETE"))
    ]
    assert len(queries) > 0
    assert written == []
    return COOKIE in phone.response.cookies


def test_a_visit_a_day_keeps_a_member_signed_in(days: Days, phone: Phone) -> None:
    """Much longer than the 30 days after which an unused sign-in ends."""
    for day in range(1, 340, 20):
        days.go(day)
        assert renewed(phone)
        assert NAME in phone.page
    days.go(321 + 31)
    assert not renewed(phone)
    assert "李" not in phone.page
    assert "Sign in" in phone.page


def test_a_year_after_signing_in_it_ends_however_often_it_is_used(
    days: Days, phone: Phone
) -> None:
    for day in range(20, 365, 20):
        days.go(day)
        assert renewed(phone)
    days.go(366)
    assert not renewed(phone)
    assert "李" not in phone.page


def test_the_cookie_is_renewed_once_a_day_and_lasts_400_days(
    days: Days, phone: Phone
) -> None:
    assert not renewed(phone)
    days.go(1.1)
    before = phone.client.cookies[COOKIE].value
    assert renewed(phone)
    cookie = phone.client.cookies[COOKIE]
    assert cookie.value != before
    # It is still the same device.
    assert cookie.value.partition(".")[0] == before.partition(".")[0]
    assert (cookie["max-age"], cookie["path"]) == (400 * 24 * 3600, "/p/")
    assert cookie["httponly"]
    assert not renewed(phone)
    days.go(1.9)
    assert not renewed(phone)


@pytest.mark.parametrize(
    "headers",
    [
        {"user-agent": "facebookexternalhit/1.1"},
        {"user-agent": "WhatsApp/2.23"},
        {"sec-purpose": "prefetch;prerender"},
        {"purpose": "prefetch"},
        {"sec-fetch-mode": "no-cors"},
        {"sec-fetch-mode": "cors"},
    ],
)
def test_what_no_person_opens_renews_nothing(
    days: Days, phone: Phone, headers: dict[str, str]
) -> None:
    days.go(2)
    assert not renewed(phone, headers=headers)
    assert COOKIE not in phone.client.head("/p/shop/me").cookies
    assert renewed(phone)


def test_a_personal_link_keeps_its_last_day(
    days: Days, shop: Community, li: int
) -> None:
    phone = Phone(shop)
    phone.bind(li)
    for day in range(1, 29, 3):
        days.go(day)
        assert renewed(phone)
        assert "李＊" in phone.page
    days.go(31)
    assert not renewed(phone)
    assert "李" not in phone.page


def test_the_cookie_of_nobody_is_not_renewed(days: Days, shop: Community) -> None:
    phone = Phone(shop)
    phone.open("")
    days.go(5)
    assert not renewed(phone)


@pytest.mark.parametrize("change", ["time", "signature", "none", "words", "long"])
def test_a_time_that_is_not_ours_extends_nothing(
    days: Days, phone: Phone, change: str
) -> None:
    secret, seconds, signature = phone.client.cookies[COOKIE].value.split(".")
    later = str(int(seconds) + 40 * 24 * 3600)
    phone.client.cookies[COOKIE] = {
        "time": f"{secret}.{later}.{signature}",
        "signature": f"{secret}.{later}.{'0' * len(signature)}",
        "none": secret,
        "words": f"{secret}.é.é.é",
        "long": f"{secret}.{'9' * 30}.{signature}",
    }[change]
    days.go(29)
    assert renewed(phone)
    assert NAME in phone.page
    phone.client.cookies[COOKIE] = f"{secret}.{later}.{signature}"
    days.go(31)
    assert not renewed(phone)
    assert "李" not in phone.page


def test_a_clock_that_was_set_back_extends_nothing(days: Days, phone: Phone) -> None:
    days.go(20)
    assert renewed(phone)
    days.go(2)
    assert renewed(phone)
    assert NAME in phone.page
    days.go(33)
    assert not renewed(phone)
    assert "李" not in phone.page


def test_a_stolen_cookie_ends_with_the_removed_device(
    days: Days, shop: Community, li: int, phone: Phone
) -> None:
    thief = Phone(shop)
    thief.client.cookies[COOKIE] = phone.client.cookies[COOKIE].value
    days.go(2)
    assert renewed(thief)
    assert NAME in thief.page
    tablet = Phone(shop)
    tablet.sign_in(li)
    (row,) = [
        each
        for each in devices.list_of_person(li, at=days.start + 2 * DAY)
        if each.id == SignIn.objects.order_by("pk")[0].device_id
    ]
    tablet.press(f"me/devices/{row.id}/remove")
    for each in (thief, phone):
        assert not renewed(each)
        assert "李" not in each.page
    assert NAME in tablet.open("me")


def test_revoking_all_of_a_member_ends_renewed_devices(
    days: Days, shop: Community, li: int, phone: Phone
) -> None:
    days.go(25)
    assert renewed(phone)
    days.go(50)
    # It is listed for as long as it can be used.
    (row,) = devices.list_of_person(li, at=days.start + 50 * DAY)
    assert row.is_signed_in
    by = staff_models.system(shop)
    links.revoke_member(account_id=li, by=by, at=days.start + 50 * DAY)
    assert not renewed(phone)
    assert "李" not in phone.page
