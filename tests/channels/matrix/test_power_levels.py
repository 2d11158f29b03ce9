"""Who may do what in a room, with and without creators of infinite power (X2)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qunce.channels.matrix import power_levels
from qunce.channels.matrix.power_levels import PowerLevels

BOT, ANN, OWNER = "@bot:h", "@ann:h", "@owner:h"
USERS = (BOT, ANN, OWNER)


def levels(version: str = "10", **content: Any) -> PowerLevels:
    create = {"room_version": version, "additional_creators": [ANN]}
    return PowerLevels.of(content, create=create, create_sender=OWNER)


def test_creators_of_version_12_are_above_every_level() -> None:
    room = levels("12", users={BOT: 100})
    assert room.is_stronger(OWNER, BOT)
    assert room.is_stronger(ANN, BOT)
    assert not room.is_stronger(BOT, OWNER)
    assert not room.is_stronger(OWNER, ANN)
    older = levels("11", users={BOT: 100})
    assert older.is_stronger(BOT, OWNER)


def test_room_without_power_levels_has_its_creator_only() -> None:
    room = levels()
    assert room.may(OWNER, power_levels.POWER_LEVELS)
    assert room.is_stronger(OWNER, BOT)
    assert not room.may(BOT, power_levels.KICK)


def test_levels_that_are_texts_or_wrong_count_as_defaults() -> None:
    room = levels(users={BOT: "50", ANN: True, OWNER: "x"}, kick="50")
    assert room.may(BOT, power_levels.KICK)
    assert room.level_of(ANN) == room.level_of(OWNER) == 0


@pytest.mark.parametrize("events_default", [0, 10, -5])
def test_muted_member_may_not_write(events_default: int) -> None:
    room = levels(events_default=events_default, users={BOT: 100})
    muted = PowerLevels(room.with_level(ANN, room.level_of_muted))
    assert not muted.may(ANN, power_levels.SEND)
    assert muted.may(BOT, power_levels.SEND)
    assert PowerLevels(muted.with_level(ANN, None)).own_level(ANN) is None


NUMBERS = st.integers(-5, 105)
CONTENTS = st.fixed_dictionaries(
    {},
    optional={
        "users": st.dictionaries(st.sampled_from(USERS), NUMBERS),
        "users_default": NUMBERS,
        "events": st.dictionaries(
            st.sampled_from(["m.room.power_levels", "m.room.message"]), NUMBERS
        ),
        "state_default": NUMBERS,
        "events_default": NUMBERS,
        **dict.fromkeys(power_levels.DEFAULTS, NUMBERS),
    },
)


@given(CONTENTS.filter(bool), st.sampled_from(USERS))
def test_rights_are_those_of_the_specification(
    content: dict[str, Any], user: str
) -> None:
    """Compared with the specification, read word by word."""
    room = levels(**content)
    level = content.get("users", {}).get(user, content.get("users_default", 0))
    events = content.get("events", {})
    needed = {
        "invite": content.get("invite", 0),
        "kick": content.get("kick", 50),
        "ban": content.get("ban", 50),
        "redact": content.get("redact", 50),
        "m.room.power_levels": events.get(
            "m.room.power_levels", content.get("state_default", 50)
        ),
        "send": events.get("m.room.message", content.get("events_default", 0)),
    }
    expected = [action for action, least in needed.items() if level < least]
    assert room.missing(user, needed) == expected
