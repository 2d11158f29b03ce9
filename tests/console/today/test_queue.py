"""Today, as an operator sees it (K11 follow-ups, K12 imports, P10 tasks)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from importlib import import_module

import pytest
from django.test import Client

from qunce.console import http
from qunce.console.today import items
from qunce.core import communities
from qunce.core.communities import Community
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.members.accounts import accounts
from qunce.members.people import notes

import_module(
    "qunce.console.today.providers"
)  # as the page does: who has lines to tell

AT = datetime(2026, 6, 29, 2, tzinfo=UTC)
pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
BACKEND = "django.contrib.auth.backends.ModelBackend"


@pytest.fixture
def shop() -> Community:
    return communities.create(key="shop", at=AT, language="en")


@pytest.fixture
def owner(shop: Community) -> Staff:
    return staff_models.create(community=shop, login="li", role="owner", at=AT)


@pytest.fixture
def browser(owner: Staff, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setattr(http, "now", lambda: AT)
    client = Client()
    client.force_login(owner, backend=BACKEND)
    return client


def follow_up(owner: Staff, due_at: datetime, step: str = "Call her") -> notes.Note:
    account = accounts.create(
        community=owner.community, key=step, name="Wang", by=owner, at=AT
    )
    return notes.create(
        account=account,
        text="Asked the price",
        next_step=step,
        due_at=due_at,
        by=owner,
        at=AT,
    )


def test_an_empty_community_is_offered_its_own_spreadsheet(browser: Client) -> None:
    page = browser.get("/").content.decode()
    assert "Try with my own spreadsheet" in page


def test_a_follow_up_waits_with_its_reason_and_goes_when_it_is_done(
    browser: Client, owner: Staff
) -> None:
    note = follow_up(owner, AT)
    page = browser.get("/").content.decode()
    assert "Wang: Call her" in page and "Asked the price" in page
    notes.complete(note=note, by=owner, at=AT)
    assert "All clear for today" in browser.get("/").content.decode()


def test_what_is_put_off_goes_and_says_when_it_comes_back(
    browser: Client, owner: Staff
) -> None:
    follow_up(owner, AT)
    (line,) = items.list_items(owner, at=AT)
    browser.post("/today/snooze/", {"key": line.key, "span": "tomorrow"})
    page = browser.get("/").content.decode()
    assert "Call her" not in page
    assert "All clear for today" in page and "tomorrow 08:00: 1 item" in page
    browser.post(f"/today/unsnooze/?key={line.key}")
    assert "Call her" in browser.get("/").content.decode()


def test_a_put_off_line_comes_back_by_itself(
    browser: Client, owner: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    follow_up(owner, AT)
    (line,) = items.list_items(owner, at=AT)
    browser.post("/today/snooze/", {"key": line.key, "span": "hour"})
    monkeypatch.setattr(http, "now", lambda: AT + timedelta(hours=1))
    assert "Call her" in browser.get("/").content.decode()


def test_what_is_late_comes_before_what_is_due(owner: Staff) -> None:
    follow_up(owner, AT + timedelta(hours=2), "Later")
    follow_up(owner, AT - timedelta(hours=2), "Sooner")
    found = items.list_items(owner, at=AT)
    assert [line.text for line in found] == ["Wang: Sooner", "Wang: Later"]
    assert [line.is_late for line in found] == [True, False]


def test_a_name_that_is_markup_is_shown_as_text(browser: Client, owner: Staff) -> None:
    follow_up(owner, AT, "<img src=x onerror=alert(1)>")
    assert "<img" not in browser.get("/").content.decode()


def test_an_empty_queue_tells_what_tomorrow_brings(
    browser: Client, owner: Staff
) -> None:
    follow_up(owner, AT + timedelta(days=1))
    page = browser.get("/").content.decode()
    assert "Call her" not in page
    assert "tomorrow 10:00: 1 item" in page
