"""Events of Matrix as events of the inbox: pure, and one event gives at most one.

A join that follows a join is a change of the profile. A leave differs from a kick in
who has sent it, and from the end of a ban or of an invitation in what was before.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from qunce.channels.inbox import NewEvent
from qunce.channels.matrix import message_texts

MAX_KEY_LENGTH = 200
MAX_MENTIONS = 50
MAX_ID_LENGTH = 255
MAX_REASON_LENGTH = 300
MAX_NAME_LENGTH = 200
MESSAGE, MEMBER, REDACTION = "m.room.message", "m.room.member", "m.room.redaction"
STICKER = "m.sticker"
WRITTEN = (MESSAGE, STICKER)
ENCRYPTED = "m.room.encrypted"


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where events come from: our account's own id, the room, and when they are read.

    Messages of a direct room have no group. What comes now has not happened before `since`,
    whatever the sender's server says: an old join would pass by the gate and the rules.
    """

    own: str
    room: str
    at: datetime
    is_direct: bool = False
    is_history: bool = False
    since: datetime | None = None


def read(raw: Mapping[str, Any], source: Source) -> NewEvent | None:
    """The event of the inbox that an event of a room becomes, if any."""
    key, kind, sender = (_text(raw, name) for name in ("event_id", "type", "sender"))
    content = raw.get("content")
    if not key or not isinstance(content, Mapping):
        return None
    read_payload = {
        MESSAGE: _read_message,
        STICKER: _read_message,
        MEMBER: _read_membership,
        REDACTION: _read_redaction,
    }.get(kind)
    # What our own account says must never be moderated or answered.
    if read_payload is None or (sender == source.own and kind in WRITTEN):
        return None
    found = read_payload(raw, content, source)
    if found is None:
        return None
    name, payload = found
    if source.is_history:
        payload["is_history"] = True
    return NewEvent(
        key=inbox_key(key),
        kind=name,
        payload=payload,
        happened_at=_not_before(source.since, happened_at(raw, source.at)),
    )


def _not_before(since: datetime | None, moment: datetime) -> datetime:
    return moment if since is None else max(since, moment)


def present_member(raw: Mapping[str, Any], source: Source) -> NewEvent | None:
    """The join of a member who was in the room when our account came.

    Their last event may be a change of the profile, which says nothing of when they came.
    """
    content, account = raw.get("content"), _text(raw, "state_key")
    if raw.get("type") != MEMBER or not isinstance(content, Mapping):
        return None
    is_other = account not in ("", source.own) and not source.is_direct
    if not is_other or content.get("membership") != "join":
        return None
    name = _text(content, "displayname")[:MAX_NAME_LENGTH]
    payload = {"account": account, "group": source.room, "is_history": True}
    return NewEvent(
        key=inbox_key(_text(raw, "event_id")),
        kind="joined",
        payload=payload | ({"name": name} if name else {}),
        happened_at=happened_at(raw, source.at),
    )


def inbox_key(event: str) -> str:
    """The key of an event in the inbox, which is shorter than what Matrix allows."""
    if len(event) <= MAX_KEY_LENGTH:
        return event
    return f"sha256:{hashlib.sha256(event.encode()).hexdigest()}"


def happened_at(raw: Mapping[str, Any], at: datetime) -> datetime:
    """When it happened. The sender's server reports it, and cannot know the future."""
    millis = raw.get("origin_server_ts")
    if not isinstance(millis, int) or isinstance(millis, bool) or millis <= 0:
        return at
    try:
        return min(datetime.fromtimestamp(millis / 1000, UTC), at)
    except (ValueError, OverflowError, OSError):
        return at


def _read_message(
    raw: Mapping[str, Any], content: Mapping[str, Any], source: Source
) -> tuple[str, dict[str, Any]] | None:
    relation = content.get("m.relates_to")
    relation = relation if isinstance(relation, Mapping) else {}
    edited = ""
    if relation.get("rel_type") == "m.replace":
        edited = _text(relation, "event_id")
        new = content.get("m.new_content")
        content = new if isinstance(new, Mapping) else content
    found = message_texts.read(content)
    file = _file_of(content, is_sticker=raw.get("type") == STICKER)
    if not found.text and not file:
        # A redacted message has no content.
        return None
    payload: dict[str, Any] = {
        "from": _text(raw, "sender"),
        "text": found.text,
        "id": _text(raw, "event_id"),
    }
    if not source.is_direct:
        payload["group"] = source.room
    reply = relation.get("m.in_reply_to")
    optional = {
        "edits": edited,
        "quotes": found.quoted,
        "answers": _text(reply, "event_id") if isinstance(reply, Mapping) else "",
        "mentions": _mentions(content),
        "files": [file] if file else [],
        "is_automatic": content.get("msgtype") == "m.notice",
    }
    return "message", payload | {name: v for name, v in optional.items() if v}


