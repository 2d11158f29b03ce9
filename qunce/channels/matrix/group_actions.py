"""What our account does in rooms: delete, mute, kick, ban, invite, close to newcomers.

Every action may be repeated: what is so already is success. Before it acts, it asks the
room whether it may, as nobody may act on somebody with as much power.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from django.db.models import Q

from qunce.channels import channel_contract, inbox
from qunce.channels.accounts import accounts
from qunce.channels.accounts.models import ChannelAccount
from qunce.channels.channel_contract import (
    DELIVERED,
    NO_RIGHT,
    NOT_SUPPORTED,
    STRONGER_MEMBER,
    ActionKind,
    ChannelDown,
    GroupAction,
    Outcome,
)
from qunce.channels.matrix import erased_mutes, power_levels, rooms, sending
from qunce.channels.matrix.client import (
    HomeserverDown,
    LimitExceeded,
    MatrixClient,
    MatrixError,
    ReplyLost,
)
from qunce.channels.matrix.models import Membership, Room
from qunce.channels.matrix.power_levels import PowerLevels

log = logging.getLogger(__name__)

NOT_IN_GROUP, OWN_ACCOUNT, NO_MEMBER = "not_in_group", "own_account", "no_member"
TOO_MANY_MUTED, BANNED, NO_MESSAGE = "too_many_muted", "banned", "no_message"
WRITE_PERIOD = timedelta(seconds=60)
MAX_SECONDS_TO_WAIT = 10.0
MAX_WRITES = 4
MAX_EDIT_PAGES, MAX_EDIT_ROUNDS = 20, 5
MAX_REASON_LENGTH = 300
CLOSED = {"join_rule": "invite"}
NEEDED_RIGHT = {
    ActionKind.DELETE: power_levels.REDACT,
    ActionKind.MUTE: power_levels.POWER_LEVELS,
    ActionKind.UNMUTE: power_levels.POWER_LEVELS,
    ActionKind.KICK: power_levels.KICK,
    ActionKind.BAN: power_levels.BAN,
    # Whoever may ban may also take it back, with the right to kick.
    ActionKind.UNBAN: power_levels.BAN,
    ActionKind.INVITE: power_levels.INVITE,
    ActionKind.CLOSE_DOOR: power_levels.JOIN_RULES,
    ActionKind.OPEN_DOOR: power_levels.JOIN_RULES,
}
ON_MEMBERS = {
    ActionKind.MUTE,
    ActionKind.UNMUTE,
    ActionKind.KICK,
    ActionKind.BAN,
    ActionKind.UNBAN,
    ActionKind.INVITE,
}
DONE = {
    ActionKind.KICK: ("", "leave", "ban"),
    ActionKind.BAN: ("ban",),
    ActionKind.UNBAN: ("", "leave", "invite", "knock", "join"),
    ActionKind.INVITE: ("invite", "join"),
}
"""The memberships of which an action has nothing left to do; "" is none yet."""
NEEDS_MORE_POWER = {
    ActionKind.MUTE,
    ActionKind.UNMUTE,
    ActionKind.KICK,
    ActionKind.BAN,
    # The server would allow it, but nobody moderates their moderators.
    ActionKind.DELETE,
}


class RoomIsWritten(Exception):
    """Others have been changing the power levels of the room for long."""


def load_levels(client: MatrixClient, room: Room) -> PowerLevels:
    """The power levels of a room, as they are now."""
    content = client.state_event(room.room_id, power_levels.POWER_LEVELS)
    create = room.creation or client.create_event(room.room_id)
    return PowerLevels.of(
        content,
        create=create.get("content", {}),
        create_sender=str(create.get("sender", "")),
    )


@dataclass
class Actor:
    account: ChannelAccount
    client: MatrixClient
    at: datetime

    def act(self, action: GroupAction) -> Outcome:
        """Do it, or return why not. Raises ChannelDown if nothing was done."""
        try:
            return self._check(action) or self._do(action)
        except LimitExceeded as error:
            return sending.postponed(action.key, error.wait)
        except RoomIsWritten:
            return sending.postponed(action.key, timedelta(seconds=2))
        except HomeserverDown:
            raise ChannelDown from None
        except ReplyLost:
            return channel_contract.unknown(sending.NO_REPLY)
        except MatrixError as error:
            return self._refused(action, error)

    def _refused(self, action: GroupAction, error: MatrixError) -> Outcome:
        log.warning("%s of %s was refused: %s", action.kind, action.group, error)
        if error.code in sending.INVALID_TOKEN:
            accounts.request_check(self.account)
            raise ChannelDown
        if error.code == "M_TOO_LARGE":
            return channel_contract.failed(TOO_MANY_MUTED)
        if error.code == "M_FORBIDDEN":
            accounts.request_check(self.account)
            return channel_contract.failed(NO_RIGHT)
        if error.code == "M_NOT_FOUND":
            return channel_contract.failed(NO_MESSAGE)
        return channel_contract.failed(sending.REFUSED)

    def _check(self, action: GroupAction) -> Outcome | None:
        """Why it cannot be done, as far as that is known before."""
        room = rooms.find(self.account, action.group)
        if room is None or room.membership != Membership.JOINED:
            return channel_contract.failed(NOT_IN_GROUP)
        if action.kind not in NEEDED_RIGHT:
            return channel_contract.failed(NOT_SUPPORTED)
        if action.kind in ON_MEMBERS and not action.member.startswith("@"):
            return channel_contract.failed(NO_MEMBER)
        if action.kind == ActionKind.DELETE and not action.message:
            return channel_contract.failed(NO_MESSAGE)
        member, own = self._concerned(action), self.account.user
        if member == own:
            return channel_contract.failed(OWN_ACCOUNT)
        levels = load_levels(self.client, room)
        if not levels.may(own, NEEDED_RIGHT[action.kind]):
            return channel_contract.failed(NO_RIGHT)
        needs_more = action.kind in NEEDS_MORE_POWER and member
        if needs_more and not levels.is_stronger(own, member):
            return channel_contract.failed(STRONGER_MEMBER)
        return None

    def _concerned(self, action: GroupAction) -> str:
        """The member of an action, or who has really written the message to delete.

        A report may name any message, such as one of ours or of a moderator.
        """
        if action.kind != ActionKind.DELETE:
            return action.member
        try:
            event = self.client.event(action.group, action.message)
        except LimitExceeded:
            raise
        except MatrixError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return action.member
            raise
        return str(event.get("sender", ""))

    def _do(self, action: GroupAction) -> Outcome:
        done: dict[ActionKind, Callable[[GroupAction], Outcome]] = {
            ActionKind.DELETE: self._delete,
            ActionKind.MUTE: self._mute,
            ActionKind.UNMUTE: self._unmute,
            ActionKind.CLOSE_DOOR: self._close_door,
            ActionKind.OPEN_DOOR: self._open_door,
        }
        return done.get(action.kind, self._change_membership)(action)

    # Members

    def _change_membership(self, action: GroupAction) -> Outcome:
        """Kick, ban, unban or invite. A refusal is success if it is so already."""
        done = DONE[action.kind]
        # Unbanning somebody who was only removed would be refused.
        asks_first = action.kind in (ActionKind.UNBAN, ActionKind.INVITE)
        if asks_first and self._membership(action) in done:
            return DELIVERED
        try:
            self.client.membership_action(
                action.group,
                action.kind.value,
                action.member,
                action.reason[:MAX_REASON_LENGTH],
            )
        except LimitExceeded:
            raise
        except MatrixError:
            now = self._membership(action)
            if now in done:
                if action.kind == ActionKind.KICK and not now:
                    self._report_undone_join(action)
                return DELIVERED
            if action.kind == ActionKind.INVITE and now == "ban":
                return channel_contract.failed(BANNED)
            raise
        return DELIVERED

    def _report_undone_join(self, action: GroupAction) -> None:
        """Report that somebody is out whose join the server has sent and then undone.

        Two events at the same time, such as a join and a change of the join rules, exclude
        each other; then the join goes from the state of the room without an event.
        """
        inbox.receive(
            community=self.account.community,
            channel=self.account.channel,
            key=f"undone:{action.key}",
            kind="left",
            payload={
                "account": action.member,
                "group": action.group,
                "reason": "kicked",
                "by": self.account.user,
            },
            at=self.at,
        )

    def _membership(self, action: GroupAction) -> str:
        member = self.client.state_event(action.group, "m.room.member", action.member)
        return str(member.get("membership", ""))

    # Power levels

    def _mute(self, action: GroupAction) -> Outcome:
        with self._writing(action.group) as room:
            levels = load_levels(self.client, room)
            target = levels.level_of_muted
            if levels.level_of(action.member) <= target:
                return DELIVERED
            # Written before the room is, so that it is known whatever happens next.
            muted = room.muted | {action.member: levels.own_level(action.member)}
            Room.objects.filter(pk=room.pk).update(muted=muted)
            return self._write_level(action, room, target)

    def _unmute(self, action: GroupAction) -> Outcome:
        with self._writing(action.group) as room:
            levels = load_levels(self.client, room)
            if levels.may(action.member, power_levels.SEND):
                return DELIVERED
            level = erased_mutes.find_level(room.muted, action.member)
            outcome = self._write_level(action, room, level)
            if outcome == DELIVERED:
                left = erased_mutes.without(room.muted, action.member)
                Room.objects.filter(pk=room.pk).update(muted=left)
            return outcome

    def _write_level(
        self, action: GroupAction, room: Room, level: int | None
    ) -> Outcome:
        """Write a level and read it back: another client may write at the same time."""
        for _write in range(MAX_WRITES):
            levels = load_levels(self.client, room)
            self.client.set_state(
                action.group,
                power_levels.POWER_LEVELS,
                levels.with_level(action.member, level),
            )
            written = load_levels(self.client, room)
            if written.own_level(action.member) == level:
                return DELIVERED
        return channel_contract.failed("overwritten", retry_after=timedelta(seconds=5))

    @contextmanager
    def _writing(self, room_id: str) -> Iterator[Room]:
        """Lock the power levels of a room against all processes of ours."""
        writer, end = secrets.token_hex(16), time.monotonic() + MAX_SECONDS_TO_WAIT
        rows = Room.objects.filter(account=self.account, room_id=room_id)
        free = Q(writer="") | Q(written_until__lte=self.at)
        # One that ends later than any comes from a clock that was set back since.
        free |= Q(written_until__gt=self.at + 2 * WRITE_PERIOD)
        until = self.at + WRITE_PERIOD
        while not rows.filter(free).update(writer=writer, written_until=until):
            if time.monotonic() >= end:
                raise RoomIsWritten
            time.sleep(0.05)
        try:
            yield rows.get()
        finally:
            rows.filter(writer=writer).update(writer="", written_until=None)

    # Messages

    def _delete(self, action: GroupAction) -> Outcome:
        """Redact a message. Its edits stay readable unless they are redacted, too.

        The message itself comes last: of a redacted one the server lists no edits. They
        are listed until there is no other one, as its author may be editing it at that time.
        """
        redacted: set[str] = set()
        for _round in range(MAX_EDIT_ROUNDS):
            new = [each for each in self._list_edits(action) if each not in redacted]
            if not new:
                break
            for event in new:
                self._redact(action, event)
            redacted |= set(new)
        self._redact(action, action.message)
        return DELIVERED

    def _redact(self, action: GroupAction, event: str) -> None:
        key, reason = f"{action.key}-{event}", action.reason[:MAX_REASON_LENGTH]
        self.client.redact(action.group, event, key[:200], reason)

    def _list_edits(self, action: GroupAction) -> list[str]:
        found: list[str] = []
        start = ""
        for _page in range(MAX_EDIT_PAGES):
            page = self.client.edits(action.group, action.message, start=start)
            chunk: list[Any] = page.get("chunk", [])
            found += [str(raw["event_id"]) for raw in chunk if raw.get("event_id")]
            start = str(page.get("next_batch") or "")
            if not start:
                break
        return found

    # The door

    def _close_door(self, action: GroupAction) -> Outcome:
        rule = self.client.state_event(action.group, power_levels.JOIN_RULES)
        if rule.get("join_rule") in ("invite", "private"):
            return DELIVERED
        rows = Room.objects.filter(account=self.account, room_id=action.group)
        # Before the room is closed, so that it is known how it was.
        rows.update(open_rule=rule)
        self.client.set_state(action.group, power_levels.JOIN_RULES, CLOSED)
        return DELIVERED

    def _open_door(self, action: GroupAction) -> Outcome:
        rows = Room.objects.filter(account=self.account, room_id=action.group)
        before = rows.get().open_rule
        # A room that was closed by somebody else is theirs to open.
        if before:
            self.client.set_state(action.group, power_levels.JOIN_RULES, before)
            rows.update(open_rule=None)
        return DELIVERED
