"""The extraction of digests, on chats as they are written in real groups."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from qunce.groups.complaints import negative_words
from qunce.groups.digests import group_digests, promises, questions, rising_words
from qunce.groups.digests.lines import Line

START = datetime(2026, 3, 5, 9, tzinfo=UTC)
STAFF = 1


def chat(*rows: tuple[int, int, str]) -> list[Line]:
    """(minute, account, text) per message; the account 1 is staff."""
    return [
        Line(
            id=number,
            account=account,
            is_staff=account == STAFF,
            at=START + timedelta(minutes=minute),
            text=text,
        )
        for number, (minute, account, text) in enumerate(rows)
    ]


def end_of_day(moment: datetime) -> datetime:
    midnight = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + timedelta(days=1)


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("周末几点开门", True),
        ("这款有没有无糖的呀", True),
        ("优惠券怎么用？", True),
        ("可以开发票吗", True),
        ("好喝吗～", True),
        ("Do you ship to Canada", True),
        ("any one knows the wifi password", True),
        ("what time do you open?", True),
        ("怎么可能这么便宜", False),
        ("今天真好喝", False),
        ("https://shop.example/a?b=1", False),
        ("???", False),
        ("收到", False),
        ("is it", False),
        ("I love it", False),
    ],
)
def test_questions_are_told_from_statements(text: str, asks: bool) -> None:
    assert questions.is_question(text) == asks


def test_unanswered_questions_of_a_busy_day() -> None:
    day = chat(
        (0, 2, "早上好呀"),
        (5, 3, "燕麦拿铁还有吗？"),
        (9, STAFF, "有的哦，今天到了新豆子"),
        (40, 4, "优惠券怎么用"),
        (42, 4, "有人知道吗？"),
        (60, 5, "周六有没有拉花课"),
        (65, 6, "拉花课周六下午有，我报了"),
        (90, 7, "do you sell gift cards?"),
        (130, STAFF, "晚上八点抽奖，大家记得来"),
        (200, STAFF, "Gift cards are at the counter"),
    )
    found = questions.find_unanswered(day)
    assert [each.line.text for each in found] == ["优惠券怎么用"]
    assert [each.text for each in found[0].repeats] == ["有人知道吗？"]


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("我明天给您答复", True),
        ("稍等，我去问一下店长", True),
        ("好的，我查一下订单", True),
        ("尽快给您补发", True),
        ("I'll check and get back to you", True),
        ("Let me ask the kitchen", True),
        ("请您稍后联系客服", False),
        ("已经给您补发了", False),
        ("I checked, it is on its way", False),
        ("大家早上好", False),
    ],
)
def test_promises_are_told_from_other_messages(text: str, is_one: bool) -> None:
    assert promises.is_promise(text) == is_one


def test_promises_are_kept_open_or_broken() -> None:
    day = chat(
        (0, 2, "我的订单怎么还没发货？"),
        (3, STAFF, "我查一下，马上回复您"),
        (30, STAFF, "查到了，下午发出"),
        (60, 3, "拉花课还有名额吗"),
        (61, STAFF, "我问一下老师，一会告诉你"),
        (300, 4, "does the mug come in blue?"),
        (301, STAFF, "I'll ask and let you know tomorrow"),
    )
    later = chat((1500, STAFF, "The mug comes in blue and green"))
    found = promises.find(
        day, later=later, end_of_day=end_of_day, now=START + timedelta(days=3)
    )
    assert [each.state for each in found] == ["kept", "broken", "kept"]
    assert [each.kept_by and each.kept_by.text for each in found] == [
        "查到了，下午发出",
        None,
        "The mug comes in blue and green",
    ]
    assert found[1].question is not None
    assert found[1].question.text == "拉花课还有名额吗"
    now = START + timedelta(minutes=90)
    early = promises.find(day[:5], later=[], end_of_day=end_of_day, now=now)
    assert [each.state for each in early] == ["kept", "open"]


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("30分钟后回复您", 30),
        ("2小时内处理", 120),
        ("马上确认", 120),
        ("I'll check within 1 hour", 60),
        ("今晚发给大家", 15 * 60),
        ("明天答复", 39 * 60),
        ("我去核实", 39 * 60),
        ("I'll send it next week", (7 * 24 + 15) * 60),
    ],
)
def test_promises_are_due_when_they_say(text: str, minutes: int) -> None:
    due = promises.find_due(text, START, end_of_day)
    assert due - START == timedelta(minutes=minutes)


def test_words_rise_if_many_people_say_them_who_did_not_before() -> None:
    day = chat(
        *((minute, 10 + minute, "樱花拿铁什么时候上") for minute in range(5)),
        (6, 15, "樱花拿铁好看"),
        *((minute, 15, "咖啡") for minute in range(20, 26)),
        (30, STAFF, "樱花拿铁下周上"),
    )
    before = chat(*((minute, 10 + minute, "咖啡豆") for minute in range(5)))
    found = rising_words.find(day, before=before, days_before=7)
    assert any("樱花" in each.word for each in found)
    assert not any("咖啡" in each.word for each in found)
    assert max(each.people for each in found) == 6
    assert rising_words.find(day, before=day, days_before=1) == []


def test_complaints_are_listed_once_per_member_and_topic() -> None:
    day = chat(
        (0, 2, "杯子碎了"),
        (1, 2, "真的碎了！"),
        (2, 3, "杯盖也坏了，我要退款"),
        (3, STAFF, "碎了的都可以退款"),
    )
    found = group_digests.find_complaints(day, negative_words.default_topics())
    assert [(each.line.account, each.topic) for each in found] == [
        (2, "quality"),
        (3, "quality"),
        (3, "refund"),
    ]
    assert found[0].evidence == "杯子碎了"
