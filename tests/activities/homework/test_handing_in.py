"""Homework that members hand in: on time, late, replaced, by chat and by staff."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from qunce.activities import chat
from qunce.activities.activities import activities
from qunce.activities.activities.models import Entry, Way
from qunce.activities.homework import reviews
from qunce.activities.homework.models import Submission
from qunce.activities.homework.results import How
from qunce.activities.kinds import base
from qunce.core.staff.models import Staff
from qunce.groups.chat_readers import ChatMessage
from tests import factories
from tests.activities.homework import builders
from tests.activities.homework.builders import (
    DAY,
    DUE,
    HOUR,
    hand_in,
    handed_in,
    members,
    open_homework,
    outcomes,
    pairs,
    react,
    submission,
)
from tests.factories import AT

pytestmark = pytest.mark.django_db


def test_a_member_hands_in_and_replaces_it_until_it_is_due(by: Staff) -> None:
    activity, (ann,) = open_homework(by), members(by, "ann")
    assert "is handed in on time" in hand_in(activity, ann, "Grass").text
    link = "https://example.org/tea?cup=1"
    assert (
        "“Describe your tea” is replaced"
        in hand_in(activity, ann, f"Rain\n{link}", DUE - HOUR).text
    )
    row = submission(activity, ann)
    assert (row.text, row.link, row.version) == ("Rain", link, 2)
    late = hand_in(activity, ann, "Snow", DUE)
    assert not late.accepted
    assert "You could replace it until 2026-" in late.text
    assert submission(activity, ann).text == "Rain"
    facts = factories.recorded_facts(by.community, "homework.submitted")
    assert [(who, fact["is_late"]) for who, fact in facts] == [(ann, False)]


def test_late_homework_is_marked_and_staff_review_it(by: Staff) -> None:
    activity, (ann, bob, cy, di) = (
        open_homework(by),
        members(by, "ann", "bob", "cy", "di"),
    )
    for account in (ann, bob, cy):
        hand_in(activity, account)
    reply = hand_in(activity, di, at=DUE)
    assert reply.accepted
    assert reply.text == "“Describe your tea” is handed in, late. Our staff review it."
    reviews.plan_due(at=DUE)
    assert di not in {who for pair in pairs(activity) for who in pair}
    assert len(pairs(activity)) == 6
    assert outcomes(activity)[di] == (How.TO_DECIDE, None)
    again = hand_in(activity, di, "Better", DUE + HOUR)
    assert "after it was due" in again.text


def test_nothing_and_too_much_are_not_handed_in(by: Staff) -> None:
    activity, (ann,) = open_homework(by), members(by, "ann")
    assert "Write “homework”" in hand_in(activity, ann, "").text
    assert "at most 4,000" in hand_in(activity, ann, "x" * 4_001).text
    assert "at most 500" in hand_in(activity, ann, f"x\nhttps://a.b/{'c' * 500}").text
    assert "at most 4,501" in hand_in(activity, ann, "y" * 5_000).text
    assert not Entry.objects.exists()
    assert hand_in(activity, ann, "z" * 4_000).accepted
    assert "Handed in on time" in hand_in(activity, ann, "", DUE - HOUR).text


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("作业 三种茶的味道", "三种茶的味道"),
        ("交作业：三种茶的味道", "三种茶的味道"),
        ("homework", ""),
        ("作业是什么", None),
        ("作业 什么时候交？", None),
        (
            "作业 我们为什么要先闻干茶再闻湿茶而不是反过来呢？大家怎么看？",
            "我们为什么要先闻干茶再闻湿茶而不是反过来呢？大家怎么看？",
        ),
        ("homeworks are hard", None),
    ],
)
def test_a_keyword_hands_in_and_a_question_does_not(
    line: str, said: str | None
) -> None:
    assert base.get("homework").read_line(line) == said


def test_long_homework_is_handed_in_by_chat(by: Staff) -> None:
    activity, (ann,) = open_homework(by), members(by, "ann")
    text = "Grass and rain. " * 60
    message = ChatMessage(
        community=by.community,
        account=ann,
        group=None,
        text=f"homework {text}",
        key="event:1",
        # Said in time, and delivered a little later.
        happened_at=DUE - timedelta(seconds=10),
    )
    assert chat.read(message, at=DUE + timedelta(minutes=2))
    row = submission(activity, ann)
    assert row.text == text.strip(" .")
    assert not row.is_late


def test_of_several_the_named_one_is_handed_in_by_chat(by: Staff) -> None:
    names = ("Step one", "Step two")
    first, second = (open_homework(by, name=name) for name in names)
    (ann,) = members(by, "ann")

    def say(text: str, key: str) -> None:
        message = ChatMessage(
            community=by.community,
            account=ann,
            group=None,
            text=text,
            key=key,
            happened_at=AT,
        )
        assert chat.read(message, at=AT)

    say("homework: Grass", "1")
    assert not Submission.objects.filter(activity=first).exists()
    assert submission(second, ann).text == "Grass"
    say("homework step one: Rain", "2")
    assert submission(first, ann).text == "Rain"
    assert submission(second, ann).text == "Grass"


def test_what_staff_type_counts_when_it_was_said(by: Staff) -> None:
    activity, (ann, bob) = open_homework(by), members(by, "ann", "bob")
    fields: dict[str, Any] = {"way": Way.STAFF, "by": by}
    hand_in(activity, ann, at=DUE + DAY, said_at=DUE - HOUR, **fields)
    hand_in(activity, bob, at=DUE + DAY, **fields)
    assert not submission(activity, ann).is_late
    assert submission(activity, bob).is_late


def test_a_later_due_time_makes_late_homework_be_in_time(by: Staff) -> None:
    activity, (ann, bob, cy) = handed_in(by, "ann", "bob", "cy")
    (di,) = members(by, "di")
    hand_in(activity, di, at=DUE + HOUR)
    changed = builders.settings(due=(DUE + DAY).isoformat())
    activity.refresh_from_db()
    activities.change(activity=activity, by=by, at=DUE + 2 * HOUR, settings=changed)
    react(DUE + 2 * HOUR)
    assert not submission(activity, di).is_late
    assert (
        "Others review your homework already"
        in hand_in(activity, ann, "New", DUE + 3 * HOUR).text
    )
    reviews.plan_due(at=DUE + DAY)
    reviewed = [author for _reviewer, author in pairs(activity)]
    assert sorted(reviewed) == sorted([ann, bob, cy, di] * 2)
    earlier = builders.settings(due=DUE.isoformat())
    with pytest.raises(base.NotBetter):
        activities.change(activity=activity, by=by, at=DUE + DAY, settings=earlier)
