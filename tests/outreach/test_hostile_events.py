"""Events of channels by people who want to evade or to break moderation."""

from __future__ import annotations

import itertools
import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from qunce.channels import inbox
from qunce.channels.inbox import IncomingEvent
from qunce.channels.matrix import events
from qunce.channels.matrix.events import Source
from qunce.channels.matrix.rooms import RoomChange
from qunce.groups import memberships
from qunce.groups.entry import gates, requests
from qunce.groups.lists import lists
from qunce.groups.lists.models import ListName
from qunce.groups.moderation.models import Case
from qunce.members.message_texts.models import MessageText
from qunce.outreach.sending import channel_events
from tests import factories
from tests.factories import AT
from tests.groups.moderation.conftest import ADVERT, Chat, channel, chat

__all__ = ["channel", "chat"]

KEYS = itertools.count()
SOURCE = Source(own="@bot:h", room="!room", at=AT)


def report(chat: Chat, kind: str, **payload: Any) -> str:
    """Let the channel report an event; returns its key."""
    key = f"$e{next(KEYS)}"
    inbox.receive(
        community=chat.community,
        channel="fake",
        key=key,
        kind=kind,
        payload={"id": key, "group": "!room", **payload},
        at=chat.now,
    )
    handled = inbox.dispatch(handlers=channel_events.HANDLERS, at=chat.now)
    assert handled, IncomingEvent.objects.get(key=key).error
    chat.run()
    return key


def test_a_message_of_another_group_is_not_shown_by_reporting_it(chat: Chat) -> None:
    secret = report(
        chat, "message", **{"from": "bob", "text": "hush", "group": "!south"}
    )
    own = report(chat, "message", **{"from": "bob", "text": "hello"})
    for key in (secret, own):
        report(chat, "report", **{"from": "eve", "message": key})
    texts = {case.message_key: case.text for case in Case.objects.all()}
    assert texts == {secret: "", own: "hello"}


def test_an_edit_of_a_message_in_another_group_is_a_message_of_its_own(
    chat: Chat,
) -> None:
    chat.rule()
    first = report(chat, "message", **{"from": "eve", "text": "hi", "group": "!south"})
    advert = report(chat, "message", **{"from": "eve", "text": ADVERT, "edits": first})
    assert chat.done() == [f"delete {advert}"]
    assert MessageText.objects.filter(text="hi").exists()


def test_a_message_of_another_group_is_not_deleted_from_here(chat: Chat) -> None:
    other = report(chat, "message", **{"from": "bob", "text": "hi", "group": "!south"})
    own = report(chat, "message", **{"from": "bob", "text": "hello"})
    for key in (other, own):
        report(chat, "message_deleted", id=key, by="eve")
    assert list(MessageText.objects.values_list("text", flat=True)) == ["hi"]


def test_a_word_of_a_volunteer_that_is_refused_is_an_ordinary_message(
    chat: Chat,
) -> None:
    chat.rule()
    gates.configure(group=chat.group, needs_approval=True, by=chat.by, at=chat.now)
    gates.switch(group=chat.group, is_on=True, by=chat.by, at=chat.now)
    factories.member(chat.community, "new", channel="fake", name="New")
    vera = chat.join("vera")[0]
    memberships.change_role(
        group=chat.group, account=vera, role="volunteer", by=chat.by, at=chat.now
    )
    report(chat, "knocked", account="new", name="New")
    lists.add(
        community=chat.community,
        list_name=ListName.BLACK,
        channel="fake",
        channel_key="new",
        by=chat.by,
        at=chat.now,
    )
    report(chat, "message", **{"from": "vera", "text": "!in New"})
    (request,) = requests.list_visible(chat.by)
    assert request.state == "waiting"
    assert MessageText.objects.filter(text="!in New").exists()


HOSTILE = st.text(st.characters() | st.sampled_from("\0\ud800"), max_size=8)
VALUE = HOSTILE | st.lists(HOSTILE, max_size=3) | st.integers() | st.none()


def is_storable(value: Any) -> bool:
    text = json.dumps(value, ensure_ascii=False)
    return "\\u0000" not in text and not any(0xD800 <= ord(c) < 0xE000 for c in text)


@given(st.lists(HOSTILE, max_size=3), VALUE, VALUE)
def test_events_have_nothing_that_no_database_can_store(
    mentioned: list[str], one: Any, other: Any
) -> None:
    content = {
        "msgtype": "m.text",
        "body": f"hi {one}",
        "m.mentions": {"user_ids": mentioned},
        "m.relates_to": {"m.in_reply_to": {"event_id": other}},
    }
    raw = {"event_id": "$1", "type": "m.room.message", "sender": "@a:h"}
    found = events.read({**raw, "content": content}, SOURCE)
    assert found is not None
    assert is_storable(found.payload)
    assert len(found.payload.get("mentions", [])) == len(mentioned)


@given(VALUE, VALUE, st.sampled_from(["invite", "join", "leave"]))
def test_what_strangers_say_of_a_room_can_be_stored(
    one: Any, other: Any, membership: str
) -> None:
    change = RoomChange("!room")
    for kind, key, content in (
        ("m.room.name", "", {"name": one}),
        (
            "m.room.create",
            "",
            {"room_version": "12", "additional_creators": other, "x": one},
        ),
        ("m.room.member", "@bot:h", {"membership": membership, "reason": other}),
    ):
        raw = {"type": kind, "state_key": key, "content": content, "sender": one}
        change.read_state(raw, "@bot:h")
    assert is_storable(change.fields)
    assert change.fields["creation"]["content"]["room_version"] == "12"
