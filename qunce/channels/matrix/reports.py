"""Reports of messages by members, as administrators of a homeserver see them.

Clients have a button for it, and the server keeps what was reported in a list that only
tokens of administrators may read. It is asked newest first, down to the last known report:
an administrator may delete old ones, which moves all others.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from qunce.channels import inbox
from qunce.channels.accounts.models import ChannelAccount
from qunce.channels.inbox import NewEvent
from qunce.channels.matrix import events, message_texts, rooms, sync_replies
from qunce.channels.matrix.client import LimitExceeded, MatrixClient, MatrixError

log = logging.getLogger(__name__)

CHANNEL = "matrix"
LAST = "last_report"
"""What the account's state calls the number of the last report that was read."""
MAX_PAGES = 50


def may_read(client: MatrixClient) -> bool:
    """Whether the token may read reports. Raises LimitExceeded, or as the client does."""
    try:
        client.event_reports(start=0, limit=1)
    except LimitExceeded:
        raise
    except MatrixError:
        # No administrator, or a server that has no such list.
        return False
    return True


def receive(account: ChannelAccount, client: MatrixClient, *, at: datetime) -> int:
    """Store the new reports of messages in our rooms; returns how many there are."""
    last = account.state.get(LAST)
    found, newest = _list_new(client, last)
    if newest == last:
        return 0
    joined = set(
        rooms.list_joined(account)
        .filter(is_direct=False)
        .values_list("room_id", flat=True)
    )
    new = [
        event
        for raw in reversed(found)
        if (event := _read(raw, at)) is not None
        and event.payload["group"] in joined
        # The first time, all reports that the server has are new.
        and event.happened_at >= account.connected_at
    ]
    account.state = account.state | {LAST: newest}
    with transaction.atomic():
        rows = ChannelAccount.objects.filter(
            pk=account.pk, disconnected_at__isnull=True
        )
        if rows.update(state=account.state):
            inbox.receive_many(
                community=account.community, channel=CHANNEL, events=new, at=at
            )
    return len(new)


def _list_new(
    client: MatrixClient, last: int | None
) -> tuple[list[Mapping[str, Any]], int]:
    """The reports after `last`, the newest first, and the number of the newest one."""
    found: list[Mapping[str, Any]] = []
    newest, start = 0, 0
    for _page in range(MAX_PAGES):
        reply = client.event_reports(start=start)
        page = [
            raw
            for raw in sync_replies.list_events(reply.get("event_reports"))
            if _number(raw)
        ]
        newest = max([newest, *map(_number, page)])
        if last is not None and newest < last:
            # The server was restored from a backup, and counts from there again.
            last = None
        fresh = [raw for raw in page if _number(raw) > (last or 0)]
        found += fresh
        following = reply.get("next_token")
        if len(fresh) < len(page) or not isinstance(following, int) or not page:
            return found, newest
        start = following
    log.warning("more reports wait than are read at once; the oldest are left out")
    return found, newest


def _number(raw: Mapping[str, Any]) -> int:
    number = raw.get("id")
    return number if isinstance(number, int) and not isinstance(number, bool) else 0


def _read(raw: Mapping[str, Any], at: datetime) -> NewEvent | None:
    named = {
        name: message_texts.clean(str(raw.get(source) or ""))
        for name, source in (
            ("from", "user_id"),
            ("group", "room_id"),
            ("message", "event_id"),
            ("text", "reason"),
        )
    }
    if not (named["from"] and named["group"] and named["message"]):
        return None
    moment = events.happened_at({"origin_server_ts": raw.get("received_ts")}, at)
    return NewEvent(
        # With the time, as a restored server gives the same numbers again.
        key=f"report:{_number(raw)}:{int(moment.timestamp() * 1000)}",
        kind="report",
        payload=named | {"text": named["text"][: events.MAX_REASON_LENGTH]},
        happened_at=moment,
    )
