"""Unmutes the members of rooms who were erased; see `erased_mutes`."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from qunce.channels.accounts.models import ChannelAccount
from qunce.channels.channel_contract import ActionKind, GroupAction
from qunce.channels.matrix import erased_mutes, group_actions
from qunce.channels.matrix.client import MatrixClient
from qunce.channels.matrix.models import Membership, Room

log = logging.getLogger(__name__)


def unmute_all(account: ChannelAccount, client: MatrixClient, *, at: datetime) -> None:
    """Unmute them in all rooms, and forget that they were muted.

    Where our account may not do it any more, they stay muted until the room's
    administrators change it: we no longer know who they are.
    """
    for room in Room.objects.filter(account=account).exclude(muted={}).order_by("pk"):
        waiting = [name for name in room.muted if name.startswith(erased_mutes.PREFIX)]
        if not waiting:
            continue
        found: dict[str, str] = {}
        if room.membership == Membership.JOINED:
            found = _find_users(group_actions.load_levels(client, room).content)
        actor = group_actions.Actor(account, client, at)
        for digest in waiting:
            if digest in found:
                key = f"erased-{room.pk}-{digest[-16:]}"
                outcome = actor.act(
                    GroupAction(
                        key=key,
                        kind=ActionKind.UNMUTE,
                        group=room.room_id,
                        member=found[digest],
                    )
                )
                if outcome.retry_after is not None:
                    continue
                if outcome.reason:
                    log.warning("an erased member stays muted: %s", outcome.reason)
            # Also of those who are not in the list: somebody else has unmuted them.
            _forget(room, digest)


def _find_users(levels: Mapping[str, Any]) -> dict[str, str]:
    """The users in the list of levels, by the digests of their ids."""
    users = levels.get("users")
    named = users if isinstance(users, Mapping) else {}
    return {erased_mutes.digest(str(user)): str(user) for user in named}


def _forget(room: Room, digest: str) -> None:
    muted = Room.objects.filter(pk=room.pk).values_list("muted", flat=True).get()
    left = {name: level for name, level in muted.items() if name != digest}
    Room.objects.filter(pk=room.pk).update(muted=left)
