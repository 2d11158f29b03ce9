"""Reports of messages, asked for newest first from a list that others shorten."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from qunce.channels.accounts.models import ChannelAccount
from qunce.channels.inbox import IncomingEvent
from qunce.channels.matrix import reports
from qunce.channels.matrix.client import MatrixClient
from qunce.channels.matrix.models import Membership, Room
from tests import factories
from tests.factories import AT

pytestmark = pytest.mark.django_db
ROOM, DIRECT = "!a:h", "!direct:h"
MINUTE = timedelta(minutes=1)


class FakeServer(MatrixClient):
    """A server with a list of reports, three on a page."""

    def __init__(self) -> None:
        super().__init__("https://h.test", "t")
        self.rows: list[dict[str, Any]] = []
        self.calls = 0

    def report(self, number: int, **fields: Any) -> None:
        row = {
            "id": number,
            "room_id": ROOM,
            "event_id": f"$m{number}",
            "user_id": "@ann:h",
            "reason": f"reason {number}",
            "received_ts": int((AT + number * MINUTE).timestamp() * 1000),
        }
        self.rows.append(row | fields)

    def event_reports(self, *, start: int, limit: int = 100) -> dict[str, Any]:
        self.calls += 1
        newest = sorted(self.rows, key=lambda row: -row["id"])
        reply: dict[str, Any] = {"event_reports": newest[start : start + 3]}
        if start + 3 < len(newest):
            reply["next_token"] = start + 3
        return reply


@pytest.fixture
def account() -> ChannelAccount:
    shop = factories.community()
    account = ChannelAccount.objects.create(
        community=shop,
        channel="matrix",
        address="https://h.test",
        user="@bot:h",
        secret="t",
        connected_at=AT + 3 * MINUTE,
        by=factories.staff(shop),
    )
    for room, is_direct in ((ROOM, False), (DIRECT, True)):
        Room.objects.create(
            account=account,
            room_id=room,
            membership=Membership.JOINED,
            is_direct=is_direct,
            updated_at=AT,
        )
    return account


def receive(account: ChannelAccount, server: FakeServer) -> list[str]:
    """The messages that are reported for the first time, in their order."""
    before = set(IncomingEvent.objects.values_list("pk", flat=True))
    account.refresh_from_db()
    reports.receive(account, server, at=AT + timedelta(days=1))
    new = IncomingEvent.objects.exclude(pk__in=before).order_by("pk")
    return [event.payload["message"] for event in new]


def test_each_report_since_the_connection_is_taken_once(
    account: ChannelAccount,
) -> None:
    server = FakeServer()
    for number in range(1, 9):
        server.report(number)
    assert receive(account, server) == ["$m3", "$m4", "$m5", "$m6", "$m7", "$m8"]
    # An administrator has dealt with some, so that the others have moved.
    del server.rows[1:7]
    server.report(9)
    server.calls = 0
    assert receive(account, server) == ["$m9"]
    assert receive(account, server) == []
    assert server.calls == 2


def test_reports_of_other_rooms_and_of_no_message_are_left_out(
    account: ChannelAccount,
) -> None:
    server = FakeServer()
    server.report(4, room_id="!elsewhere:h")
    server.report(5, room_id=DIRECT)
    server.report(6, event_id=None)
    server.report(7, user_id=7, reason="x" * 5_000 + "\0")
    assert receive(account, server) == ["$m7"]
    payload = IncomingEvent.objects.get().payload
    assert payload["text"] == "x" * 300
    assert receive(account, server) == []


def test_server_that_was_restored_counts_from_there(account: ChannelAccount) -> None:
    server = FakeServer()
    for number in (4, 5, 6):
        server.report(number)
    assert len(receive(account, server)) == 3
    del server.rows[1:]
    # The same number again, at another time.
    server.report(5, received_ts=server.rows[0]["received_ts"] + 1, event_id="$new")
    assert receive(account, server) == ["$new"]
