"""What staff with narrow rights see of rules, cases and reports, and can do with them."""

from __future__ import annotations

from datetime import datetime

import pytest

from qunce.channels.channel_contract import GroupAction, Outcome
from qunce.channels.testing import FakeChannel
from qunce.groups.groups import Membership
from qunce.groups.moderation.cases import cases, member_reports, precision
from qunce.groups.moderation.cases.member_reports import ReportedMessage
from qunce.groups.moderation.judgements import judging, pasted_messages
from qunce.groups.moderation.models import Case, CaseSource, Mode, Rung
from qunce.groups.moderation.rules import rules
from qunce.groups.moderation.rules.rules import RuleNotFound
from qunce.groups.moderation.staff_decisions import case_decisions
from tests import factories
from tests.groups.moderation.conftest import ADVERT, Chat, word_check


def test_rules_of_hidden_groups_and_their_counts_are_hidden(chat: Chat) -> None:
    south = factories.group(chat.community, "south")
    secret = chat.rule(
        name="Secret", checks=[word_check("boots")], conditions={"groups": ["south"]}
    )
    chat.rule(name="Shared", conditions={"groups": ["!room", "south"]})
    limited = factories.staff(
        chat.community, "operator", "lin", groups=[chat.group.key]
    )
    case = judging.judge(chat.message("eve", "boots", group=south), at=chat.now)
    assert case is not None
    case_decisions.confirm(case=case, by=chat.by, at=chat.now)

    assert [rule.name for rule in rules.list_all(limited)] == ["Shared"]
    with pytest.raises(RuleNotFound):
        rules.get(by=limited, key=secret.key)
    assert precision.of_rules(chat.by, chat.now).keys() == {secret.pk}
    assert precision.of_rules(limited, chat.now) == {}
    assert precision.recall(chat.by, chat.now).settled == 1
    assert precision.recall(limited, chat.now).settled == 0


def test_nobody_is_banned_for_a_text_that_they_forwarded(chat: Chat) -> None:
    chat.rule(Mode.PROPOSE)
    case = chat.caught("eve", forwarded_from="Bob")
    with pytest.raises(case_decisions.InvalidDecision):
        case_decisions.confirm(case=case, rung=Rung.BAN, by=chat.by, at=chat.now)
    case_decisions.confirm(case=case, rung=Rung.DELETE, by=chat.by, at=chat.now)
    chat.run()
    assert chat.done() == ["delete $m1"]


def test_a_message_that_was_reported_before_it_came_is_judged(chat: Chat) -> None:
    chat.rule()
    member_reports.report(
        group=chat.group,
        reporter=chat.people["bob"],
        message=ReportedMessage(key="$m1", happened_at=chat.now),
        at=chat.now,
    )
    chat.say("eve")
    assert chat.done() == ["delete $m1"]
    assert Case.objects.filter(source=CaseSource.REPORT).count() == 1


def test_an_action_that_breaks_does_not_keep_others_from_being_done(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat.rule(Mode.PROPOSE)
    found = [chat.caught("eve"), chat.caught("bob")]
    act = type(chat.channel).act

    def fail() -> Outcome:
        raise ZeroDivisionError

    def act_or_break(
        channel: FakeChannel, action: GroupAction, *, at: datetime
    ) -> Outcome:
        return act(channel, action, at=at) if action.member == "bob" else fail()

    monkeypatch.setattr(type(chat.channel), "act", act_or_break)
    for case in found:
        case_decisions.confirm(case=case, by=chat.by, at=chat.now)
    chat.run()
    assert chat.done() == ["delete $m2"]


def test_what_somebody_with_a_scope_pastes_about_others_is_for_others(
    chat: Chat,
) -> None:
    chat.rule(Mode.PROPOSE)
    scope = {"members": {"keys": ["bob"]}}
    scoped = factories.staff(chat.community, "operator", "sue", scope=scope)

    def paste(name: str) -> tuple[bool, str]:
        (verdict,) = pasted_messages.judge(
            group=chat.group, text=ADVERT, name=name, by=scoped, at=chat.now
        )
        return verdict.case is not None, verdict.exemption

    assert paste("Eve") == paste("Eve") == (False, pasted_messages.HIDDEN)
    assert paste("Bob") == (True, "")
    assert cases.count_queue(by=chat.by, at=chat.now) == 2


def test_cases_about_staff_and_volunteers_are_in_no_figure(chat: Chat) -> None:
    rule = chat.rule(Mode.PROPOSE)
    for name in ("eve", "bob"):
        case = chat.caught(name)
        case_decisions.confirm(case=case, by=chat.by, at=chat.now)
    assert precision.of_rules(chat.by, chat.now)[rule.pk].settled == 2

    Membership.objects.filter(account_id=chat.people["bob"]).update(role="volunteer")

    assert precision.of_rules(chat.by, chat.now)[rule.pk].settled == 1
    assert precision.recall(chat.by, chat.now).settled == 1
