"""Messages, members and rights of rooms on a real homeserver (X2)."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from qunce.channels.accounts import accounts, missed_messages
from qunce.channels.channel_contract import ActionKind, DeliveryStatus
from qunce.channels.inbox import IncomingEvent
from qunce.channels.matrix import sync
from qunce.channels.matrix.client import MatrixClient
from qunce.channels.matrix.models import Room
from qunce.members.accounts.models import Account
from tests import clients, threads
from tests.matrix.members import SECONDS, Member, RefusedError
from tests.matrix.site import Site, now
from tests.matrix.test_moderation import add_rule, moderate

Register = Callable[..., list[Member]]
DONE = DeliveryStatus.DELIVERED


def test_joins_leaves_and_kicks_are_told_apart(site: Site, register: Register) -> None:
    """Members join, leave and are removed; another name is no join."""
    owner, ann, bob, cat = register("owner", "ann", "bob", "cat")
    room = site.open_room(owner, ann, name="Tea")
    assert site.group(room).platform == "matrix"
    assert site.group(room).name == "Tea"
    bob.join(room)
    cat.join(room)
    bob.rename("Bobby")
    bob.say(room, "hello")
    site.receive()
    assert site.members(room) == sorted([owner.id, ann.id, bob.id, cat.id])
    joined = len(site.facts("group.joined"))
    bob.leave(room)
    owner.kick(room, cat.id, "spam")
    site.receive()
    assert site.members(room) == sorted([owner.id, ann.id])
    assert [fact["how"] for fact in site.facts("group.left")] == ["left", "kicked"]
    assert len(site.facts("group.joined")) == joined == 4
    assert site.texts() == ["hello"]
    assert Account.objects.get(key=bob.id).name == "Bobby"


def test_three_are_muted_at_once(site: Site, register: Register) -> None:
    """Three members are muted at the same moment, and all three are."""
    owner, *spammers = register("owner", "ann", "bob", "cat")
    room = site.open_room(owner, *spammers)
    tasks = [
        (lambda who=who: site.act(ActionKind.MUTE, room, who.id)) for who in spammers
    ]
    assert {outcome.status for outcome in threads.run(*tasks)} == {DONE}
    for who in spammers:
        with pytest.raises(RefusedError):
            who.say(room, "still here")
        assert site.act(ActionKind.UNMUTE, room, who.id).status == DONE
        who.say(room, "back")
    assert site.act(ActionKind.MUTE, room, owner.id).reason == "stronger_user"


def test_deleting_a_message_deletes_its_edits(site: Site, register: Register) -> None:
    """A message and its edits are deleted together; nobody reads the advert."""
    owner, spammer = register("owner", "spammer")
    room = site.open_room(owner, spammer)
    event = spammer.say(room, "hello all")
    for number in range(3):
        spammer.edit(room, event, f"buy now {number}")
    site.receive()
    assert site.texts() == ["buy now 2"]
    for _attempt in range(2):
        outcome = site.act(ActionKind.DELETE, room, message=event, key="same")
        assert outcome.status == DONE
    assert owner.texts(room, by=spammer.id) == []
    site.receive()
    assert site.texts() == []
    assert [fact["is_own"] for fact in site.facts("message.deleted")] == [False]


def test_actions_that_are_so_already_succeed(site: Site, register: Register) -> None:
    """Kick, ban, unban and invite succeed as often as they are asked for."""
    owner, bob = register("owner", "bob")
    room = site.open_room(owner, bob)
    for kind in (ActionKind.KICK, ActionKind.BAN, ActionKind.UNBAN, ActionKind.INVITE):
        for _attempt in range(2):
            assert site.act(kind, room, bob.id, reason="test").status == DONE, kind
    assert room in bob.list_invites()
    bob.join(room)
    # Somebody who was never there can be kept out.
    assert site.act(ActionKind.BAN, room, "@nobody:localhost").status == DONE


def test_door_is_closed_and_opened_as_it_was(site: Site, register: Register) -> None:
    """The door is closed to newcomers, and later open as it was before."""
    owner, bob, cat = register("owner", "bob", "cat")
    room = site.open_room(owner)
    for _attempt in range(2):
        assert site.act(ActionKind.CLOSE_DOOR, room).status == DONE
    with pytest.raises(RefusedError):
        bob.join(room)
    for _attempt in range(2):
        assert site.act(ActionKind.OPEN_DOOR, room).status == DONE
    cat.join(room)


def test_joins_that_the_server_undoes_are_undone(
    site: Site, register: Register
) -> None:
    """Members join at the moment in which the room is closed: known as the server does."""
    owner, *many = register("owner", "ann", "bob", "cat", "dan")
    room = site.open_room(owner)
    rules = {"room": room, "kind": "m.room.join_rules"}
    for who in many:
        both = [
            who.start("join", room=room),
            owner.start("put_state", content={"join_rule": "invite"}, **rules),
        ]
        for each in both:
            with contextlib.suppress(RefusedError):
                each.result(SECONDS)
        site.receive()
        path = f"/client/v3/rooms/{quote(room)}/joined_members"
        inside = owner.call("GET", path, {})["joined"].keys()
        assert site.members(room) == sorted(inside - {site.bot.id})
        owner.do("put_state", content={"join_rule": "public"}, **rules)
    # Some were refused, or undone; who is let in again is a member.
    for who in many:
        who.join(room)
    site.receive()
    assert site.members(room) == sorted(each.id for each in (owner, *many))


def test_missing_rights_are_named_with_their_remedy(
    site: Site, register: Register
) -> None:
    """A room in which rights are missing is named, with what gives them."""
    (owner,) = register("owner")
    room = site.open_room(owner, level=0, name="Tea")
    assert site.problems() == ["rights_missing", "reports_hidden"]
    site.account.refresh_from_db()
    (_problem, explanation), (hint, _explained) = accounts.explain(site.account)
    assert hint.is_hint
    assert "“Tea”" in explanation.problem
    assert "mute members" in explanation.problem
    assert f"/op {site.bot.id} 100" in explanation.remedy
    name = site.bot.id[1:].partition(":")[0]
    owner.give_levels(room, **{name: 100})
    assert site.problems() == ["reports_hidden"]
    owner_levels = owner.get_state(room, "m.room.power_levels")
    assert owner_levels["users"] == {site.bot.id: 100}


def test_removed_account_is_noticed_after_a_pause(
    site: Site, register: Register
) -> None:
    """Removed while nobody listened: noticed afterwards, and named on the page."""
    owner, ann = register("owner", "ann")
    room = site.open_room(owner, ann, name="Tea")
    ann.say(room, "before")
    owner.kick(room, site.bot.id, "not needed")
    site.receive()
    assert site.texts() == ["before"]
    assert len(site.facts("channel.removed_from_group")) == 1
    found = accounts.check(account=site.account, by=site.by, at=now())
    (removed,) = [each for each in found if each.code == "removed_from_room"]
    assert removed.details["by"] == owner.id
    assert removed.details["reason"] == "not needed"
    assert site.act(ActionKind.KICK, room, ann.id).reason == "not_in_group"


def test_what_is_read_after_a_gap_is_history(
    site: Site, register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After many messages in a gap, all are there, the old ones as history."""
    monkeypatch.setitem(sync.FILTER["room"]["timeline"], "limit", 10)
    monkeypatch.setattr(sync, "PAGE_SIZE", 15)
    owner, bob = register("owner", "bob")
    room = site.open_room(owner, bob)
    sent = [bob.start_say(room, f"line {number}") for number in range(40)]
    for each in sent:
        each.result(SECONDS)
    site.receive()
    # The server orders what was sent at the same time differently in its two answers.
    assert sorted(site.texts()) == sorted(f"line {number}" for number in range(40))
    events = IncomingEvent.objects.filter(kind="message").order_by("pk")
    is_history = [bool(event.payload.get("is_history")) for event in events]
    assert is_history == [True] * 30 + [False] * 10


