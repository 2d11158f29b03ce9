"""Pages of the whitelist and the blacklist."""

from __future__ import annotations

import json

import pytest

from qunce.core.staff.models import Staff
from qunce.groups.lists import lists
from qunce.groups.lists.models import ListEntry
from tests import clients, factories
from tests.factories import AT

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> Staff:
    return factories.staff(factories.community(language="en"))


def test_somebody_is_added_changed_and_taken_off(owner: Staff) -> None:
    browser = clients.browser(owner)
    factories.member(owner.community, "spammer", name="Spam King")
    north = factories.group(owner.community, "north", name="North")
    page = browser.get("/groups/lists/")
    assert "Nobody is on this list" in page.content.decode()
    values = {"list_name": "black", "member": "spammer", "reason": "adverts"}
    browser.post("/groups/lists/new/", {**values, "groups": [north.pk], "lasts": "30"})
    entry = ListEntry.objects.get()
    assert entry.expires_at is not None
    page = browser.get("/groups/lists/")
    assert "Spam King" in page.content.decode()
    assert "adverts" in page.content.decode()
    detail = f"/groups/lists/{entry.pk}/"
    assert "North" in browser.get(detail).content.decode()
    browser.post(detail, {"reason": "adverts again", "lasts": "keep"})
    entry.refresh_from_db()
    assert (entry.reason, entry.scope) == ("adverts again", "community")
    assert entry.expires_at is not None
    text = browser.post(f"{detail}remove/", follow=True).content.decode()
    assert "Spam King was taken off the blacklist." in text
    assert "Nobody is on this list" in text
    assert "Spam King" in browser.get("/groups/lists/?past=1").content.decode()


def test_wrong_entries_are_answered_with_a_sentence(owner: Staff) -> None:
    browser = clients.browser(owner)
    for values, sentence in (
        ({"list_name": "black"}, "Give either a member"),
        ({"list_name": "black", "member": "nobody"}, "There is no member"),
    ):
        page = browser.post("/groups/lists/new/", values)
        assert page.status_code == 422
        assert sentence in page.content.decode()


def test_candidates_are_looked_at_before_they_are_added(owner: Staff) -> None:
    browser = clients.browser(owner)
    content = {"entity": "@a:evil.org", "recommendation": "m.ban", "reason": "spam"}
    events = [
        {"type": "m.policy.rule.user", "state_key": "1", "content": content},
        {
            "type": "m.policy.rule.user",
            "state_key": "2",
            "content": {**content, "entity": "@*:evil.org"},
        },
    ]
    # The events are of Matrix, although the form begins with another platform.
    values = {"list_name": "black", "channel": "offline", "text": json.dumps(events)}
    text = browser.post("/groups/lists/candidates/", values).content.decode()
    assert "1 person can be added" in text
    assert "names people" in text
    assert not ListEntry.objects.exists()
    browser.post("/groups/lists/candidates/", {**values, "add": "1"})
    entry = ListEntry.objects.get()
    assert (entry.channel, entry.channel_key) == ("matrix", "@a:evil.org")
    page = browser.post("/groups/lists/candidates/", {**values, "text": "[oops"})
    assert page.status_code == 422
    assert "not valid JSON" in page.content.decode()


def test_search_and_pages(owner: Staff) -> None:
    browser = clients.browser(owner)
    for number in range(51):
        lists.add(
            community=owner.community,
            list_name="black",
            channel="wechat",
            channel_key=f"id-{number:02}",
            by=owner,
            at=AT,
        )
    first = browser.get("/groups/lists/").content.decode()
    assert "from=50" in first
    found = browser.get("/groups/lists/?q=id-07").content.decode()
    assert found.count("/remove/") == 1
