from __future__ import annotations

import pytest

from qunce.core import permissions
from qunce.core.state_machine import WrongState
from qunce.groups.moderation.cases import cases
from qunce.groups.moderation.models import (
    Action,
    ActionState,
    Case,
    CaseState,
    CheckState,
    Mode,
    Strike,
)
from qunce.groups.moderation.staff_decisions import case_decisions
from qunce.members.accounts import erased_texts
from tests import factories
from tests.groups.moderation.conftest import Chat


def test_a_confirmed_proposal_is_done_for_all_copies_of_the_message(chat: Chat) -> None:
    chat.rule(Mode.PROPOSE)
    chat.say("eve")
    case = chat.caught("eve")

    case_decisions.confirm(case=case, by=chat.by, at=chat.now)
    chat.run()

    assert sorted(chat.done()) == ["delete $m1", "delete $m2"]
    assert (case.state, case.verdict) == (CaseState.CONFIRMED, "right")
    assert Strike.objects.filter(is_shadow=False).count() == 1


def test_a_person_may_choose_another_rung(chat: Chat) -> None:
    chat.rule(Mode.PROPOSE)
    case = chat.caught("eve")

    case_decisions.confirm(case=case, by=chat.by, at=chat.now, rung="mute", minutes=30)
    chat.run()

    assert chat.done() == ["delete $m1", "mute eve"]
    other = chat.caught("bob")
    with pytest.raises(case_decisions.InvalidDecision):
        case_decisions.confirm(
            case=other, by=chat.by, at=chat.now, rung="mute", minutes=-1
        )


def test_confirming_what_a_rule_did_does_nothing_twice(chat: Chat) -> None:
    chat.rule()
    case = chat.caught("eve")

    case_decisions.confirm(case=case, by=chat.by, at=chat.now)
    chat.run()

    assert chat.done() == ["delete $m1"]
    assert case.verdict == "right"


def test_a_dismissed_case_counts_no_strike_and_does_nothing(chat: Chat) -> None:
    chat.rule(Mode.PROPOSE)
    case = chat.caught("eve")

    case_decisions.dismiss(case=case, by=chat.by, at=chat.now, reason="a friend")
    chat.run()

    assert chat.done() == []
    assert (case.verdict, case.reason) == ("wrong", "a friend")
    assert not Strike.objects.filter(voided_at__isnull=True).exists()
    with pytest.raises(WrongState):
        case_decisions.confirm(case=case, by=chat.by, at=chat.now)


def test_an_undo_reverses_what_was_done_and_clears_the_counters(chat: Chat) -> None:
    chat.rule(ladder=chat.ladder({"strikes": 1, "rung": "ban"}))
    case = chat.caught("eve")
    assert chat.done() == ["delete $m1", "ban eve"]

    case_decisions.undo(case=case, by=chat.by, at=chat.now)
    chat.run()

    assert chat.done()[-1] == "unban eve"
    assert not Strike.objects.filter(voided_at__isnull=True).exists()
    ban = case.actions.get(kind="ban")
    assert ban.state == ActionState.UNDONE


def test_an_undo_cancels_what_waits(chat: Chat) -> None:
    chat.rule(ladder=chat.ladder({"strikes": 1, "rung": "kick"}))
    chat.channel.is_down = True
    case = chat.caught("eve")

    case_decisions.undo(case=case, by=chat.by, at=chat.now)
    chat.channel.is_down = False
    chat.wait(hours=1)
    chat.run()

    assert chat.done() == []
    assert set(case.actions.values_list("state", flat=True)) == {ActionState.CANCELLED}


def test_a_flood_that_was_undone_begins_anew(chat: Chat) -> None:
    rule = chat.rule()
    case = chat.caught("eve")
    for account in ("eve", "bob"):
        CheckState.objects.create(
            rule=rule,
            version=1,
            group=chat.group,
            place=f"0:{chat.people[account]}",
            changed_at=chat.now,
        )

    case_decisions.undo(case=case, by=chat.by, at=chat.now)

    left = CheckState.objects.values_list("place", flat=True)
    assert list(left) == [f"0:{chat.people['bob']}"]


def test_staff_see_cases_of_their_groups_and_members_only(chat: Chat) -> None:
    chat.rule()
    case = chat.caught("eve")
    south = factories.staff(chat.community, "operator", "sue", groups=["!south"])
    north = factories.staff(chat.community, "operator", "nora", groups=["!room"])

    assert cases.get(by=north, number=1, at=chat.now).pk == case.pk
    with pytest.raises(cases.CaseNotFound):
        cases.get(by=south, number=1, at=chat.now)
    with pytest.raises(cases.CaseNotFound):
        case_decisions.undo(case=case, by=south, at=chat.now)


def test_viewers_decide_nothing(chat: Chat) -> None:
    chat.rule(Mode.PROPOSE)
    case = chat.caught("eve")
    viewer = factories.staff(chat.community, "viewer", "vic")

    with pytest.raises(permissions.NotAllowed):
        case_decisions.confirm(case=case, by=viewer, at=chat.now)


def test_what_the_case_names_is_gone_when_its_member_is_erased(chat: Chat) -> None:
    chat.rule()
    chat.say("eve")
    chat.say("bob", "shoes of eve")
    eve = chat.people["eve"]

    erased_texts.erase(community_id=chat.community.pk, accounts=[eve], at=chat.now)

    assert list(Case.objects.values_list("author_name", flat=True)) == ["Bob"]
    assert not Action.objects.filter(account_id=eve).exists()


def test_the_queue_has_the_oldest_first(chat: Chat) -> None:
    chat.rule(Mode.PROPOSE)
    first, second = chat.caught("eve"), chat.caught("bob")

    queue = cases.list_queue(by=chat.by, at=chat.now)

    assert [case.pk for case in queue] == [first.pk, second.pk]
    assert cases.count_queue(by=chat.by, at=chat.now) == 2
    assert cases.list_of_member(chat.people["bob"], by=chat.by, at=chat.now) == [second]
