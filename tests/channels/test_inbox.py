"""Incoming events are stored once and handled once (X1)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from qunce.channels import inbox
from qunce.channels.inbox import IncomingEvent
from qunce.core.communities import Community
from tests import factories
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
