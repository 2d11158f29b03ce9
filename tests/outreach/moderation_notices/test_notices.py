from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

import pytest
from django.utils import translation

from qunce import reactions
from qunce.channels.channel_contract import Capabilities
from qunce.groups.moderation import doors, moderation_settings
from qunce.groups.moderation.cases import member_reports
from qunce.groups.moderation.cases.member_reports import ReportedMessage
from qunce.groups.moderation.models import Action, Mode, Rung
from qunce.groups.moderation.staff_decisions import appeals, case_decisions
from qunce.outreach.moderation_notices import notice_texts
from qunce.outreach.sending.ledger import Message, Origin, Purpose
from qunce.outreach.tasks import outcomes, staff_tasks
from qunce.outreach.tasks.staff_tasks import StaffTask
from tests import factories
from tests.groups.moderation.conftest import Chat, channel, chat

__all__ = ["channel", "chat"]

LONGEST: dict[str, Any] = {
    "number": 999_999_999,
    "group": "群" * 200,
    "rule": "规" * 80,
    "moment": "03-05 20:00",
}


def react(chat: Chat) -> None:
    reactions.CONSUMER.catch_up(at=chat.now)


def texts(chat: Chat, name: str) -> list[str]:
    rows = Message.objects.filter(origin=Origin.MODERATION, target_id=chat.people[name])
    return list(rows.order_by("pk").values_list("text", flat=True))


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_every_notice_has_at_most_200_characters(language: str) -> None:
    with translation.override(language):
        written = [
            notice_texts.acted(
                **LONGEST, rung=rung, minutes=minutes, is_known_rule=known
            )
            for rung, minutes, known in itertools.product(
                Rung, (None, 43_200), (True, False)
            )
        ]
        written += [
            notice_texts.undone(number=999_999_999, group="群" * 200),
            notice_texts.appeal_opened(number=999_999_999),
            *(
                notice_texts.appeal_answered(
                    number=999_999_999, answer="a" * appeals.MAX_ANSWER, overturned=yes
                )
                for yes in (True, False)
            ),
            *(
                notice_texts.report_answered(number=999_999_999, right=yes)
                for yes in (True, False)
            ),
        ]
    assert max(map(len, written)) <= notice_texts.MAX_LENGTH
    assert all("999999999" in text for text in written)


def test_the_member_reads_rule_time_and_how_to_object(chat: Chat) -> None:
    chat.community.language = "en"
    chat.community.save()
    chat.rule()
    chat.say("eve")

    react(chat)
    react(chat)

    (text,) = texts(chat, "eve")
    assert text == (
        "Case 1, 03-05 20:00, “North”: your message broke the rule “Adverts”. "
        "It was removed. To object, reply: appeal 1"
    )
    message = Message.objects.get(origin=Origin.MODERATION)
    assert (message.purpose, message.channel) == (Purpose.MODERATION, "fake")


def test_a_rule_that_observes_tells_nobody(chat: Chat) -> None:
    chat.rule(Mode.OBSERVE)
    chat.say("eve")
    react(chat)
    assert texts(chat, "eve") == []

    chat.rule(name="Other")
    chat.say("eve")
    react(chat)
    assert len(texts(chat, "eve")) == 1


def test_notices_can_be_switched_off(chat: Chat) -> None:
    chat.rule()
    moderation_settings.update(
        community=chat.community, by=chat.by, at=chat.now, sends_notices=False
    )
    chat.say("eve")
    react(chat)
    assert texts(chat, "eve") == []

    moderation_settings.update(
        community=chat.community, by=chat.by, at=chat.now, sends_notices=True
    )
    chat.say("eve")
    react(chat)
    assert len(texts(chat, "eve")) == 1


def test_braces_in_names_are_no_variables(chat: Chat) -> None:
    chat.rule(name="{name}")
    chat.say("eve")
    react(chat)

    assert "{name}" in texts(chat, "eve")[0]


def test_an_appeal_is_confirmed_and_answered_once(chat: Chat) -> None:
    chat.rule()
    chat.say("eve")
    opened = appeals.receive(
        community=chat.community,
        account=chat.people["eve"],
        text="申诉",
        at=chat.now,
    )
    assert opened is not None
    react(chat)
    fresh = appeals.get(by=chat.by, pk=opened.pk, at=chat.now)
    appeals.answer(appeal=fresh, overturn=True, answer="抱歉", by=chat.by, at=chat.now)
    react(chat)

    acted, received, answered = texts(chat, "eve")
    assert "抱歉" in answered
    assert len({acted, received, answered}) == 3


