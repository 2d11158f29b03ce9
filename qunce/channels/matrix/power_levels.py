"""Power levels: what a person may do in a room, and creators above every level.

Pure. Since room version 12 the creators of a room are in no list: they may do everything,
and nobody may do anything to them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

INFINITE = math.inf
CREATOR_VERSIONS = 12
"""The version since which creators have an infinite level."""
MUTED = -1
DEFAULT_STATE_LEVEL, DEFAULT_ACTION_LEVEL = 50, 50
INVITE, KICK, BAN, REDACT = "invite", "kick", "ban", "redact"
SEND = "send"
POWER_LEVELS, JOIN_RULES = "m.room.power_levels", "m.room.join_rules"
DEFAULTS = {INVITE: 0, KICK: 50, BAN: 50, REDACT: 50}


def version_number(version: str) -> int:
    """The number of a room version; versions that are no number are older ones."""
    return int(version) if version.isascii() and version.isdecimal() else 1


@dataclass(frozen=True)
class PowerLevels:
    """The levels of a room. `creators` is empty for rooms older than version 12."""

    content: Mapping[str, Any] = field(default_factory=dict)
    creators: frozenset[str] = frozenset()
    first_creator: str = ""

    @classmethod
    def of(
        cls,
        content: Mapping[str, Any],
        *,
        create: Mapping[str, Any],
        create_sender: str,
    ) -> PowerLevels:
        """`create` is the content of the room's m.room.create event."""
        version = version_number(str(create.get("room_version", "1")))
        creators: frozenset[str] = frozenset()
        if version >= CREATOR_VERSIONS:
            others = create.get("additional_creators", ())
            listed = others if isinstance(others, list) else ()
            creators = frozenset({create_sender, *map(str, listed)})
        return cls(content, creators, str(create.get("creator") or create_sender))

    def level_of(self, user: str) -> float:
        if user in self.creators:
            return INFINITE
        if not self.content:
            # Without the event, only the creator has a level.
            return 100 if user == self.first_creator else 0
        users = self.content.get("users")
        levels = users if isinstance(users, Mapping) else {}
        return _number(levels.get(user), _number(self.content.get("users_default"), 0))

    def needed_for(self, action: str) -> float:
        """The level that an action needs: one of `DEFAULTS`, or a type of state event."""
        if action in DEFAULTS:
            return _number(self.content.get(action), DEFAULTS[action])
        events = self.content.get("events")
        named = events.get(action) if isinstance(events, Mapping) else None
        if action == SEND:
            named = (
                events.get("m.room.message") if isinstance(events, Mapping) else None
            )
            return _number(named, _number(self.content.get("events_default"), 0))
        default = DEFAULT_STATE_LEVEL if self.content else 0
        return _number(named, _number(self.content.get("state_default"), default))

    def may(self, user: str, action: str) -> bool:
        return self.level_of(user) >= self.needed_for(action)

    def is_stronger(self, user: str, other: str) -> bool:
        """Whether `user` may act on `other`: nobody acts on somebody of their own level."""
        return self.level_of(user) > self.level_of(other)

    def missing(self, user: str, actions: Iterable[str]) -> list[str]:
        """The actions that a user may not do."""
        return [action for action in actions if not self.may(user, action)]

    def with_level(self, user: str, level: int | None) -> dict[str, Any]:
        """The content with another level of a user; null is the room's default."""
        users = self.content.get("users")
        levels = dict(users) if isinstance(users, Mapping) else {}
        if level is None:
            levels.pop(user, None)
        else:
            levels[user] = level
        return {**self.content, "users": levels}

    def own_level(self, user: str) -> int | None:
        """The level that a user has of their own, null if it is the room's default."""
        users = self.content.get("users")
        level = users.get(user) if isinstance(users, Mapping) else None
        return None if level is None else int(_number(level, 0))

    @property
    def level_of_muted(self) -> int:
        """A level below what a message needs."""
        return int(min(self.needed_for(SEND), 0)) + MUTED


def _number(value: Any, default: float) -> float:
    # Older rooms may have numbers as texts.
    if isinstance(value, bool):
        return default
    if isinstance(value, int | float):
        return value
    try:
        return int(str(value)) if value is not None else default
    except ValueError:
        return default
