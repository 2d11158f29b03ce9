from __future__ import annotations

from qunce.channels.channel_contract import ActionKind, Capabilities, failed, unknown
from qunce.groups import memberships
from qunce.groups.lists import lists
from qunce.groups.moderation import doors, moderation_settings
from qunce.groups.moderation.actions import executor, safety_stops
from qunce.groups.moderation.judgements import judging
from qunce.groups.moderation.judgements.judging import Arrival
from qunce.groups.moderation.models import Action, CaseState, MassAction, Mode
from qunce.groups.moderation.staff_decisions import case_decisions, mass_actions
from tests import factories
from tests.groups.moderation.conftest import Chat


def states(chat: Chat) -> list[str]:
    rows = Action.objects.order_by("pk")
    return [f"{row.kind} {row.state} {row.result}".strip() for row in rows]


def test_a_channel_that_is_down_is_tried_again(chat: Chat) -> None:
    chat.rule()
    chat.channel.is_down = True
    chat.say("eve")
    assert states(chat) == ["delete pending channel_down"]

    chat.channel.is_down = False
    chat.run()
    assert chat.done() == []
    chat.wait(seconds=31)
    chat.run()
    assert chat.done() == ["delete $m1"]


def test_an_action_of_unknown_outcome_is_repeated_with_its_key(chat: Chat) -> None:
    chat.rule()
    chat.channel.action_script[ActionKind.DELETE] = [unknown("timeout")]
    chat.say("eve")
    chat.wait(minutes=1)
    chat.run()

    assert chat.done() == ["delete $m1"]
    assert states(chat) == ["delete done"]


def test_an_action_whose_process_died_is_done_by_another(chat: Chat) -> None:
    chat.rule(Mode.PROPOSE)
    case = chat.caught("eve")
    case_decisions.confirm(case=case, by=chat.by, at=chat.now)
    claimed = executor.claim(Action.objects.get().pk, chat.now)
    assert claimed is not None

    assert executor.claim(claimed.pk, chat.now) is None
    chat.wait(minutes=3)
    assert chat.run() == 1
    assert chat.done() == ["delete $m1"]
    # The first process comes back too late to change anything.
    executor.complete(claimed, failed("late"), chat.now)
    assert states(chat) == ["delete done"]


def test_a_stronger_person_is_left_alone_for_good(chat: Chat) -> None:
    chat.rule(ladder=chat.ladder({"strikes": 1, "rung": "kick"}))
    chat.channel.action_script[ActionKind.KICK] = [failed("stronger_user")]
    chat.say("eve")
    chat.wait(hours=1)
    chat.run()

    assert states(chat) == ["delete done", "kick failed stronger_user"]


def test_who_became_staff_meanwhile_is_not_acted_on(chat: Chat) -> None:
    chat.rule(Mode.PROPOSE, ladder=chat.ladder({"strikes": 1, "rung": "ban"}))
    case = chat.caught("eve")
    memberships.change_role(
        group=chat.group,
        account=chat.people["eve"],
        role="service",
        by=chat.by,
        at=chat.now,
    )

    case_decisions.confirm(case=case, by=chat.by, at=chat.now)
    chat.run()

    assert chat.done() == []
    assert states(chat) == ["delete skipped staff", "ban skipped staff"]


def test_a_whitelisted_person_is_not_acted_on_by_staff_either(chat: Chat) -> None:
    chat.rule(Mode.PROPOSE)
    case = chat.caught("eve")
    lists.add(
        community=chat.community,
        list_name="white",
        account=chat.people["eve"],
        by=chat.by,
        at=chat.now,
    )

    case_decisions.confirm(case=case, by=chat.by, at=chat.now)
    chat.run()

    assert states(chat) == ["delete skipped whitelist"]


def test_what_a_channel_cannot_do_is_left_to_staff(chat: Chat) -> None:
    chat.channel.capabilities = Capabilities(to_member=True, can_delete=True)
    chat.rule(ladder=chat.ladder({"strikes": 1, "rung": "ban"}))
    chat.say("eve")

    assert states(chat) == ["delete done", "ban with_staff not_supported"]
    (recorded,) = factories.recorded_facts(
        chat.community, "moderation.action_needs_staff"
    )
    assert recorded[1]["action"] == "ban"


def test_a_missing_right_is_left_to_staff(chat: Chat) -> None:
    chat.channel.action_script[ActionKind.DELETE] = [failed("no_right")]
    chat.rule()
    chat.say("eve")

    assert states(chat) == ["delete with_staff no_right"]


def test_too_many_actions_a_minute_stop_the_rules_of_the_group(chat: Chat) -> None:
    moderation_settings.update(
        community=chat.community, by=chat.by, at=chat.now, max_per_minute=3
    )
    chat.rule()
    names = ["eve", "bob", "carl", "dora", "ed"]
    found = [chat.caught(name) for name in names]

    assert len(chat.done()) == 3
    (stop,) = safety_stops.list_active(chat.by)
    assert (stop.reason, stop.number) == ("per_minute", 3)
    for case in found:
        case.refresh_from_db()
    assert [case.state for case in found[:3]] == [CaseState.ACTED] * 3
    assert [(case.state, case.mode) for case in found[3:]] == [("open", "propose")] * 2

    safety_stops.end(stop=stop, by=chat.by, at=chat.now)
    chat.wait(seconds=1)
    assert chat.caught("flo").state == CaseState.ACTED
    assert len(chat.done()) == 4