def test_an_undo_without_an_appeal_is_told(chat: Chat) -> None:
    chat.rule()
    case = chat.caught("eve")
    react(chat)
    case_decisions.undo(case=case, by=chat.by, at=chat.now)
    react(chat)

    assert len(texts(chat, "eve")) == 2


def test_a_reporter_gets_one_answer_and_the_reported_none(chat: Chat) -> None:
    case = member_reports.report(
        group=chat.group,
        reporter=chat.people["bob"],
        message=ReportedMessage(
            key="$x", happened_at=chat.now, account=chat.people["eve"], text="hm"
        ),
        at=chat.now,
    )
    assert case is not None
    case_decisions.dismiss(case=case, by=chat.by, at=chat.now)
    react(chat)
    react(chat)

    assert len(texts(chat, "bob")) == 1
    assert texts(chat, "eve") == []


def by_hand(chat: Chat) -> StaffTask:
    chat.channel.capabilities = Capabilities(to_group=True)
    chat.rule(ladder=chat.ladder({"strikes": 1, "rung": "ban"}))
    chat.say("eve")
    react(chat)
    return StaffTask.objects.select_related("request", "staff").get()


def test_what_the_channel_cannot_do_is_one_task_with_the_name(chat: Chat) -> None:
    chat.community.language = "en"
    chat.community.save()
    task = by_hand(chat)

    assert task.request.title == "Remove Eve from “North”"
    assert "Nickname: Eve" in task.request.text
    assert "cheap shoes" in task.request.text
    assert "appeal 1" in task.request.text
    assert task.staff == chat.by


def test_the_actions_are_done_when_the_task_is(chat: Chat) -> None:
    task = by_hand(chat)
    assert set(Action.objects.values_list("state", flat=True)) == {"with_staff"}

    own = staff_tasks.get(by=task.staff, pk=task.pk)
    outcomes.finish(task=own, by=task.staff, at=chat.now)
    react(chat)

    assert set(Action.objects.values_list("state", flat=True)) == {"done"}


def test_a_task_goes_to_the_owner_of_the_group(chat: Chat) -> None:
    owner = factories.staff(chat.community, "operator", "zoe", groups=["!room"])
    chat.group.owner = owner
    chat.group.save()

    assert by_hand(chat).staff == owner


def test_a_task_goes_to_nobody_who_does_not_see_the_member(chat: Chat) -> None:
    scope = {"members": {"keys": ["bob"]}}
    chat.group.owner = factories.staff(chat.community, "operator", "zoe", scope=scope)
    chat.group.save()

    assert by_hand(chat).staff == chat.by


def test_a_door_that_cannot_be_closed_is_a_task(chat: Chat) -> None:
    chat.channel.capabilities = Capabilities(to_group=True)
    doors.close(group=chat.group, minutes=5, by=chat.by, at=chat.now)
    chat.run()
    react(chat)
    assert StaffTask.objects.count() == 1

    chat.now += timedelta(minutes=6)
    chat.run()
    react(chat)
    assert StaffTask.objects.count() == 2


def test_a_person_who_is_to_be_removed_twice_is_one_task(chat: Chat) -> None:
    chat.channel.capabilities = Capabilities(to_group=True)
    chat.rule(Mode.PROPOSE)
    for text in ("cheap shoes", "shoes again"):
        case = chat.caught("eve", text)
        case_decisions.confirm(case=case, rung=Rung.BAN, by=chat.by, at=chat.now)
        chat.run()
        react(chat)

    task = StaffTask.objects.get()
    outcomes.finish(
        task=staff_tasks.get(by=task.staff, pk=task.pk), by=task.staff, at=chat.now
    )
    react(chat)

    bans = Action.objects.filter(kind="ban")
    assert [action.state for action in bans] == ["done", "done"]


def test_a_task_in_a_group_has_a_due_time(chat: Chat) -> None:
    assert by_hand(chat).request.due_at == chat.now + timedelta(hours=2)

    moderation_settings.update(
        community=chat.community, task_minutes=15, by=chat.by, at=chat.now
    )
    chat.caught("bob", "other shoes")
    chat.run()
    react(chat)
    task = StaffTask.objects.latest("pk")
    assert task.request.due_at == chat.now + timedelta(minutes=15)
