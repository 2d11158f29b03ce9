"""Whom the bot leaves alone in a room, whoever asks it to act."""

from __future__ import annotations

from typing import Any

import pytest

from qunce.channels import channel_contract
from qunce.channels.accounts.models import ChannelAccount
from qunce.channels.channel_contract import ActionKind, GroupAction
from qunce.channels.matrix.client import MatrixError
from qunce.channels.matrix.group_actions import OWN_ACCOUNT, Actor
from qunce.channels.matrix.models import Room
from qunce.channels.models import IncomingEvent
from tests.channels.matrix.test_bad_servers import ROOM, account
from tests.factories import AT

__all__ = ["account"]
pytestmark = pytest.mark.django_db
BOT, MODERATOR, MEMBER = "@bot:h", "@mod:h", "@eve:h"
LEVELS = {"users": {BOT: 50, MODERATOR: 50}, "kick": 50, "ban": 50, "redact": 50}
AUTHORS = {"$bot": BOT, "$mod": MODERATOR, "$eve": MEMBER}


class Server:
    """A homeserver in memory, with what was asked of it."""

    def __init__(self) -> None:
        self.done: list[str] = []

    def state_event(self, _room: str, kind: str, _key: str = "") -> dict[str, Any]:
        return LEVELS if kind == "m.room.power_levels" else {"membership": "join"}

    def event(self, _room: str, key: str) -> dict[str, Any]:
        return {"sender": AUTHORS[key], "content": {}}

    def membership_action(
        self, _room: str, kind: str, member: str, _reason: str
    ) -> None:
        self.done.append(f"{kind} {member}")


def act(
    account: ChannelAccount, server: Any = None, **fields: Any
) -> tuple[str, list[str]]:
    """The reason of the outcome, and what the server was asked to do."""
    creation = {"sender": "@owner:h", "content": {"room_version": "10"}}
    Room.objects.update(creation=creation)
    server = server or Server()
    action = GroupAction(key="k", group=ROOM, **fields)
    outcome = Actor(account, server, AT).act(action)
    return outcome.reason, server.done


@pytest.mark.parametrize("kind", [ActionKind.KICK, ActionKind.BAN, ActionKind.MUTE])
def test_our_own_account_is_never_acted_on(
    account: ChannelAccount, kind: ActionKind
) -> None:
    assert act(account, kind=kind, member=BOT) == (OWN_ACCOUNT, [])


def test_our_own_messages_are_never_deleted(account: ChannelAccount) -> None:
    # Whoever is named, the author of the message counts.
    fields = {"kind": ActionKind.DELETE, "message": "$bot", "member": MEMBER}
    assert act(account, **fields) == (OWN_ACCOUNT, [])


@pytest.mark.parametrize("kind", [ActionKind.KICK, ActionKind.BAN, ActionKind.MUTE])
def test_people_with_the_same_power_are_left_alone(
    account: ChannelAccount, kind: ActionKind
) -> None:
    stronger = channel_contract.STRONGER_MEMBER
    assert act(account, kind=kind, member=MODERATOR) == (stronger, [])
    fields = {"kind": ActionKind.DELETE, "message": "$mod", "member": MEMBER}
    assert act(account, **fields) == (stronger, [])


class ServerThatUndoesJoins(Server):
    """It has told of the join of a member, who is not in the state of the room any more."""

    def state_event(self, _room: str, kind: str, _key: str = "") -> dict[str, Any]:
        return LEVELS if kind == "m.room.power_levels" else {}

    def membership_action(
        self, _room: str, _kind: str, _member: str, _reason: str
    ) -> None:
        raise MatrixError(403, "M_FORBIDDEN", "The target user is not in the room")


def test_who_is_kicked_after_an_undone_join_has_left(account: ChannelAccount) -> None:
    for _attempt in range(2):
        fields = {"kind": ActionKind.KICK, "member": MEMBER}
        assert act(account, server=ServerThatUndoesJoins(), **fields) == ("", [])

    event = IncomingEvent.objects.get()
    assert (event.kind, event.payload) == (
        "left",
        {"account": MEMBER, "group": ROOM, "reason": "kicked", "by": account.user},
    )


def test_members_are_acted_on(account: ChannelAccount) -> None:
    assert act(account, kind=ActionKind.KICK, member=MEMBER) == (
        "",
        [f"kick {MEMBER}"],
    )
