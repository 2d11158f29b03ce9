"""Invitations of our account: which are accepted, and by whom the others wait.

Anybody may invite an account. Direct messages are accepted, since members opt out there;
rooms only from people of our own server, so that no stranger's room becomes a group.
"""

from __future__ import annotations

import logging

from qunce.channels.accounts.models import ChannelAccount
from qunce.channels.matrix import rooms
from qunce.channels.matrix.client import LimitExceeded, MatrixClient, MatrixError
from qunce.channels.matrix.models import Membership, Room

log = logging.getLogger(__name__)

MAX_PER_ROUND = 20
GONE = ("M_FORBIDDEN", "M_NOT_FOUND", "M_UNKNOWN")


def server_of(user: str) -> str:
    """The server of a user, "" for what is no id of one."""
    return user.partition(":")[2] if user.startswith("@") else ""


def is_trusted(room: Room, own: str) -> bool:
    """Whether an invitation is accepted without asking staff."""
    inviter = room.direct_user or room.left_by
    return room.is_direct or server_of(inviter) == server_of(own) != ""


def accept_all(account: ChannelAccount, client: MatrixClient) -> None:
    """Join the rooms that our account may join; the rest is tried at the next round."""
    for room in rooms.list_invited(account)[:MAX_PER_ROUND]:
        if not is_trusted(room, account.user):
            continue
        try:
            client.join(room.room_id)
        except LimitExceeded:
            return
        except MatrixError as error:
            log.warning("%s cannot join %s: %s", account, room.room_id, error)
            if error.code in GONE:
                # The invitation was taken back, or everybody has left.
                Room.objects.filter(pk=room.pk, membership=Membership.INVITED).update(
                    membership=Membership.LEFT, left_by=""
                )
