"""What comes in is taken once and handed on (X1)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from qunce.channels import inbox
from qunce.channels.inbox import IncomingEvent
from qunce.core.communities import Community
from tests.core import made
from tests.core.made import AT

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.fixture
def shop() -> Community:
    return made.community()


def take(of: Community, key: str, kind: str = "message", channel: str = "fake") -> bool:
    return inbox.receive(
        community=of, channel=channel, key=key, kind=kind, payload={"n": key}, at=AT
    )


def test_an_event_told_twice_is_taken_once(shop: Community) -> None:
    assert take(shop, "1")
    assert not take(shop, "1")
    assert take(shop, "1", channel="other")
    assert take(made.community("other"), "1")


def test_events_are_handed_on_in_order_and_once(shop: Community) -> None:
    for key in ("b", "a", "c"):
        take(shop, key)
    seen: list[str] = []

    def handle(*, event: IncomingEvent, at: object) -> None:
        seen.append(event.key)

    assert inbox.dispatch(handlers={"message": handle}, at=AT) == 3
    assert inbox.dispatch(handlers={"message": handle}, at=AT) == 0
    assert seen == ["b", "a", "c"]


def test_one_that_fails_is_undone_and_tried_again_and_holds_up_nobody(
    shop: Community,
) -> None:
    take(shop, "bad")
    take(shop, "good")
    broken = [True]

    def handle(*, event: IncomingEvent, at: object) -> None:
        made.community(f"by-{event.key}")
        if event.key == "bad" and broken:
            raise RuntimeError("no")

    assert inbox.dispatch(handlers={"message": handle}, at=AT) == 1
    assert not Community.objects.filter(key="by-bad").exists()
    assert inbox.pending().get().error == "RuntimeError: no"
    broken.clear()
    assert inbox.dispatch(handlers={"message": handle}, at=AT + timedelta(1)) == 1
    assert Community.objects.filter(key="by-bad").exists()


def test_what_nobody_can_handle_is_given_up_and_kept(shop: Community) -> None:
    take(shop, "odd", kind="unheard_of")
    for _turn in range(inbox.MAX_ATTEMPTS + 1):
        inbox.dispatch(handlers={}, at=AT)
    assert inbox.exhausted().get().error == "KeyError: 'unheard_of'"
    assert not inbox.pending().exists()
