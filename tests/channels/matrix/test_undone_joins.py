"""Joins and leaves that a homeserver undoes without an event, in recorded syncs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest

from qunce.channels.accounts.models import ChannelAccount
from qunce.channels.inbox import IncomingEvent
from qunce.groups import groups
from qunce.groups.groups import Membership
from qunce.members.accounts.models import Account
from qunce.outreach.sending import channel_events
from tests import factories
from tests.channels.matrix import test_bad_servers as recorded
from tests.channels.matrix.test_bad_servers import ROOM
from tests.factories import AT

pytestmark = pytest.mark.django_db
ANN, BOB, MOD, BOT = "@ann:h", "@bob:h", "@mod:h", "@bot:h"
account = recorded.account


def member(user: str, now: str = "join", *, sender: str = "") -> dict[str, Any]:
    return {
        "event_id": f"${user}{now}",
        "type": "m.room.member",
        "sender": sender or user,
        "state_key": user,
        "origin_server_ts": recorded.MILLIS,
        "content": {"membership": now},
    }


CLOSED = {
    "event_id": "$closed",
    "type": "m.room.join_rules",
    "sender": BOT,
    "state_key": "",
    "origin_server_ts": recorded.MILLIS,
    "content": {"join_rule": "invite"},
}


class Server:
    """Answers one sync, and has the members that it has resolved."""

    def __init__(self, *events: object, state: dict[str, Any], **timeline: Any) -> None:
        self.body = recorded.reply(*events, **timeline)
        self.state, self.asked = state, list[str]()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path.endswith("/sync"):
            return httpx.Response(200, json=self.body)
        if path.endswith("/messages"):
            return httpx.Response(200, json={"chunk": []})
        if path.endswith("/joined_members"):
            self.asked.append("everybody")
            now = {who: raw["content"]["membership"] for who, raw in self.state.items()}
            joined: dict[str, Any] = {who: {} for who in now if now[who] == "join"}
            return httpx.Response(200, json={"joined": joined})
        user = path.rpartition("/m.room.member/")[2]
        self.asked.append(user)
        if raw := self.state.get(user):
            return httpx.Response(200, json=raw)
        return httpx.Response(404, json={"errcode": "M_NOT_FOUND"})

    def receive(
        self, account: ChannelAccount, monkeypatch: pytest.MonkeyPatch
    ) -> list[str]:
        """Everybody who is in our mirror after the sync."""
        ChannelAccount.objects.filter(pk=account.pk).update(cursor="s1")
        account.refresh_from_db()
        recorded.receive(account, self, monkeypatch)
        channel_events.handle_all(at=AT)
        assert not IncomingEvent.objects.filter(handled_at__isnull=True).exists()
        rows = Membership.objects.filter(group__key=ROOM, present=True)
        found = Account.objects.filter(pk__in=rows.values("account_id"))
        return sorted(found.values_list("key", flat=True))


def of(*raws: dict[str, Any]) -> dict[str, Any]:
    return {raw["state_key"]: raw for raw in raws}


@pytest.fixture
def in_room(account: ChannelAccount) -> None:
    """Ann has been a member for a while."""
    shop = account.community
    factories.member(shop, ANN, channel="matrix")
    group = factories.group(shop, ROOM, platform="matrix")
    by, long_ago = factories.staff(shop, login="cleo"), AT - timedelta(days=30)
    people = factories.account_ids(shop, (ANN,))
    groups.add_members(group=group, accounts=people, by=by, at=long_ago)


@pytest.mark.parametrize("events", [[member(BOB), CLOSED], [CLOSED, member(BOB)]])
def test_a_join_beside_the_closing_of_the_room_is_undone(
    account: ChannelAccount,
    in_room: None,
    events: list[object],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = Server(*events, state=of(member(ANN)))
    assert server.receive(account, monkeypatch) == [ANN]
    joined, left = (
        factories.recorded_facts(account.community, kind)
        for kind in ("group.joined", "group.left")
    )
    # That of ann long ago, and bob's.
    assert (len(joined), len(left)) == (2, 1)
    assert server.asked == [BOB]


def test_a_join_is_undone_by_what_comes_in_a_later_sync(
    account: ChannelAccount, in_room: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = Server(member(BOB), state=of(member(ANN), member(BOB)))
    assert first.receive(account, monkeypatch) == [ANN, BOB]
    talk = Server(recorded.message("$1"), state={})
    assert talk.receive(account, monkeypatch) == [ANN, BOB]
    # Nothing of it can undo a join.
    assert talk.asked == []
    second = Server(CLOSED, state=of(member(ANN)))
    assert second.receive(account, monkeypatch) == [ANN]
    assert second.asked == [BOB]


def test_who_has_left_since_leaves_by_that_event(
    account: ChannelAccount, in_room: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    kicked = member(BOB, "leave", sender=MOD)
    ahead = Server(member(BOB), state=of(member(ANN), kicked))
    assert ahead.receive(account, monkeypatch) == [ANN, BOB]
    kicked["unsigned"] = {"prev_content": {"membership": "join"}}
    then = Server(kicked, state=of(member(ANN), kicked))
    assert then.receive(account, monkeypatch) == [ANN]
    ((_who, left),) = factories.recorded_facts(account.community, "group.left")
    assert left["how"] == "kicked"


def test_a_removal_that_was_undone_leaves_the_member_in(
    account: ChannelAccount, in_room: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    joined = member(BOB)
    kicked = member(BOB, "leave", sender=MOD)
    server = Server(joined, kicked, state=of(member(ANN), joined))
    assert server.receive(account, monkeypatch) == [ANN, BOB]
    assert len(factories.recorded_facts(account.community, "group.left")) == 1


def test_of_a_wave_only_those_who_differ_are_asked_for(
    account: ChannelAccount, in_room: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    wave = [member(f"@w{number:02}:h") for number in range(30)]
    inside = of(member(ANN), *wave[:29])
    server = Server(*wave, CLOSED, state=inside)
    assert server.receive(account, monkeypatch) == sorted(inside)
    assert server.asked == ["everybody", "@w29:h"]


def test_a_server_that_does_not_answer_it_removes_nobody(
    account: ChannelAccount, in_room: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Refusing(Server):
        def __call__(self, request: httpx.Request) -> httpx.Response:
            if "/state/" in request.url.path:
                return httpx.Response(403, json={"errcode": "M_FORBIDDEN"})
            return super().__call__(request)

    server = Refusing(member(BOB), CLOSED, state={})
    assert server.receive(account, monkeypatch) == [ANN, BOB]
