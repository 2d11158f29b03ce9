from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from qunce.groups.moderation import moderation_settings
from qunce.groups.moderation.models import Case, CaseState, MassState
from qunce.groups.moderation.staff_decisions import mass_actions
from qunce.members.accounts.queries import MemberNotFound
from tests import factories
from tests.groups.moderation.conftest import Chat


def few(chat: Chat, number: int) -> None:
    moderation_settings.update(
        community=chat.community, by=chat.by, at=chat.now, two_people_above=number
    )


def test_a_mass_action_waits_for_a_second_person(chat: Chat) -> None:
    few(chat, 2)
    second = factories.staff(chat.community, "manager", "ben")
    row = mass_actions.request(
        group=chat.group,
        kind="kick",
        accounts=list(chat.people.values()),
        reason="raid",
        by=chat.by,
        at=chat.now,
    )
    chat.run()
    assert (row.state, chat.done()) == (MassState.WAITING, [])

    with pytest.raises(mass_actions.SecondPersonNeeded):
        mass_actions.approve(mass_action=row, by=chat.by, at=chat.now)
    mass_actions.approve(mass_action=row, by=second, at=chat.now)
    chat.run()

    assert sorted(chat.done()) == ["kick bob", "kick carl", "kick eve"]
    assert row.answered_by == second


def test_a_few_members_need_nobody_else(chat: Chat) -> None:
    few(chat, 3)
    row = mass_actions.request(
        group=chat.group,
        kind="mute",
        accounts=[chat.people["eve"]],
        minutes=10,
        reason="raid",
        by=chat.by,
        at=chat.now,
    )
    chat.run()
    assert (row.state, chat.done()) == (MassState.APPROVED, ["mute eve"])
    chat.wait(minutes=11)
    chat.run()
    assert chat.done()[-1] == "unmute eve"


def test_many_small_mass_actions_are_a_large_one(chat: Chat) -> None:
    few(chat, 2)

    def kick(name: str) -> str:
        row = mass_actions.request(
            group=chat.group,
            kind="kick",
            accounts=[chat.people[name]],
            reason="raid",
            by=chat.by,
            at=chat.now,
        )
        return str(row.state)

    assert [kick(name) for name in ("eve", "bob", "carl")] == [
        MassState.APPROVED,
        MassState.APPROVED,
        MassState.WAITING,
    ]
    chat.wait(minutes=61)
    assert kick("carl") == MassState.APPROVED


def test_a_refused_mass_action_does_nothing(chat: Chat) -> None:
    few(chat, 1)
    row = mass_actions.request(
        group=chat.group,
        kind="ban",
        accounts=list(chat.people.values()),
        reason="raid",
        by=chat.by,
        at=chat.now,
    )
    mass_actions.refuse(mass_action=row, by=chat.by, at=chat.now)
    chat.run()

    assert (row.state, chat.done()) == (MassState.REFUSED, [])


def test_a_whole_run_of_a_rule_is_undone_by_two_people(chat: Chat) -> None:
    few(chat, 2)
    rule = chat.rule(ladder=chat.ladder({"strikes": 1, "rung": "ban"}))
    began = chat.now
    for name in ("eve", "bob", "carl"):
        chat.say(name)
    second = factories.staff(chat.community, "manager", "ben")

    row = mass_actions.request_undo(
        rule=rule,
        since=began,
        until=chat.now,
        reason="the word is ours",
        by=chat.by,
        at=chat.now,
    )
    assert row.state == MassState.WAITING
    mass_actions.approve(mass_action=row, by=second, at=chat.now)
    chat.run()

    assert sorted(chat.done())[-3:] == ["unban bob", "unban carl", "unban eve"]
    assert set(Case.objects.values_list("state", flat=True)) == {CaseState.UNDONE}


def test_what_is_not_valid_is_refused(chat: Chat) -> None:
    wanted: dict[str, Any] = {
        "group": chat.group,
        "by": chat.by,
        "at": chat.now,
        "reason": "raid",
    }
    eve = [chat.people["eve"]]

    for kind, accounts, fields in (
        ("hug", eve, {}),
        ("kick", [], {}),
        ("kick", eve, {"minutes": 5}),
        ("mute", eve, {"minutes": 0}),
        ("kick", eve, {"reason": " "}),
    ):
        with pytest.raises(mass_actions.InvalidMassAction):
            mass_actions.request(**{**wanted, **fields}, kind=kind, accounts=accounts)
    with pytest.raises(MemberNotFound):
        mass_actions.request(**wanted, kind="kick", accounts=[999_999])
    rule = chat.rule()
    with pytest.raises(mass_actions.InvalidMassAction):
        mass_actions.request_undo(
            rule=rule,
            since=chat.now - timedelta(days=1),
            until=chat.now,
            reason="nothing",
            by=chat.by,
            at=chat.now,
        )
