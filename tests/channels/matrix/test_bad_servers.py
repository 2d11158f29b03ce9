"""Homeservers that answer with anything, and syncs from places that are gone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest

from qunce.channels import channel_files
from qunce.channels.accounts import leases
from qunce.channels.accounts.models import ChannelAccount
from qunce.channels.accounts.receiving import AccountRefused, LeaseLost, TryLater
from qunce.channels.inbox import IncomingEvent
from qunce.channels.matrix import channel
from qunce.channels.matrix.client import MatrixClient
from qunce.channels.matrix.models import Membership, Room
from tests import factories
from tests.factories import AT

pytestmark = pytest.mark.django_db
Answer = Callable[[httpx.Request], httpx.Response]
ROOM = "!a:h"
MILLIS = int(AT.timestamp() * 1000) - 1_000


@pytest.fixture
def account() -> ChannelAccount:
    shop = factories.community()
    account = ChannelAccount.objects.create(
        community=shop,
        channel="matrix",
        address="https://h.test",
        user="@bot:h",
        secret="t",
        cursor="s1",
        connected_at=AT,
        by=factories.staff(shop),
    )
    Room.objects.create(
        account=account, room_id=ROOM, membership=Membership.JOINED, updated_at=AT
    )
    return account


def receive(
    account: ChannelAccount, answer: Answer, monkeypatch: pytest.MonkeyPatch
) -> int:
    def connected(_self: MatrixClient) -> httpx.Client:
        transport = httpx.MockTransport(answer)
        return httpx.Client(transport=transport, base_url="https://h.test")

    monkeypatch.setattr(MatrixClient, "_connected", connected)
    ChannelAccount.objects.filter(pk=account.pk).update(lease="", leased_until=None)
    lease = leases.claim(account, at=AT)
    return channel.MatrixProvider().receive(
        account, lease=lease, clock=lambda: AT, wait=timedelta()
    )


def message(key: str, text: str = "hi") -> dict[str, Any]:
    return {
        "event_id": key,
        "type": "m.room.message",
        "sender": "@ann:h",
        "origin_server_ts": MILLIS,
        "content": {"msgtype": "m.text", "body": text},
    }


def reply(*events: object, **timeline: object) -> dict[str, Any]:
    section = {"timeline": {"events": list(events), **timeline}}
    return {"next_batch": "s2", "rooms": {"join": {ROOM: section}}}


def sync_answer(body: object, **others: httpx.Response) -> Answer:
    def answer(request: httpx.Request) -> httpx.Response:
        for part, response in others.items():
            if part in request.url.path:
                return response
        return httpx.Response(200, json=body)

    return answer


def broken_off(_request: httpx.Request) -> httpx.Response:
    raise httpx.RemoteProtocolError("the connection was closed in a body")


@pytest.mark.parametrize(
    "answer",
    [
        lambda _: httpx.Response(500, text="<h1>Oops</h1>"),
        lambda _: httpx.Response(502, json={"errcode": "M_UNKNOWN"}),
        lambda _: httpx.Response(200, text="<html>Sign in to the hotel</html>"),
        lambda _: httpx.Response(200, content=b'{"next_batch": "s2", "roo'),
        lambda _: httpx.Response(200, content=b"\xff\xfe\x00"),
        lambda _: httpx.Response(200, text="7"),
        lambda _: httpx.Response(200, json={}),
        lambda _: httpx.Response(200, json={"next_batch": 7, "rooms": "x"}),
        lambda _: httpx.Response(
            200, json={"next_batch": "s2", "rooms": {"join": {ROOM: 7}}}
        ),
        lambda _: httpx.Response(301, headers={"Location": "https://elsewhere.test"}),
        lambda _: httpx.Response(404, text="nothing here"),
        lambda _: httpx.Response(429, json={"retry_after_ms": "soon"}),
        broken_off,
    ],
)
def test_an_answer_that_is_none_moves_nothing(
    account: ChannelAccount, answer: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(TryLater):
        receive(account, answer, monkeypatch)
    account.refresh_from_db()
    assert account.cursor == "s1"
    assert not IncomingEvent.objects.exists()


def test_a_refused_token_is_for_staff(
    account: ChannelAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusal = httpx.Response(401, json={"errcode": "M_UNKNOWN_TOKEN"})
    with pytest.raises(AccountRefused):
        receive(account, lambda _: refusal, monkeypatch)


def test_an_event_of_the_wrong_form_does_not_block_the_others(
    account: ChannelAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    strange: list[object] = [7, None, "x", [], {}, {"event_id": 7, "content": []}]
    body = reply(*strange, message("$1"), {"type": 7, "content": {}, "event_id": "$2"})
    assert receive(account, sync_answer(body), monkeypatch) == 1
    assert [row.key for row in IncomingEvent.objects.all()] == ["$1"]


def test_a_place_that_the_server_has_forgotten_begins_anew(
    account: ChannelAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if "since" in request.url.params:
            return httpx.Response(400, json={"errcode": "M_UNKNOWN"})
        return httpx.Response(200, json=reply(message("$1")))

    assert receive(account, answer, monkeypatch) == 0
    assert receive(account, answer, monkeypatch) == 1
    event = IncomingEvent.objects.get()
    # Nobody is judged for what was said before.
    assert event.payload["is_history"]


@pytest.mark.parametrize("status", [400, 403, 404])
def test_a_room_that_cannot_be_read_back_does_not_block_the_others(
    account: ChannelAccount, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    body = reply(message("$1"), limited=True, prev_batch="p")
    gone = httpx.Response(status, json={"errcode": "M_FORBIDDEN"})
    assert receive(account, sync_answer(body, messages=gone), monkeypatch) == 1
    account.refresh_from_db()
    assert account.cursor == "s2"


def test_a_full_disk_loses_no_message(
    account: ChannelAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_content: bytes) -> dict[str, str]:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(channel_files, "store", full)
    picture = message("$1", "a.png") | {
        "content": {
            "msgtype": "m.image",
            "body": "a.png",
            "url": "mxc://h/1",
            "info": {"mimetype": "image/png"},
        }
    }
    body = reply(picture, message("$2"))
    media = httpx.Response(200, content=b"picture")
    assert receive(account, sync_answer(body, download=media), monkeypatch) == 2


def test_who_has_lost_the_lease_stores_nothing(
    account: ChannelAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(_request: httpx.Request) -> httpx.Response:
        ChannelAccount.objects.filter(pk=account.pk).update(lease="other")
        return httpx.Response(200, json=reply(message("$1")))

    with pytest.raises(LeaseLost):
        receive(account, answer, monkeypatch)
    assert not IncomingEvent.objects.exists()
