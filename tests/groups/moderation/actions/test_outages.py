"""Actions while workers are killed, channels are down and decisions are taken back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from qunce.channels.channel_contract import ActionKind, failed, unknown
from qunce.channels.testing import FakeChannel, SimulatedCrash
from qunce.groups.moderation import doors
from qunce.groups.moderation.actions import actions, executor
from qunce.groups.moderation.checks.subjects import Kind, Subject
from qunce.groups.moderation.models import Action, Case, CheckState, Ladder, Mode, Rule
from qunce.groups.moderation.rules import check_states
from qunce.groups.moderation.staff_decisions import case_decisions
from tests.groups.moderation.conftest import Chat

MUTE_10 = {"strikes": 1, "rung": "mute", "minutes": 10}


def states(chat: Chat) -> list[str]:
    rows = Action.objects.order_by("pk")
    return [f"{row.kind} {row.state} {row.result}".strip() for row in rows]


def muted(chat: Chat, **rung: object) -> Case:
    """A case whose mute is planned, and nothing done yet."""
    chat.rule(Mode.PROPOSE, ladder=chat.ladder(MUTE_10 | rung))
    case = chat.caught("eve")
    case_decisions.confirm(case=case, by=chat.by, at=chat.now)
    return case


def is_muted(chat: Chat) -> bool:
    """As the channel has it after all that was done, in its order."""
    kinds = [each.kind for each in chat.channel.actions]
    last = [each for each in kinds if each in (ActionKind.MUTE, ActionKind.UNMUTE)]
    return last[-1:] == [ActionKind.MUTE]


def run_hours(chat: Chat, hours: int) -> None:
    for _minute in range(hours * 60):
        chat.wait(minutes=1)
        chat.run()


class DyingChannel(FakeChannel):
    """Its process dies after the channel has done an action, or before."""

    dies_before = dies_after = False

    def act(self, action, *, at):  # type: ignore[no-untyped-def]
        if self.dies_before:
            raise SimulatedCrash
        outcome = super().act(action, at=at)
        if self.dies_after:
            raise SimulatedCrash
        return outcome


@pytest.fixture
def dying(chat: Chat) -> DyingChannel:
    chat.channel.__class__ = DyingChannel
    assert isinstance(chat.channel, DyingChannel)
    return chat.channel


@pytest.mark.parametrize("moment", ["dies_before", "dies_after"])
def test_an_action_is_done_once_whenever_its_worker_dies(
    chat: Chat, dying: DyingChannel, moment: str
) -> None:
    muted(chat)
    setattr(dying, moment, True)
    with pytest.raises(SimulatedCrash):
        chat.run()
    setattr(dying, moment, False)
    chat.wait(minutes=3)
    chat.run()

    assert chat.done() == ["delete $m1", "mute eve"]
    assert states(chat) == ["delete done", "mute done", "unmute pending"]


@pytest.mark.both_databases
@pytest.mark.parametrize("moment", ["dies_before", "dies_after"])
def test_an_undo_wins_over_a_mute_whose_worker_died(
    chat: Chat, dying: DyingChannel, moment: str
) -> None:
    case = muted(chat, minutes=600)
    Action.objects.filter(kind=ActionKind.DELETE).delete()
    setattr(dying, moment, True)
    with pytest.raises(SimulatedCrash):
        chat.run()
    setattr(dying, moment, False)
    case_decisions.undo(case=case, by=chat.by, at=chat.now)
    run_hours(chat, 1)

    assert not is_muted(chat)
    assert states(chat) == ["mute skipped taken_back", "unmute done"]


def test_an_undo_reverses_a_mute_that_another_worker_does_now(chat: Chat) -> None:
    case = muted(chat)
    mute = Action.objects.get(kind=ActionKind.MUTE)
    claimed = executor.claim(mute.pk, chat.now)
    assert claimed is not None
    case_decisions.undo(case=case, by=chat.by, at=chat.now)
    chat.run()
    executor.complete(claimed, executor.call(claimed, chat.now), chat.now)
    chat.wait(minutes=3)
    chat.run()

    assert not is_muted(chat)


def test_an_undo_reverses_a_mute_whose_reply_was_lost(chat: Chat) -> None:
    case = muted(chat)
    chat.channel.action_script[ActionKind.MUTE] = [unknown("no_reply")]
    chat.run()
    assert is_muted(chat)
    case_decisions.undo(case=case, by=chat.by, at=chat.now)
    chat.wait(minutes=5)
    chat.run()

    assert not is_muted(chat)


def test_nobody_stays_muted_for_an_outage(chat: Chat) -> None:
    muted(chat)
    chat.run()
    chat.channel.is_down = True
    run_hours(chat, 2)
    assert is_muted(chat)
    chat.channel.is_down = False
    run_hours(chat, 1)

    assert not is_muted(chat)


def test_a_mute_that_would_have_ended_is_not_done_late(chat: Chat) -> None:
    muted(chat)
    chat.channel.is_down = True
    run_hours(chat, 1)
    chat.channel.is_down = False
    run_hours(chat, 1)

    # The message goes nevertheless.
    assert states(chat) == ["delete done", "mute skipped too_late"]
    assert chat.done() == ["delete $m1"]


def test_a_mute_that_was_cancelled_begins_when_it_is_decided_again(chat: Chat) -> None:
    case = muted(chat)
    actions.cancel_pending(Action.objects.all(), chat.now)
    chat.wait(hours=2)
    actions.plan_step(case, "mute", 10, is_automatic=False, by=chat.by, at=chat.now)
    chat.run()
    assert is_muted(chat)


def test_what_was_tried_for_long_is_left_to_staff(chat: Chat) -> None:
    chat.rule(ladder=chat.ladder({"strikes": 1, "rung": "ban"}))
    chat.channel.is_down = True
    chat.say("eve")
    Action.objects.update(attempts=executor.MAX_ATTEMPTS - 1)
    chat.wait(minutes=6)
    chat.run()
    chat.wait(minutes=6)
    chat.run()

    assert states(chat) == [
        "delete with_staff channel_down",
        "ban with_staff channel_down",
    ]


def test_a_channel_that_is_down_is_asked_once_for_all(chat: Chat) -> None:
    chat.rule(Mode.PROPOSE)
    for name in ("eve", "mallory", "trudy"):
        case = chat.caught(name, f"shoes of {name}")
        case_decisions.confirm(case=case, by=chat.by, at=chat.now)
    chat.channel.is_down = True
    assert chat.run() == 1
    assert chat.run() == 0


@pytest.mark.both_databases
def test_a_group_does_not_stay_closed_by_an_outage(chat: Chat) -> None:
    doors.close(group=chat.group, minutes=30, by=chat.by, at=chat.now)
    chat.channel.is_down = True
    run_hours(chat, 1)
    chat.channel.is_down = False
    run_hours(chat, 1)

    done = [each.kind for each in chat.channel.actions]
    assert done[-1:] != [ActionKind.CLOSE_DOOR]
    assert doors.find_closed(chat.group) is None


def test_a_group_that_is_opened_early_is_not_closed_late(chat: Chat) -> None:
    doors.close(group=chat.group, minutes=500, by=chat.by, at=chat.now)
    chat.channel.action_script[ActionKind.CLOSE_DOOR] = [
        failed("busy", retry_after=timedelta(minutes=2))
    ]
    chat.run()
    doors.open_now(group=chat.group, by=chat.by, at=chat.now)
    run_hours(chat, 1)

    assert [each.kind for each in chat.channel.actions] == ["open_door"]


def test_the_end_of_a_mute_does_not_end_a_later_one(chat: Chat) -> None:
    chat.rule(ladder=chat.ladder(MUTE_10, MUTE_10 | {"strikes": 2, "minutes": 60}))
    chat.say("eve", "shoes")
    chat.say("eve", "more shoes")
    chat.wait(minutes=30)
    chat.run()
    assert is_muted(chat)
    chat.wait(minutes=40)
    chat.run()
    assert not is_muted(chat)


def test_a_lease_of_a_clock_that_was_set_back_is_none(chat: Chat) -> None:
    muted(chat, minutes=6_000)
    for pk in Action.objects.values_list("pk", flat=True):
        assert executor.claim(pk, chat.now) is not None
    chat.now -= timedelta(days=1)
    chat.run()

    assert chat.done() == ["delete $m1", "mute eve"]


# Stored JSON
@pytest.mark.both_databases
def test_a_damaged_rule_does_not_keep_others_from_judging(chat: Chat) -> None:
    damaged = chat.rule(name="Damaged")
    chat.rule(name="Whole")
    values: list[Any] = [[{}], [{"check": "gone", "options": {}}], "x", [7]]
    for value in values:
        Rule.objects.filter(pk=damaged.pk).update(checks=value)
        case = chat.caught("eve", f"shoes {value}")
        assert case.rule is not None
        assert case.rule.name == "Whole"


def test_damaged_rungs_do_not_keep_others_from_judging(chat: Chat) -> None:
    own = chat.ladder(MUTE_10)
    chat.rule(name="Damaged", ladder=own)
    chat.rule(name="Whole")
    Ladder.objects.filter(pk=own.pk).update(rungs=[{"strikes": "x"}])
    assert chat.caught("eve").rule.name == "Whole"  # type: ignore[union-attr]


STATES: tuple[Any, ...] = ([], 7, "x", {"times": "x"}, {"messages": [7]}, {"a": 1})


@pytest.mark.both_databases
@pytest.mark.parametrize("check", ["floods", "repeats", "copies", "join_waves"])
def test_a_damaged_window_begins_anew(chat: Chat, check: str) -> None:
    rule = chat.rule(name="Window", checks=[{"check": check, "options": {}}])
    kind = Kind.JOIN if check == "join_waves" else Kind.MESSAGE
    chat.message("eve")
    for number, state in enumerate(STATES):
        subject = Subject(
            kind=kind,
            key=f"$x{number}",
            group=str(chat.group.pk),
            account=str(chat.people["eve"]),
            happened_at=chat.now,
            text="hello, this is a text of some length for all of you",
        )
        assert check_states.judge(rule, chat.group, subject, chat.now) == []
        assert CheckState.objects.update(state=state) == 1
