"""The queue of Today."""

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
from qunce.importing.jobs import jobs
from qunce.members.accounts import accounts
from qunce.members.people import notes
from tests import clients

import_module("qunce.console.today.providers")  # registers all providers

AT = datetime(2026, 6, 29, 2, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> Community:
    return communities.create(key="shop", at=AT, language="en")


@pytest.fixture
def owner(shop: Community) -> Staff:
    return staff_models.create(community=shop, login="li", role="owner", at=AT)


@pytest.fixture
def browser(owner: Staff, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setattr(http, "now", lambda: AT)
    return clients.browser(owner)


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


def test_empty_community_is_offered_an_import(browser: Client) -> None:
    page = browser.get("/").content.decode()
    assert "Try with my own spreadsheet" in page


def test_follow_up_is_listed_until_it_is_completed(
    browser: Client, owner: Staff
) -> None:
    note = follow_up(owner, AT)
    page = browser.get("/").content.decode()
    assert "Wang: Call her" in page and "Asked the price" in page
    notes.complete(note=note, by=owner, at=AT)
    assert "All clear for today" in browser.get("/").content.decode()


def test_snoozed_item_is_hidden_and_its_return_is_announced(
    browser: Client, owner: Staff
) -> None:
    follow_up(owner, AT)
    (item,) = items.list_items(owner, at=AT)
    browser.post("/today/snooze/", {"key": item.key, "span": "tomorrow"})
    page = browser.get("/").content.decode()
    assert "Wang: Call her" not in page
    assert "All clear for today" in page and "tomorrow 08:00: 1 item" in page
    browser.post(f"/today/unsnooze/?key={item.key}")
    assert "Call her" in browser.get("/").content.decode()


def test_snoozed_item_returns_automatically(
    browser: Client, owner: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    follow_up(owner, AT)
    (item,) = items.list_items(owner, at=AT)
    browser.post("/today/snooze/", {"key": item.key, "span": "hour"})
    monkeypatch.setattr(http, "now", lambda: AT + timedelta(hours=1))
    assert "Call her" in browser.get("/").content.decode()


def test_late_items_come_first(owner: Staff) -> None:
    follow_up(owner, AT + timedelta(hours=2), "Later")
    follow_up(owner, AT - timedelta(hours=2), "Sooner")
    listed = items.list_items(owner, at=AT)
    assert [item.text for item in listed] == ["Wang: Sooner", "Wang: Later"]
    assert [item.is_late for item in listed] == [True, False]


def test_markup_in_names_is_escaped(browser: Client, owner: Staff) -> None:
    follow_up(owner, AT, "<img src=x onerror=alert(1)>")
    page = browser.get("/").content.decode()
    assert "&lt;img src=x" in page
    assert "<img" not in page


def test_empty_queue_announces_the_items_of_tomorrow(
    browser: Client, owner: Staff
) -> None:
    follow_up(owner, AT + timedelta(days=1))
    page = browser.get("/").content.decode()
    assert "Call her" not in page
    assert "tomorrow 10:00: 1 item" in page


def test_notice_is_gone_once_it_was_seen(
    browser: Client, owner: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    follow_up(owner, AT)
    notice = items.TodayItem(
        key="layers-1-7",
        section=items.CHANGED,
        icon="clock",
        text="3 members moved",
        reason="",
        url="/members/",
        action="See who",
        may_dismiss=True,
        is_notice=True,
    )
    monkeypatch.setattr(items, "PROVIDERS", [lambda staff, at: [notice]])
    assert "See who" in browser.get("/").content.decode()
    opened = browser.post("/today/open/", {"key": notice.key})
    assert opened["Location"] == "/members/"
    assert "See who" not in browser.get("/").content.decode()
    colleague = clients.browser(
        staff_models.create(community=owner.community, login="mo", at=AT)
    )
    assert "See who" in colleague.get("/").content.decode()
    assert browser.post("/today/open/", {"key": "?"})["Location"] == "/"


def test_failed_import_is_dismissed_or_superseded(
    browser: Client, owner: Staff
) -> None:
    follow_up(owner, AT)

    def imported(name: str, state: str, rows_broken: int) -> jobs.ImportJob:
        return jobs.ImportJob.objects.create(
            community=owner.community,
            target="members",
            file_name=name,
            state=state,
            rows_broken=rows_broken,
            started_at=AT,
            finished_at=AT,
            by=owner,
        )

    imported("new.csv", "rejected", 2)
    left = imported("old.csv", "done", 1)
    page = browser.get("/").content.decode()
    assert "new.csv was rejected" in page
    assert "old.csv: 1 row was skipped" in page
    # The corrected file has the same name.
    imported("new.csv", "done", 0)
    key = f"import-{left.pk}-done"
    undone = browser.post("/today/dismiss/", {"key": key}, follow=True)
    page = browser.get("/").content.decode()
    assert "new.csv" not in page
    assert "old.csv" not in page
    assert "/today/restore/?key=" in undone.content.decode()
    browser.post(f"/today/restore/?key={key}")
    assert "old.csv" in browser.get("/").content.decode()