def test_what_is_missed_for_good_is_named(
    site: Site, register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a gap that is too long, staff read of which room messages are missing."""
    monkeypatch.setitem(sync.FILTER["room"]["timeline"], "limit", 10)
    monkeypatch.setattr(sync, "PAGE_SIZE", 5)
    monkeypatch.setattr(sync, "MAX_PAGES", 2)
    owner, bob = register("owner", "bob")
    room = site.open_room(owner, bob, name="Tea")
    before = now()
    for number in range(30):
        bob.say(room, f"line {number}")
    site.receive()
    assert site.texts() == [f"line {number}" for number in range(10, 30)]
    (missed,) = missed_messages.list_open(site.by)
    assert (missed.group_key, missed.group_name) == (room, "Tea")
    assert missed.since <= before < missed.until < now()
    site.by.language = "en"
    site.by.save(update_fields=["language"])
    client = clients.browser(site.by)
    for address in ("/settings/channels/matrix/", "/"):
        assert "Messages of “Tea” are missing" in client.get(address).content.decode()
    missed_messages.note(missed=missed, by=site.by, at=now())
    assert "are missing" not in client.get("/").content.decode()


def test_edit_while_the_message_is_deleted_is_deleted_too(
    site: Site, register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The author edits while the message is being deleted, and again afterwards."""
    owner, eve = register("owner", "eve")
    room = site.open_room(owner, eve)
    add_rule(site)
    sent = eve.say(room, "cheap shoes")
    site.receive()
    lists = MatrixClient.edits
    written = itertools.count(1)

    def list_and_edit(*args: Any, **fields: Any) -> Any:
        found = lists(*args, **fields)
        if next(written) <= 1:
            eve.edit(room, sent, "nothing to see")
        return found

    monkeypatch.setattr(MatrixClient, "edits", list_and_edit)
    moderate(site)
    assert owner.texts(room, by=eve.id) == ["* nothing to see"]
    moderate(site)
    assert owner.texts(room, by=eve.id) == []
    eve.edit(room, sent, "harmless words")
    assert len(owner.texts(room, by=eve.id)) == 1
    moderate(site)
    assert owner.texts(room, by=eve.id) == []


def test_encrypted_room_is_reported_as_unreadable(
    site: Site, register: Register
) -> None:
    """An encrypted room is named as one that cannot be read."""
    (owner,) = register("owner")
    state = [
        {
            "type": "m.room.encryption",
            "state_key": "",
            "content": {"algorithm": "m.megolm.v1.aes-sha2"},
        }
    ]
    site.open_room(owner, initial_state=state)
    assert Room.objects.get(is_direct=False).is_encrypted
    assert site.problems() == ["room_encrypted", "reports_hidden"]


def test_token_that_was_revoked_is_named(site: Site) -> None:
    """A token that the server no longer accepts is named, and how to go on."""
    with site.connected() as connection:
        connection.call("POST", "/_matrix/client/v3/logout", body={})
    (problem,) = accounts.check(account=site.account, by=site.by, at=now())
    assert problem.code == "token_invalid"
    assert problem.is_blocking
