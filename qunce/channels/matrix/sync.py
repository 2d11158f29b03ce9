"""Receives the events of an account: stored first, together with up to where they go.

Events and the token of the next sync are one transaction, after all calls of the network.
A process that dies at any moment therefore receives again what it has not stored, and the
inbox ignores what it has stored. Handlers run afterwards.

After a limited sync, what lies in between is read page by page, and is history: rules must
not punish in one minute what was said in an hour.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from django.db import transaction

from qunce.channels import inbox
from qunce.channels.accounts import accounts, missed_messages
from qunce.channels.accounts.missed_messages import Gap
from qunce.channels.accounts.models import ChannelAccount
from qunce.channels.accounts.receiving import LeaseLost
from qunce.channels.inbox import NewEvent
from qunce.channels.matrix import (
    events,
    invites,
    pictures,
    rights,
    rooms,
    sync_replies,
    undone_memberships,
)
from qunce.channels.matrix.client import LimitExceeded, MatrixClient, MatrixError
from qunce.channels.matrix.events import Source
from qunce.channels.matrix.models import Membership, Room
from qunce.channels.matrix.rooms import RoomChange

log = logging.getLogger(__name__)

CHANNEL = "matrix"
WAIT = timedelta(seconds=10)
"""How long a call waits for news. The end of a process interrupts it at no loss."""
MAX_DELAY = timedelta(minutes=10)
"""How late an event comes at most that is not counted as of now, between two servers."""
TIMELINE_LIMIT = 200
PAGE_SIZE = 100
MAX_PAGES = 100
"""Pages of a room that are read after a limited sync; the rest stays unread."""
TIMELINE_TYPES = [
    *rooms.STATE_TYPES,
    *events.WRITTEN,
    events.ENCRYPTED,
    events.REDACTION,
]
NOTHING = {"not_types": ["*"]}
FILTER: dict[str, Any] = {
    "presence": NOTHING,
    "account_data": NOTHING,
    "room": {
        "ephemeral": NOTHING,
        "account_data": NOTHING,
        "include_leave": False,
        "state": {"types": list(rooms.STATE_TYPES), "lazy_load_members": False},
        "timeline": {"limit": TIMELINE_LIMIT, "types": TIMELINE_TYPES},
    },
}


@dataclass
class Received:
    """What a sync brings, in the order in which it is stored."""

    new: list[NewEvent] = field(default_factory=list)
    changes: list[RoomChange] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)


def sync_once(
    account: ChannelAccount,
    client: MatrixClient,
    *,
    lease: str,
    clock: Callable[[], datetime],
    wait: timedelta = WAIT,
) -> int:
    """Receive what is new, and return the number of events. Raises LeaseLost.

    It waits for news up to `wait`, except for the first time.
    """
    since = account.cursor
    try:
        reply = client.sync(
            since=since, wait=wait if since else timedelta(), filter_=FILTER
        )
    except MatrixError as error:
        if since and error.status == HTTPStatus.BAD_REQUEST:
            # The server does not know the token, as after a restored backup. Everything
            # is read again, and the inbox ignores what it has.
            log.warning("%s begins anew: %s", account, error)
            account.cursor = ""
            ChannelAccount.objects.filter(pk=account.pk, lease=lease).update(cursor="")
            return 0
        raise
    at = clock()
    received = _read(account, client, sync_replies.check(reply), since, at)
    pictures.download_all(received.new, client)
    next_batch = reply["next_batch"]
    with transaction.atomic():
        rows = ChannelAccount.objects.filter(pk=account.pk, lease=lease, cursor=since)
        if not rows.update(cursor=next_batch, received_at=at):
            raise LeaseLost
        inbox.receive_many(
            community=account.community, channel=CHANNEL, events=received.new, at=at
        )
        rooms.save(account, received.changes, at=at)
        for gap in received.gaps:
            missed_messages.record(account, gap, at=at)
        if any(change.rights_changed for change in received.changes):
            accounts.request_check(account)
    account.cursor, account.received_at = next_batch, at
    invites.accept_all(account, client)
    return len(received.new)


def _read(
    account: ChannelAccount,
    client: MatrixClient,
    sections: Mapping[str, Mapping[str, Any]],
    since: str,
    at: datetime,
) -> Received:
    known = {
        row.room_id: row
        for row in Room.objects.filter(
            account=account,
            room_id__in=[*sections.get("join", ()), *sections.get("leave", ())],
        )
    }
    received = Received()
    for room_id, section in sections.get("invite", {}).items():
        change = RoomChange(room_id)
        for raw in section.get("invite_state", {}).get("events", ()):
            change.read_state(raw, account.user)
        received.changes.append(change)
    for name in ("join", "leave"):
        for room_id, section in sections.get(name, {}).items():
            reader = _RoomReader(
                account, client, room_id, known.get(room_id), since, at
            )
            reader.read(section, has_left=name == "leave")
            received.new += reader.new
            received.gaps += reader.gaps
            received.changes.append(reader.change)
    return received


class _RoomReader:
    """Reads the section of one room."""

    def __init__(
        self,
        account: ChannelAccount,
        client: MatrixClient,
        room_id: str,
        room: Room | None,
        since: str,
        at: datetime,
    ) -> None:
        self.account, self.client, self.room_id = account, client, room_id
        self.room, self.since, self.at = room, since, at
        self.change = RoomChange(room_id, peer=room.direct_user if room else "")
        self.new: list[NewEvent] = []
        self.gaps: list[Gap] = []
        self.missed: list[Any] = []

    def read(self, section: Mapping[str, Any], *, has_left: bool) -> None:
        own = self.account.user
        timeline = section.get("timeline", {})
        raw_events = timeline.get("events", [])
        state = section.get("state", {}).get("events", [])
        for raw in (*state, *raw_events):
            self.change.read_state(raw, own)
        # Also where the event of our leaving was not sent along.
        if has_left:
            self.change.fields.setdefault("membership", Membership.LEFT)
        else:
            self.change.fields["membership"] = Membership.JOINED
        was_in = self.room is not None and self.room.membership == Membership.JOINED
        if was_in and self.since:
            self._read_known(state, timeline, raw_events)
        elif not has_left:
            # Of a room that we were only invited to, nothing concerns us.
            self._read_new(state, raw_events)
        if self.since and not has_left:
            self._undo([*self.missed, *raw_events])
        self._report_own(raw_events, state, was_in=was_in)

    def _undo(self, raw_events: Sequence[Any]) -> None:
        """Add what the server has undone of what the events say."""
        if not self._source(is_history=False).is_direct:
            self.new += undone_memberships.find(
                self.account,
                self.client,
                self.room_id,
                new=self.new,
                raw_events=raw_events,
                at=self.at,
            )

    def _source(self, *, is_history: bool) -> Source:
        is_direct = self.room is not None and self.room.is_direct
        return Source(
            own=self.account.user,
            room=self.room_id,
            at=self.at,
            is_direct=bool(self.change.fields.get("is_direct", is_direct)),
            is_history=is_history,
            since=None if is_history else self._earliest(),
        )

    def _earliest(self) -> datetime | None:
        """When the latest events happened at the earliest: after the sync before."""
        before = self.account.received_at
        return None if before is None else before - MAX_DELAY

    def _read_known(
        self,
        state: list[Any],
        timeline: Mapping[str, Any],
        raw_events: list[Any],
    ) -> None:
        if timeline.get("limited"):
            missed, is_all = self._back_fill(str(timeline.get("prev_batch", "")))
            self.missed = missed
            if not is_all:
                self._note_gap((*missed, *raw_events))
            seen = {raw.get("event_id") for raw in (*missed, *raw_events)}
            # What changed further back than the pages go.
            older = [raw for raw in state if raw.get("event_id") not in seen]
            self._add((*older, *missed), is_history=True)
        self._add(raw_events, is_history=False)

    def _read_new(self, state: list[Any], raw_events: list[Any]) -> None:
        """A room that our account has just come to: what was before is history."""
        source = self._source(is_history=True)
        found = [events.present_member(raw, source) for raw in state]
        self.new += [event for event in found if event is not None]
        own_join = next(
            (
                index
                for index, raw in enumerate(raw_events)
                if raw.get("type") == events.MEMBER
                and raw.get("state_key") == self.account.user
            ),
            # Not among them: all of them were there before, at the first sync as well.
            len(raw_events),
        )
        # Of an account that begins, also its own joins are long ago.
        start = own_join if self.since else len(raw_events)
        self._add(raw_events[:start], is_history=True)
        self._add(raw_events[start:], is_history=False)

    def _add(self, raw_events: Iterable[Any], *, is_history: bool) -> None:
        source = self._source(is_history=is_history)
        found = [events.read(raw, source) for raw in raw_events]
        self.new += [event for event in found if event is not None]

    def _note_gap(self, known: Sequence[Any]) -> None:
        """Note that what happened before the oldest of these events is not known."""
        moments = [events.happened_at(raw, self.at) for raw in known]
        name = self.change.fields.get("name", self.room.name if self.room else "")
        is_direct = self.room is not None and self.room.is_direct
        self.gaps.append(
            Gap(
                group_key=self.room_id,
                # A direct chat has no name.
                group_name="" if is_direct else name or self.room_id,
                since=self.account.received_at or self.account.connected_at,
                until=min(moments, default=self.at),
            )
        )

    def _back_fill(self, start: str) -> tuple[list[Any], bool]:
        """The events between the last sync and this one, and whether these are all.

        The oldest first.
        """
        found: list[Any] = []
        if not start:
            # The server does not say where the gap begins.
            return found, False
        for _number in range(MAX_PAGES):
            if not start:
                return found[::-1], True
            try:
                page = self.client.messages(
                    self.room_id, start=start, until=self.since, limit=PAGE_SIZE
                )
            except LimitExceeded:
                raise
            except MatrixError as error:
                if rights.is_invalid_token(error):
                    raise
                # One room that cannot be read must not keep the others from being read.
                log.warning(
                    "%s: what was missed in %s cannot be read: %s",
                    self.account,
                    self.room_id,
                    error,
                )
                return found[::-1], False
            chunk = sync_replies.list_events(page.get("chunk"))
            found += chunk
            for raw in chunk:
                self.change.rights_changed |= raw.get("type") == "m.room.power_levels"
            start = str(page.get("end") or "")
        log.warning(
            "%s: more was missed in %s than is read", self.account, self.room_id
        )
        return found[::-1], not start

    def _report_own(
        self, raw_events: list[Any], state: list[Any], *, was_in: bool
    ) -> None:
        """Report the name of a room, and that our account was removed from it."""
        fields = self.change.fields
        is_direct = bool(fields.get("is_direct", self.room and self.room.is_direct))
        if is_direct:
            return
        own = [
            raw
            for raw in (*state, *raw_events)
            if raw.get("type") == events.MEMBER
            and raw.get("state_key") == self.account.user
        ]
        for raw in own[-1:]:
            payload: dict[str, Any] = {"group": self.room_id}
            if fields["membership"] == Membership.LEFT:
                if not was_in:
                    # Declined, or taken back: the room has never been a group.
                    continue
                payload |= {"by": fields["left_by"], "text": fields["left_reason"]}
                self._report(raw, "group_left", payload)
            elif not was_in:
                self._report(
                    raw, "group_named", payload | {"name": fields.get("name", "")}
                )
        if was_in and fields.get("name"):
            named = [raw for raw in raw_events if raw.get("type") == "m.room.name"]
            for raw in named[-1:]:
                payload = {"group": self.room_id, "name": fields["name"]}
                self._report(raw, "group_named", payload)

    def _report(
        self, raw: Mapping[str, Any], kind: str, payload: dict[str, Any]
    ) -> None:
        self.new.append(
            NewEvent(
                key=events.inbox_key(str(raw.get("event_id"))),
                kind=kind,
                payload=payload,
                happened_at=events.happened_at(raw, self.at),
            )
        )
