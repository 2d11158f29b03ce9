"""Rooms of direct messages: one for each member, created when the first is sent.

Creating a room has no key that makes it happen once. Its alias does: it is computed from
the member, so that a process that died in between finds the room that it has created.
"""

from __future__ import annotations

import contextlib
import logging
from datetime import datetime

from django.utils.crypto import salted_hmac

from qunce.channels.accounts.models import ChannelAccount
from qunce.channels.matrix import invites
from qunce.channels.matrix.client import LimitExceeded, MatrixClient, MatrixError
from qunce.channels.matrix.models import Membership, Room

log = logging.getLogger(__name__)

PREFIX = "qunce-"
DIRECT = "m.direct"


class MemberLeftChat(Exception):
    """The member has left the direct chat, and is not invited again."""


def ensure(
    account: ChannelAccount, client: MatrixClient, user: str, *, at: datetime
) -> str:
    """The id of the room that reaches a member. Raises MemberLeftChat or MatrixError."""
    known = Room.objects.filter(
        account=account, is_direct=True, direct_user=user, membership=Membership.JOINED
    )
    newest = list(known.order_by("-has_peer", "-pk")[:1])
    for room in newest:
        if not room.has_peer:
            raise MemberLeftChat
        return room.room_id
    room_id = _create(account, client, user)
    Room.objects.update_or_create(
        account=account,
        room_id=room_id,
        defaults={
            "membership": Membership.JOINED,
            "is_direct": True,
            "direct_user": user,
            "has_peer": True,
            "updated_at": at,
        },
    )
    _note_direct(account, client, user, room_id)
    return room_id


def _create(account: ChannelAccount, client: MatrixClient, user: str) -> str:
    digest = salted_hmac("matrix.direct_rooms", f"{account.pk} {user}").hexdigest()
    alias = PREFIX + digest[:24]
    try:
        return client.create_room(
            {
                "is_direct": True,
                "preset": "trusted_private_chat",
                "room_alias_name": alias,
                "invite": [user],
            }
        )
    except LimitExceeded:
        raise
    except MatrixError as error:
        if error.code != "M_ROOM_IN_USE":
            raise
    room_id = client.room_of_alias(f"#{alias}:{invites.server_of(account.user)}")
    try:
        client.membership_action(room_id, "invite", user)
    except LimitExceeded:
        raise
    except MatrixError as error:
        # They are invited or in the room already.
        if error.code != "M_FORBIDDEN":
            raise
    return room_id


def _note_direct(
    account: ChannelAccount, client: MatrixClient, user: str, room_id: str
) -> None:
    """Mark the room as direct in other clients of our account. Nothing depends on it."""
    with contextlib.suppress(MatrixError):
        listed = client.account_data(account.user, DIRECT)
        rooms = listed.get(user)
        of_user = rooms if isinstance(rooms, list) else []
        if room_id not in of_user:
            listed = listed | {user: [*of_user, room_id]}
            client.set_account_data(account.user, DIRECT, listed)
