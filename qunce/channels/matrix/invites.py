"""Invitations of our account: which are accepted, and by whom the others wait.

Anybody may invite an account. Direct messages are accepted, since members opt out there;
rooms only from people of our own server, so that no stranger's room becomes a group. On a
server that is open to everybody, staff may have to answer these as well. The others wait
for staff.
"""

from __future__ import annotations

import logging
from datetime import datetime

from django.db import models
from django.utils.translation import gettext as _

from qunce.channels.accounts import invitations
from qunce.channels.accounts.invitations import InvitationNotFound
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


def is_trusted(room: Room, account: ChannelAccount) -> bool:
    """Whether an invitation is accepted without asking staff."""
    if room.is_direct or account.settings.get(invitations.ASKS_FIRST):
        return room.is_direct
    return server_of(inviter_of(room)) == server_of(account.user) != ""


def inviter_of(room: Room) -> str:
    return room.direct_user or room.left_by


def list_waiting(account: ChannelAccount) -> list[Room]:
    """The rooms whose invitations staff have to answer."""
    return [
        room
        for room in rooms.list_invited(account)
        if room.answered_at is None and not is_trusted(room, account)
    ]


def answer(
    account: ChannelAccount,
    client: MatrixClient,
    room_id: str,
    *,
    accepts: bool,
    at: datetime,
) -> None:
    """Join a room or decline. Raises InvitationNotFound if the invitation is gone."""
    rows = Room.objects.filter(
        account=account, room_id=room_id, membership=Membership.INVITED
    )
    try:
        if accepts:
            client.join(room_id)
        else:
            client.leave(room_id)
    except LimitExceeded:
        raise
    except MatrixError as error:
        if error.code not in GONE:
            raise
        _forget(rows)
        if accepts:
            raise InvitationNotFound(
                _("The invitation was taken back, or nobody is in the room any more.")
            ) from None
    else:
        if accepts:
            # The next sync brings the room itself.
            rows.update(answered_at=at)
        else:
            _forget(rows)


def _forget(rows: models.QuerySet[Room]) -> None:
    rows.update(membership=Membership.LEFT, left_by="", direct_user="")


def accept_all(account: ChannelAccount, client: MatrixClient) -> None:
    """Join the rooms that our account may join; the rest is tried at the next round."""
    trusted = [
        room for room in rooms.list_invited(account) if is_trusted(room, account)
    ]
    for room in trusted[:MAX_PER_ROUND]:
        try:
            client.join(room.room_id)
        except LimitExceeded:
            return
        except MatrixError as error:
            log.warning("%s cannot join %s: %s", account, room.room_id, error)
            if error.code in GONE:
                # The invitation was taken back, or everybody has left.
                _forget(Room.objects.filter(pk=room.pk, membership=Membership.INVITED))
