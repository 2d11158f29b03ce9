"""Events of Matrix, as they are read into the inbox (X2)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qunce.channels.inbox import NewEvent
from qunce.channels.matrix import events
from qunce.channels.matrix.events import Source

AT = datetime(2026, 3, 5, 12, tzinfo=UTC)
OWN, ANN, BOB, ROOM = "@bot:h", "@ann:h", "@bob:h", "!room"
SOURCE = Source(own=OWN, room=ROOM, at=AT)


def read(source: Source = SOURCE, **raw: Any) -> NewEvent | None:
    millis = int(AT.timestamp() * 1000) - 60_000
    return events.read(
        {"event_id": "$1", "origin_server_ts": millis, "sender": ANN, **raw}, source
    )


def member(now: str, was: str = "", sender: str = ANN, **content: Any) -> Any:
    unsigned = (
        {"prev_content": {"membership": was, "displayname": "Ann"}} if was else {}
    )
    found = read(
        type="m.room.member",
        state_key=ANN,
        sender=sender,
        content={"membership": now, **content},
        unsigned=unsigned,
    )
    return found and (found.kind, found.payload.get("reason", ""))


@pytest.mark.parametrize(
    ("now", "was", "sender", "expected"),
    [
        ("join", "", ANN, ("joined", "")),
        ("join", "invite", ANN, ("joined", "")),
        ("join", "leave", ANN, ("joined", "")),
        ("leave", "join", ANN, ("left", "left")),
        ("leave", "join", BOB, ("left", "kicked")),
        ("leave", "join", OWN, ("left", "kicked")),
        ("ban", "join", BOB, ("left", "banned")),
        ("ban", "leave", BOB, ("left", "banned")),
        ("ban", "ban", BOB, None),
        ("leave", "ban", BOB, None),
        ("leave", "invite", ANN, None),
        ("leave", "knock", BOB, None),
        ("invite", "", BOB, None),
        ("knock", "", ANN, ("knocked", "")),
    ],
)
def test_memberships_are_told_apart(
    now: str, was: str, sender: str, expected: tuple[str, str] | None
) -> None:
    assert member(now, was, sender) == expected


def test_join_after_a_join_is_another_name() -> None:
    assert member("join", "join", displayname="Anna") == ("name_changed", "")
    assert member("join", "join", displayname="Ann") is None


def test_own_account_is_no_member_and_no_author() -> None:
    content = {"msgtype": "m.text", "body": "hello"}
    own = read(type="m.room.message", sender=OWN, content=content)
    other = read(type="m.room.message", content=content)
    assert own is None
    assert other is not None
    assert other.payload == {"from": ANN, "group": ROOM, "text": "hello", "id": "$1"}
    joined = {"membership": "join"}
    for account, is_known in ((OWN, False), (ANN, True)):
        found = read(type="m.room.member", content=joined, state_key=account)
        assert (found is not None) == is_known


def test_edit_has_the_new_text_and_the_message_it_edits() -> None:
    found = read(
        type="m.room.message",
        content={
            "msgtype": "m.text",
            "body": "* new",
            "m.new_content": {"msgtype": "m.text", "body": "new"},
            "m.relates_to": {"rel_type": "m.replace", "event_id": "$0"},
        },
    )
    assert found is not None
    assert (found.payload["text"], found.payload["edits"]) == ("new", "$0")


def test_formatted_text_counts_with_the_addresses_of_its_links() -> None:
    html = '<mx-reply>Bob: buy?</mx-reply>see <a href="https://x.test">here</a>'
    found = read(
        type="m.room.message",
        content={
            "msgtype": "m.text",
            "body": "see here",
            "format": "org.matrix.custom.html",
            "formatted_body": html,
        },
    )
    assert found is not None
    assert found.payload["text"] == "see here (https://x.test)"
    assert found.payload["quotes"] == "Bob: buy?"


def test_plain_text_that_says_something_else_counts_as_well() -> None:
    found = read(
        type="m.room.message",
        content={
            "msgtype": "m.text",
            "body": "add WeChat 123",
            "format": "org.matrix.custom.html",
            "formatted_body": "<b>hello</b>",
        },
    )
    assert found is not None
    assert found.payload["text"] == "hello\nadd WeChat 123"


def test_quoted_lines_before_an_answer_are_not_its_text() -> None:
    reply = {"m.in_reply_to": {"event_id": "$0"}}
    body = {"msgtype": "m.text", "body": "> <@bob:h> spam\n> more\n\nno"}
    found = read(type="m.room.message", content={**body, "m.relates_to": reply})
    assert found is not None
    assert (found.payload["text"], found.payload["quotes"]) == (
        "no",
        "<@bob:h> spam\nmore",
    )
    assert found.payload["answers"] == "$0"


def test_time_of_an_event_is_never_in_the_future() -> None:
    content = {"msgtype": "m.text", "body": "hello"}
    later = int((AT + timedelta(days=900)).timestamp() * 1000)
    found = read(type="m.room.message", content=content, origin_server_ts=later)
    assert found is not None
    assert found.happened_at == AT


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
    ),
    max_leaves=6,
)
KEYS = st.sampled_from(
    [
        "membership",
        "displayname",
        "body",
        "msgtype",
        "format",
        "formatted_body",
        "m.relates_to",
        "m.new_content",
        "m.mentions",
        "info",
        "redacts",
    ]
)


@given(
    st.sampled_from(["m.room.message", "m.room.member", "m.room.redaction"]),
    st.dictionaries(KEYS, JSON | st.just("org.matrix.custom.html")),
    JSON,
)
def test_any_content_is_read_or_ignored(kind: str, content: Any, other: Any) -> None:
    """Other servers send what they like; nothing of it stops the sync."""
    found = read(
        type=kind, content=content, state_key=other, unsigned=other, redacts=other
    )
    assert found is None or found.key == "$1"


def test_an_event_of_now_is_no_older_than_the_sync_before() -> None:
    """An old join would pass by the gate, the rules for newcomers and the windows."""
    long_ago = {"membership": "join"}
    fields = {"type": "m.room.member", "state_key": ANN, "content": long_ago}
    since = AT - timedelta(minutes=20)
    live, history = Source(own=OWN, room=ROOM, at=AT, since=since), SOURCE
    told = [
        found.happened_at
        for source in (live, history)
        if (found := read(source, origin_server_ts=1_000_000_000_000, **fields))
    ]
    assert told == [since, datetime(2001, 9, 9, 1, 46, 40, tzinfo=UTC)]
    recent = read(live, **fields)
    assert recent is not None
    assert recent.happened_at == AT - timedelta(minutes=1)


def test_thousands_of_tags_hide_nothing() -> None:
    html = "<div>" * 12_000 + "sh<b></b>oes <a href='http://bad.example'>us</a>"
    content = {"format": "org.matrix.custom.html", "formatted_body": html, "body": "x"}
    found = read(type="m.room.message", content={"msgtype": "m.text", **content})
    assert found is not None
    assert "shoes us" in found.payload["text"]
    assert "http://bad.example" in found.payload["text"]
