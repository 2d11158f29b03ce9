"""Rooms of our account as the last sync describes them: membership, name, encryption."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import models

from qunce.channels.accounts.models import ChannelAccount
from qunce.channels.matrix import message_texts
from qunce.channels.matrix.models import Membership, Room

MAX_NAME_LENGTH = 200
MAX_REASON_LENGTH = 300
MAX_CREATORS = 1_000
CREATION = ("room_version", "creator", "additional_creators")
"""What the power of people depends on, of the event that created a room."""
STATE_TYPES = (
    "m.room.create",
    "m.room.name",
    "m.room.encryption",
    "m.room.member",
    "m.room.power_levels",
    "m.room.join_rules",
)


@dataclass
class RoomChange:
    """What a sync says about a room. `rights_changed` if our rights may have changed.

    `peer` is the other person of a direct room.
    """

    room_id: str
    peer: str = ""
    fields: dict[str, Any] = field(default_factory=dict)
    rights_changed: bool = False

    def read_state(self, raw: Mapping[str, Any], own: str) -> None:
        """Take over what an event says about the room itself."""
        content, kind = raw.get("content"), raw.get("type")
        if not isinstance(content, Mapping) or "state_key" not in raw:
            return
        if kind == "m.room.name":
            name = " ".join(_text(content, "name").split())
            self.fields["name"] = name[:MAX_NAME_LENGTH]
        elif kind == "m.room.encryption":
            self.fields["is_encrypted"] = self.rights_changed = True
        elif kind == "m.room.create":
            kept = {n: _storable(content[n]) for n in CREATION if n in content}
            creation = {"content": kept, "sender": _text(raw, "sender")}
            self.fields["creation"] = creation
        elif kind == "m.room.power_levels":
            self.rights_changed = True
        elif kind == "m.room.member" and raw.get("state_key") == own:
            self._read_own(raw, content, own)
        elif kind == "m.room.member" and raw.get("state_key") == self.peer:
            self.fields["has_peer"] = content.get("membership") in ("join", "invite")

    def _read_own(
        self, raw: Mapping[str, Any], content: Mapping[str, Any], own: str
    ) -> None:
        membership = _text(content, "membership")
        sender = _text(raw, "sender")[:255]
        if membership == "invite":
            self.fields |= {"membership": Membership.INVITED, "answered_at": None}
            if content.get("is_direct") is True:
                self.fields |= {"is_direct": True, "direct_user": sender}
            self.fields["left_by"] = sender
        elif membership == "join":
            self.fields |= {
                "membership": Membership.JOINED,
                "left_by": "",
                "left_reason": "",
            }
        elif membership in ("leave", "ban"):
            self.fields |= {
                "membership": Membership.LEFT,
                "left_by": "" if sender == own else sender,
                "left_reason": _text(content, "reason")[:MAX_REASON_LENGTH],
            }
        self.rights_changed = True


def _text(fields: Mapping[str, Any], name: str) -> str:
    """A text that can be stored; anything may stand in an event, and strangers invite."""
    value = fields.get(name)
    return message_texts.clean(value) if isinstance(value, str) else ""


def _storable(value: Any) -> str | list[str]:
    """A text or a list of texts that can be stored, and "" for anything else."""
    if isinstance(value, list):
        users = [each for each in value[:MAX_CREATORS] if isinstance(each, str)]
        return [message_texts.clean(each)[:255] for each in users]
    return message_texts.clean(value)[:255] if isinstance(value, str) else ""


def save(
    account: ChannelAccount, changes: Iterable[RoomChange], *, at: datetime
) -> None:
    """Store what has changed, in the transaction of the sync."""
    for change in changes:
        room, is_new = Room.objects.get_or_create(
            account=account,
            room_id=change.room_id,
            defaults={
                "membership": Membership.JOINED,
                "updated_at": at,
                **change.fields,
            },
        )
        changed = {
            name: value
            for name, value in change.fields.items()
            if getattr(room, name) != value
        }
        if changed and not is_new:
            Room.objects.filter(pk=room.pk).update(**changed, updated_at=at)


def find(account: ChannelAccount, room_id: str) -> Room | None:
    return Room.objects.filter(account=account, room_id=room_id).first()


def list_joined(account: ChannelAccount) -> models.QuerySet[Room]:
    rows = Room.objects.filter(account=account, membership=Membership.JOINED)
    return rows.order_by("name", "pk")


def list_invited(account: ChannelAccount) -> models.QuerySet[Room]:
    rows = Room.objects.filter(account=account, membership=Membership.INVITED)
    return rows.order_by("pk")


def list_lost(account: ChannelAccount) -> models.QuerySet[Room]:
    """Rooms that somebody has removed our account from."""
    rows = Room.objects.filter(account=account, membership=Membership.LEFT)
    return rows.exclude(left_by="").filter(is_direct=False).order_by("name", "pk")


def list_personal_data(
    account: ChannelAccount, users: Collection[str]
) -> list[dict[str, Any]]:
    """The direct chats of these users, and the rooms in which they are muted."""
    found: list[dict[str, Any]] = [
        {"user": room.direct_user, "direct_chat": room.room_id}
        for room in Room.objects.filter(
            account=account, is_direct=True, direct_user__in=users
        ).order_by("pk")
    ]
    for room in Room.objects.filter(account=account).exclude(muted={}).order_by("pk"):
        found += [
            {"user": user, "muted_in": str(room), "level_before": room.muted[user]}
            for user in sorted(set(users) & room.muted.keys())
        ]
    return found
