"""The door of a room on a real homeserver: knocks, the gate, the welcome (V2, K10)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from qunce.groups.entry import gates
from qunce.outreach.welcomes import welcomes
from tests.matrix.members import Member, RefusedError
from tests.matrix.site import Site, now
from tests.matrix.test_moderation import direct_texts, moderate

Register = Callable[..., list[Member]]
KNOCKING = {"type": "m.room.join_rules", "content": {"join_rule": "knock"}}


def open_gate(site: Site, room: str) -> None:
    group = site.group(room)
    gates.configure(group=group, keywords=["oolong"], by=site.by, at=now())
    gates.switch(group=group, is_on=True, by=site.by, at=now())


def test_who_knocks_with_the_word_is_let_in(site: Site, register: Register) -> None:
    """Two knock: who says the word is invited, the other one is asked for it."""
    owner, ann, eve = register("owner", "ann", "eve")
    room = site.open_room(
        owner, is_public=False, initial_state=[KNOCKING], name="Tea room"
    )
    open_gate(site, room)
    ann.knock(room, "Oolong, please")
    eve.knock(room, "let me in")
    moderate(site)
    moderate(site)
    ann.join(room)
    with pytest.raises(RefusedError):
        eve.join(room)
    assert len(direct_texts(site, eve)) == 1
    site.receive()
    assert site.members(room) == sorted([owner.id, ann.id])


def test_newcomer_passes_the_gate_and_is_welcomed(
    site: Site, register: Register
) -> None:
    """Somebody joins, is asked, answers, and only then is welcomed."""
    owner, ann = register("owner", "ann")
    room = site.open_room(owner, name="Tea")
    open_gate(site, room)
    welcome = welcomes.create(
        community=site.community,
        name="Newcomers",
        text="Welcome to tea.",
        is_for_others=True,
        staff=site.by,
        by=site.by,
        at=now(),
    )
    welcomes.switch_on(welcome=welcome, by=site.by, at=now())
    ann.join(room)
    moderate(site)
    (asked,) = direct_texts(site, ann)
    assert "Welcome to tea." not in asked
    ann.say(room, "oolong")
    moderate(site)
    moderate(site)
    assert "Welcome to tea." in direct_texts(site, ann)
    assert ann.id in site.members(room)
