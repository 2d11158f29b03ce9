"""Joins and removals that a homeserver has undone without an event of its own.

A server resolves what happens at the same moment: a join beside a ban, or beside the
closing of the room, is in the timeline, and yet the member is not in the room. Synapse
does not report it in a sync, and its list of members as of a sync is wrong, too; only the
state of the room is right.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from qunce.channels.accounts.models import ChannelAccount
from qunce.channels.inbox import IncomingEvent, NewEvent
from qunce.channels.matrix import events, rights
from qunce.channels.matrix.client import LimitExceeded, MatrixClient, MatrixError
from qunce.core import timestamps

log = logging.getLogger(__name__)

SPAN = timedelta(hours=1)
"""How long after a join something that happened beside it may come from other servers."""
MAX_RECENT = 2_000
MAX_ASKED = 20
"""Above this many users, only those who differ from the whole list are asked for."""
KINDS = ("joined", "left")


@dataclass(frozen=True)
class _Known:
    """The last membership received of a user: the kind, and the key of its event."""

    kind: str
    key: str
    by: str = ""


def find(
    account: ChannelAccount,
    client: MatrixClient,
    room: str,
    *,
    new: Sequence[NewEvent],
    raw_events: Sequence[Mapping[str, Any]],
    at: datetime,
) -> list[NewEvent]:
    """The leaves and joins that make the events of a sync, `new`, true again.

    What the server knows by an event that has not come yet is left to that event. Raises
    MatrixError for a refused token, and LimitExceeded; a room that cannot be read stays
    as its events describe it.
    """
    known = _collect(new, room)
    came = {events.inbox_key(str(raw.get("event_id", ""))) for raw in raw_events}
    asked = {
        who
        for who, last in known.items()
        if last.key in came and (last.kind == "joined" or last.by)
    }
    if any(map(_may_undo, raw_events)):
        recent = _list_recent(account, room, at)
        asked |= {who for who, last in recent.items() if last.kind == "joined"}
        known = recent | known
    try:
        if len(asked) > MAX_ASKED:
            present = client.joined_members(room)
            asked = {
                who
                for who in asked
                if (known[who].kind == "joined") != (who in present)
            }
        raw_by_user = {who: client.member_event(room, who) for who in sorted(asked)}
    except LimitExceeded:
        raise
    except MatrixError as error:
        if rights.is_invalid_token(error):
            raise
        log.warning("the members of %s cannot be read: %s", room, error)
        return []
    moments = [events.happened_at(raw, at) for raw in raw_events]
    # After all of them, by the clock of their server.
    moment = max(moments, default=at) + timestamps.MICROSECOND
    keys = {event.key for event in new}
    return [
        NewEvent(
            key=events.inbox_key(f"undone {known[who].key}"),
            kind="left" if known[who].kind == "joined" else "joined",
            payload={"account": who, "group": room}
            | ({} if known[who].kind == "joined" else {"is_history": True}),
            happened_at=moment,
        )
        for who, raw in raw_by_user.items()
        if (known[who].kind == "joined") != (_membership(raw) == "join")
        and (raw is None or _is_received(account, raw, keys))
    ]


def _collect(new: Sequence[NewEvent], room: str) -> dict[str, _Known]:
    return {
        event.payload["account"]: _Known(
            event.kind, event.key, event.payload.get("by", "")
        )
        for event in new
        if event.kind in KINDS and event.payload["group"] == room
    }


def _list_recent(account: ChannelAccount, room: str, at: datetime) -> dict[str, _Known]:
    """The last membership received of each member of a room within SPAN."""
    rows = IncomingEvent.objects.filter(
        community=account.community_id, channel=account.channel
    ).order_by("-pk")
    found: dict[str, _Known] = {}
    for kind, key, payload, received_at in rows.values_list(
        "kind", "key", "payload", "received_at"
    )[:MAX_RECENT]:
        if received_at < at - SPAN:
            break
        if kind in KINDS and payload.get("group") == room:
            found.setdefault(payload["account"], _Known(kind, key))
    return found


def _may_undo(raw: Mapping[str, Any]) -> bool:
    """Whether an event can undo a join at the same moment: a removal, or new join rules."""
    if raw.get("type") == "m.room.join_rules":
        return True
    is_by_others = raw.get("sender") != raw.get("state_key")
    return (
        raw.get("type") == events.MEMBER
        and is_by_others
        and _membership(raw) in ("leave", "ban")
    )


def _is_received(
    account: ChannelAccount, raw: Mapping[str, Any], keys: set[str]
) -> bool:
    """Whether the event by which the server knows it is not one that still comes."""
    key = events.inbox_key(str(raw.get("event_id", "")))
    rows = IncomingEvent.objects.filter(
        community=account.community_id, channel=account.channel, key=key
    )
    return key in keys or rows.exists()


def _membership(raw: Mapping[str, Any] | None) -> object:
    content = raw.get("content") if raw else None
    return content.get("membership") if isinstance(content, Mapping) else None