def _mentions(content: Mapping[str, Any]) -> list[str]:
    mentions = content.get("m.mentions")
    users = mentions.get("user_ids") if isinstance(mentions, Mapping) else None
    named = users if isinstance(users, list) else []
    found = [user for user in named if isinstance(user, str)][:MAX_MENTIONS]
    return [message_texts.clean(user)[:MAX_ID_LENGTH] for user in found]


def _file_of(content: Mapping[str, Any], *, is_sticker: bool) -> dict[str, Any] | None:
    kind = "m.image" if is_sticker else content.get("msgtype")
    if kind not in ("m.image", "m.file", "m.video", "m.audio"):
        return None
    info = content.get("info")
    info = info if isinstance(info, Mapping) else {}
    name = _text(content, "filename") or _text(content, "body")
    media_type = _text(info, "mimetype")[:100]
    if kind == "m.image" and not media_type.startswith("image/"):
        # Apps show it as a picture, whatever its sender calls it.
        media_type = "image/unknown"
    return {
        "name": name[:MAX_NAME_LENGTH],
        "media_type": media_type,
        "url": _text(content, "url")[:500],
    }


def _read_membership(
    raw: Mapping[str, Any], content: Mapping[str, Any], source: Source
) -> tuple[str, dict[str, Any]] | None:
    account, sender = _text(raw, "state_key"), _text(raw, "sender")
    # Our own membership is that of the room, see `rooms`.
    if not account or account == source.own or source.is_direct:
        return None
    before = _previous(raw)
    was, now = _text(before, "membership"), _text(content, "membership")
    payload: dict[str, Any] = {"account": account, "group": source.room}
    reason = _text(content, "reason")[:MAX_REASON_LENGTH]
    name = _text(content, "displayname")[:MAX_NAME_LENGTH]
    if now == "join" and was == "join":
        old = _text(before, "displayname")[:MAX_NAME_LENGTH]
        return ("name_changed", payload | {"name": name}) if name != old else None
    if now == "join":
        return "joined", payload | ({"name": name} if name else {})
    if now == "knock" and was != "knock":
        return "knocked", payload | {"name": name, "text": reason}
    how = _how_left(now, was, is_own=account == sender)
    if how is None:
        return None
    payload |= {"reason": how, "by": "" if account == sender else sender}
    return "left", payload | ({"text": reason} if reason else {})


def _how_left(now: str, was: str, *, is_own: bool) -> str | None:
    """How a member has left, None if they were not in the room."""
    if now == "ban":
        return "banned" if was != "ban" else None
    # Not known where the server does not say what was before; then it is a leave.
    if now != "leave" or was in ("ban", "invite", "knock", "leave"):
        return None
    return "left" if is_own else "kicked"


def _previous(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    unsigned = raw.get("unsigned")
    unsigned = unsigned if isinstance(unsigned, Mapping) else {}
    before = unsigned.get("prev_content") or raw.get("prev_content")
    return before if isinstance(before, Mapping) else {}


def _read_redaction(
    raw: Mapping[str, Any], content: Mapping[str, Any], source: Source
) -> tuple[str, dict[str, Any]] | None:
    # In the content since room version 11.
    redacted = _text(content, "redacts") or _text(raw, "redacts")
    if not redacted:
        return None
    payload = {"id": redacted, "by": _text(raw, "sender")}
    if not source.is_direct:
        payload["group"] = source.room
    return "message_deleted", payload


def _text(fields: Mapping[str, Any], name: str) -> str:
    """A text without characters that cannot be stored, "" for anything else."""
    value = fields.get(name)
    if not isinstance(value, str):
        return ""
    return message_texts.clean(value)