def test_a_large_share_of_a_group_stops_its_rules(chat: Chat) -> None:
    moderation_settings.update(
        community=chat.community,
        by=chat.by,
        at=chat.now,
        max_per_minute=None,
        max_percent=10,
    )
    chat.rule()
    names = [f"m{number}" for number in range(8)]
    chat.join(*names)
    for name in names:
        chat.say(name)

    # Five people of a small group are allowed, however few a tenth of it is.
    assert len(chat.done()) == 5
    assert safety_stops.list_active(chat.by)[0].reason == "share"


def test_what_staff_decide_is_done_despite_a_stop(chat: Chat) -> None:
    moderation_settings.update(
        community=chat.community, by=chat.by, at=chat.now, max_per_minute=1
    )
    chat.rule()
    chat.say("eve")
    case = chat.caught("bob")
    assert case.state == CaseState.OPEN

    case_decisions.confirm(case=case, by=chat.by, at=chat.now)
    chat.run()

    assert chat.done() == ["delete $m1", "delete $m2"]


def test_a_door_closes_and_opens_by_itself(chat: Chat) -> None:
    doors.close(group=chat.group, minutes=5, by=chat.by, at=chat.now)
    chat.run()
    assert doors.find_closed(chat.group) is not None
    assert [each.kind for each in chat.channel.actions] == ["close_door"]

    chat.wait(minutes=6)
    chat.run()
    assert [each.kind for each in chat.channel.actions] == ["close_door", "open_door"]
    assert doors.find_closed(chat.group) is None


def test_a_door_can_be_opened_early(chat: Chat) -> None:
    doors.close(group=chat.group, minutes=500, by=chat.by, at=chat.now)
    chat.run()
    chat.wait(minutes=1)
    doors.open_now(group=chat.group, by=chat.by, at=chat.now)
    chat.run()

    assert chat.channel.actions[-1].kind == "open_door"


def test_the_member_is_told_once_for_all_actions_of_a_case(chat: Chat) -> None:
    chat.rule(ladder=chat.ladder({"strikes": 1, "rung": "kick"}))
    chat.say("eve")
    chat.wait(hours=1)
    chat.run()

    assert len(chat.done()) == 2
    told = factories.recorded_facts(chat.community, "moderation.case_acted")
    assert len(told) == 1


def join_all(chat: Chat, *names: str, delay: int = 0) -> None:
    """People join, one in a second; all are judged `delay` minutes later."""
    arrivals = []
    for name in names:
        chat.wait(seconds=1)
        chat.join(name)
        arrivals.append(
            Arrival(
                group=chat.group,
                account=chat.people[name],
                key=f"join:{name}",
                happened_at=chat.now,
                name=name,
            )
        )
    chat.wait(minutes=delay)
    for each in arrivals:
        judging.judge_join(each, at=chat.now)


def wave_rule(chat: Chat, mode: str = Mode.ACT) -> None:
    windows = [{"at_most": 5, "seconds": 60}]
    check = {"check": "join_waves", "options": {"windows": windows}}
    chat.rule(mode, name="Wave", checks=[check])


def test_a_wave_of_joins_closes_the_door_and_asks_about_who_came(chat: Chat) -> None:
    wave_rule(chat)
    chat.wait(hours=1)
    join_all(chat, *(f"r{number}" for number in range(8)))
    chat.run()

    assert [each.kind for each in chat.channel.actions] == ["close_door"]
    row = MassAction.objects.get()
    assert (row.state, row.kind, len(row.accounts)) == ("waiting", "kick", 8)
    assert chat.people["eve"] not in row.accounts
    mass_actions.approve(mass_action=row, by=chat.by, at=chat.now)
    chat.run()
    assert sum(each.kind == "kick" for each in chat.channel.actions) == 8
    chat.wait(minutes=31)
    chat.run()
    assert chat.channel.actions[-1].kind == "open_door"


def test_all_who_came_with_a_wave_are_proposed_however_late_it_is_judged(
    chat: Chat,
) -> None:
    wave_rule(chat)
    chat.wait(hours=1)
    join_all(chat, *(f"r{number}" for number in range(8)), delay=5)

    assert len(MassAction.objects.get().accounts) == 8


def test_who_comes_after_staff_opened_the_door_is_no_part_of_the_wave(
    chat: Chat,
) -> None:
    wave_rule(chat)
    chat.wait(hours=1)
    join_all(chat, *(f"r{number}" for number in range(8)))
    chat.run()
    doors.open_now(group=chat.group, by=chat.by, at=chat.now)
    chat.run()
    join_all(chat, *(f"new{number}" for number in range(5)))
    chat.run()

    assert doors.find_closed(chat.group) is None
    assert len(MassAction.objects.get().accounts) == 8
    join_all(chat, "one too many")
    assert doors.find_closed(chat.group) is not None


def test_a_wave_is_only_noted_where_rules_observe(chat: Chat) -> None:
    wave_rule(chat, Mode.OBSERVE)
    chat.wait(hours=1)
    join_all(chat, *(f"r{number}" for number in range(8)))
    chat.run()

    assert chat.channel.actions == []
    assert not MassAction.objects.exists()
    noted = factories.recorded_facts(chat.community, "moderation.join_wave")
    assert noted[0][1]["mode"] == "observe"
