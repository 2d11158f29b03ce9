from __future__ import annotations

from datetime import timedelta

import pytest

from qunce.groups.moderation.models import AppealState, CaseState, Mode
from qunce.groups.moderation.staff_decisions import appeals, case_decisions
from tests import factories
from tests.groups.moderation.conftest import Chat


def appeal(chat: Chat, name: str, text: str = "申诉 it was a question") -> int | None:
    opened = appeals.receive(
        community=chat.community,
        account=chat.people[name],
        text=text,
        at=chat.now,
    )
    return None if opened is None else opened.pk


def test_an_appeal_that_is_overturned_undoes_the_mute(chat: Chat) -> None:
    chat.rule(ladder=chat.ladder({"strikes": 1, "rung": "mute", "minutes": 60}))
    case = chat.caught("eve")
    assert chat.done()[-1] == "mute eve"

    pk = appeal(chat, "eve", "appeal 1: it was a question")
    assert pk is not None
    opened = appeals.get(by=chat.by, pk=pk, at=chat.now)
    appeals.answer(
        appeal=opened, overturn=True, answer="Sorry.", by=chat.by, at=chat.now
    )
    chat.run()

    assert chat.done()[-1] == "unmute eve"
    case.refresh_from_db()
    assert (case.state, case.verdict) == (CaseState.UNDONE, "wrong")
    assert opened.state == AppealState.OVERTURNED


def test_whoever_decided_a_case_does_not_answer_its_appeal(chat: Chat) -> None:
    chat.rule(Mode.PROPOSE)
    case = chat.caught("eve")
    case_decisions.confirm(case=case, by=chat.by, at=chat.now)
    chat.run()
    opened = appeals.get(by=chat.by, pk=appeal(chat, "eve") or 0, at=chat.now)
    second = factories.staff(chat.community, "manager", "ben")

    with pytest.raises(appeals.SecondPersonNeeded):
        appeals.answer(
            appeal=opened, overturn=True, answer="No", by=chat.by, at=chat.now
        )
    chat.wait(minutes=30)
    appeals.answer(
        appeal=opened, overturn=False, answer="It stays.", by=second, at=chat.now
    )

    case.refresh_from_db()
    assert (opened.state, case.state) == (AppealState.UPHELD, CaseState.CONFIRMED)
    assert appeals.median_answer_time(by=chat.by, at=chat.now) == timedelta(minutes=30)


def test_other_direct_messages_and_people_without_a_case_open_none(chat: Chat) -> None:
    chat.rule()
    chat.say("eve")

    assert appeal(chat, "eve", "hello, when do you open?") is None
    assert appeal(chat, "bob") is None
    # The number is that of somebody else's case.
    assert appeal(chat, "bob", "appeal 1") is None
    assert appeal(chat, "eve") is not None


def test_further_messages_are_added_to_an_open_appeal(chat: Chat) -> None:
    chat.rule()
    chat.say("eve")

    first = appeal(chat, "eve", "申诉 one")
    second = appeal(chat, "eve", "申诉 two")

    assert first == second
    (opened,) = appeals.list_open(chat.by, chat.now)
    assert opened.text == "申诉 one\n申诉 two"


def test_a_decision_is_contested_once(chat: Chat) -> None:
    chat.rule()
    chat.say("eve")
    opened = appeals.get(by=chat.by, pk=appeal(chat, "eve") or 0, at=chat.now)
    appeals.answer(
        appeal=opened, overturn=False, answer="It stays.", by=chat.by, at=chat.now
    )

    appeal(chat, "eve", "申诉 again")

    assert appeals.list_open(chat.by, chat.now) == []


def test_an_answer_is_needed(chat: Chat) -> None:
    chat.rule()
    chat.say("eve")
    opened = appeals.get(by=chat.by, pk=appeal(chat, "eve") or 0, at=chat.now)

    with pytest.raises(appeals.InvalidAnswer):
        appeals.answer(
            appeal=opened, overturn=True, answer=" ", by=chat.by, at=chat.now
        )
