"""Incoming events are stored once and handled once (X1)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from qunce.channels import inbox
from qunce.channels.inbox import IncomingEvent
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from tests import clients, factories
from tests.cli.runner import in_this_process
from tests.factories import AT

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def receive(
    community: Community, key: str, kind: str = "message", channel: str = "fake"
) -> bool:
    return inbox.receive(
        community=community,
        channel=channel,
        key=key,
        kind=kind,
        payload={"n": key},
        at=AT,
    )


def test_repeated_event_is_stored_once(shop: Community) -> None:
    assert receive(shop, "1")
    assert not receive(shop, "1")
    assert receive(shop, "1", channel="other")
    assert receive(factories.community("other"), "1")


def test_events_are_handled_in_order_and_once(shop: Community) -> None:
    for key in ("b", "a", "c"):
        receive(shop, key)
    handled: list[str] = []

    def handle(*, event: IncomingEvent, at: object) -> None:
        handled.append(event.key)

    assert inbox.dispatch(handlers={"message": handle}, at=AT) == 3
    assert inbox.dispatch(handlers={"message": handle}, at=AT) == 0
    assert handled == ["b", "a", "c"]


def test_limit_is_the_number_of_events_per_call(shop: Community) -> None:
    for key in ("a", "b", "c"):
        receive(shop, key)
    handled: list[str] = []

    def handle(*, event: IncomingEvent, at: object) -> None:
        handled.append(event.key)

    assert inbox.dispatch(handlers={"message": handle}, at=AT, limit=2) == 2
    assert inbox.dispatch(handlers={"message": handle}, at=AT, limit=2) == 1
    assert handled == ["a", "b", "c"]


def test_failed_event_is_rolled_back_retried_and_blocks_no_other(
    shop: Community,
) -> None:
    receive(shop, "bad")
    receive(shop, "good")
    fails = [True]

    def handle(*, event: IncomingEvent, at: object) -> None:
        factories.community(f"by-{event.key}")
        if event.key == "bad" and fails:
            raise RuntimeError("no")

    assert inbox.dispatch(handlers={"message": handle}, at=AT) == 1
    assert Community.objects.filter(key="by-good").exists()
    assert not Community.objects.filter(key="by-bad").exists()
    assert inbox.pending().get().error == "RuntimeError: no"
    fails.clear()
    assert inbox.dispatch(handlers={"message": handle}, at=AT + timedelta(1)) == 1
    assert Community.objects.filter(key="by-bad").exists()


def test_event_without_a_handler_is_exhausted_and_kept(shop: Community) -> None:
    receive(shop, "odd", kind="unheard_of")
    for _attempt in range(inbox.MAX_ATTEMPTS + 1):
        inbox.dispatch(handlers={}, at=AT)
    event = inbox.exhausted().get()
    assert (event.error, event.attempts) == (
        "KeyError: 'unheard_of'",
        inbox.MAX_ATTEMPTS,
    )
    assert not inbox.pending().exists()


def test_exhausted_event_is_seen_and_handled_again_everywhere(
    shop: Community, capsys: pytest.CaptureFixture[str]
) -> None:
    factories.members(shop, "ann")
    receive(shop, "odd", kind="unheard_of")
    for _attempt in range(inbox.MAX_ATTEMPTS):
        inbox.dispatch(handlers={}, at=AT)
    other = factories.community("other")
    manager = factories.staff(shop, "manager", login="mo")
    Staff.objects.filter(pk=manager.pk).update(language="en")
    browser, api = clients.browser(manager), clients.create_client(shop)
    pk = inbox.exhausted().get().pk
    assert "unheard_of" in browser.get("/settings/jobs/").content.decode()
    assert "1 event of a channel" in browser.get("/").content.decode()
    listed = api.get("/jobs/events").body["items"]
    assert [(event["id"], event["kind"]) for event in listed] == [(pk, "unheard_of")]
    elsewhere = clients.browser(factories.staff(other, "owner", login="eve"))
    assert elsewhere.post(f"/settings/jobs/events/{pk}/retry/").status_code == 404
    assert not inbox.pending().exists()
    qunce = in_this_process(capsys, "--at", "2026-03-05T12:00:00Z", "--lang", "en")
    assert "unheard_of" in qunce("jobs", "list", "--community", "shop").output

    def fail_again() -> None:
        assert inbox.pending().exists()
        for _attempt in range(inbox.MAX_ATTEMPTS):
            inbox.dispatch(handlers={}, at=AT)

    assert browser.post(f"/settings/jobs/events/{pk}/retry/").status_code == 303
    fail_again()
    assert api.post(f"/jobs/events/{pk}/retry").status == 200
    fail_again()
    assert qunce("jobs", "retry-event", str(pk), "--community", "shop").code == 0
    handled: list[str] = []
    handlers = {"unheard_of": lambda *, event, at: handled.append(event.key)}
    assert inbox.dispatch(handlers=handlers, at=AT) == 1
    assert handled == ["odd"]
    assert "unheard_of" not in browser.get("/settings/jobs/").content.decode()
