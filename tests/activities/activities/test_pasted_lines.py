"""Pasted lines of a chat: matched by nickname and remark, asked where unsure, once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from qunce import reactions
from qunce.activities import pasted_lines
from qunce.activities.activities.models import Activity, Entry, PastedLine
from qunce.activities.check_ins.models import CheckIn
from qunce.activities.kinds import base
from qunce.activities.pasted_lines import InvalidPaste, LineNotFound, Result
from qunce.core.staff.models import Staff
from qunce.groups.groups import Group
from qunce.members.accounts.models import Account
from qunce.members.people import people, remark_names
from tests import factories
from tests.activities.running import DAY, running
from tests.factories import AT

pytestmark = pytest.mark.django_db
TAKEN, UNSURE = PastedLine.State.TAKEN, PastedLine.State.UNSURE


@pytest.fixture
def north(by: Staff) -> Group:
    names = {"bob": "张三", "cy": "李四", "dan": "王小明", "dana": "王小明"}
    keys = [
        factories.member(by.community, key, name=name).pk for key, name in names.items()
    ]
    group: Group = factories.group(by.community, "north", *keys)
    return group


def paste(
    activity: Activity, group: Group, text: str, by: Staff, at: datetime = AT
) -> Result:
    return pasted_lines.paste(activity=activity, group=group, text=text, by=by, at=at)


PASTES: list[tuple[str, list[tuple[str, str, str]]]] = [
    ("张三：打卡", [("张三", "", "")]),
    ("张三: 打卡第3天\n李四：今天天气好\n", [("张三", "第3天", "")]),
    ("张三:\n打卡 20页\n\n李四:\n打卡", [("张三", "20页", ""), ("李四", "", "")]),
    (
        "张三 2026-03-05 07:30\n打卡\n李四 2026年3月5日 7:31:12\n打卡怎么打？",
        [("张三", "", "2026-03-04 23:30")],
    ),
    ("张三 07:30\n打卡", [("张三", "", "2026-03-04 23:30")]),
    ("张三 23:30\n打卡", [("张三", "", "2026-03-04 15:30")]),
    (
        "#接龙 打卡\n1. 张三\n2、李四 20页\n",
        [("张三", "", ""), ("李四", "20页", "")],
    ),
    ("张三：补签 3月4日", [("张三", "make-up 03-04", "")]),
    ("张三 2026-13-45 07:30\n打卡", [("张三", "", "")]),
    ("打卡机坏了\n大家好", []),
]


@pytest.mark.parametrize(("text", "expected"), PASTES)
def test_what_chats_copy_is_understood(
    text: str, expected: list[tuple[str, str, str]], by: Staff
) -> None:
    found, _others = pasted_lines.parse(
        text, kind=base.get("check_in"), community=by.community, at=AT
    )
    assert [
        (
            line.name,
            line.said,
            f"{line.said_at.astimezone(UTC):%Y-%m-%d %H:%M}" if line.said_at else "",
        )
        for line in found
    ] == expected


@pytest.mark.parametrize("text", ["", " \n", "x" * 200_001, "a\0b", "a\n" * 10_001])
def test_what_is_no_chat_is_refused(text: str, by: Staff, north: Group) -> None:
    with pytest.raises(InvalidPaste):
        paste(running(by), north, text, by)


def test_the_same_paste_adds_nothing(by: Staff, north: Group) -> None:
    activity = running(by)
    text = "张三：打卡\n李四：打卡"
    assert paste(activity, north, text, by).counts == {TAKEN: 2}
    again = paste(activity, north, text, by)
    assert (again.rows, again.known) == ((), 2)
    # Nor on another day, as a chat is copied from its beginning.
    assert paste(activity, north, text, by, AT + DAY).rows == ()
    longer = paste(activity, north, f"{text}\n王小明：打卡", by)
    assert (longer.counts, longer.known) == ({UNSURE: 1}, 2)
    assert CheckIn.objects.count() == 2
    assert {entry.source for entry in Entry.objects.all()} == {"paste"}


def test_a_new_day_is_a_new_line(by: Staff, north: Group) -> None:
    activity = running(by)
    paste(activity, north, "张三：打卡", by)
    paste(activity, north, "李四：打卡\n张三：打卡", by, AT + DAY)
    assert CheckIn.objects.count() == 3


def test_times_decide_the_day(by: Staff, north: Group) -> None:
    activity = running(by, starts_at=AT - 9 * DAY)
    text = "张三 2026-03-04 07:30\n打卡\n张三 2026-02-20 07:30\n打卡"
    result = paste(activity, north, text, by)
    assert [row.state for row in result.rows] == [TAKEN, PastedLine.State.REFUSED]
    assert [row.day.isoformat() for row in CheckIn.objects.all()] == ["2026-03-04"]


def test_who_is_not_sure_is_asked_once(by: Staff, north: Group) -> None:
    activity = running(by)
    text = "王小明：打卡\n路人：打卡"
    paste(activity, north, text, by)
    (wang, likely), (nobody, none) = pasted_lines.list_unsure(
        activity=activity, by=by, at=AT
    )
    assert [row.key for row in likely] == ["dan", "dana"]
    assert none == []
    pasted_lines.answer(line=wang, account=likely[1].pk, by=by, at=AT)
    pasted_lines.answer(line=nobody, account=None, by=by, at=AT)
    assert (wang.state, wang.said) == (TAKEN, "")
    assert nobody.state == PastedLine.State.SKIPPED
    assert [row.account_id for row in CheckIn.objects.all()] == [likely[1].pk]
    with pytest.raises(LineNotFound):
        pasted_lines.answer(line=wang, account=likely[0].pk, by=by, at=AT)
    # What was answered holds for this name in this group.
    result = paste(activity, north, "王小明：打卡 2", by, AT + DAY)
    assert result.counts == {TAKEN: 1}


def test_remarks_match(by: Staff, north: Group) -> None:
    remark_names.set_pattern(community=by.community, text="老客户-{name}", by=by, at=AT)
    result = paste(running(by), north, "老客户-张三：打卡", by)
    assert result.counts == {TAKEN: 1}


def test_a_refused_line_says_why_and_keeps_no_text(by: Staff, north: Group) -> None:
    activity = running(by, may_join={"listed": {"on": "white"}})
    (row,) = paste(activity, north, "张三：打卡", by).rows
    assert (row.state, row.answer) == (
        PastedLine.State.REFUSED,
        "This is for readers.",
    )
    assert row.said == ""


def test_an_erased_member_leaves_no_name(by: Staff, north: Group) -> None:
    activity = running(by)
    paste(activity, north, "张三：打卡 记录张三", by)
    account = Account.objects.get(key="bob")
    people.erase(account=account, by=by, at=AT)
    reactions.CONSUMER.catch_up(at=AT + timedelta(minutes=1))
    kept = [str(list(model.objects.values())) for model in (PastedLine, CheckIn)]
    assert "'account_id'" in kept[0]
    assert "张三" not in str(kept)


def test_a_line_that_is_too_long_is_refused_with_a_sentence(
    by: Staff, north: Group
) -> None:
    activity = running(by, settings={"proof": "text"})
    fitting, long = "页" * 500, "页" * 501
    result = paste(activity, north, f"张三：打卡 {fitting}\n李四：打卡 {long}", by)
    assert result.counts == {TAKEN: 1, PastedLine.State.REFUSED: 1}
    assert CheckIn.objects.get().said == fitting
    (refused,) = (row for row in result.rows if row.state == PastedLine.State.REFUSED)
    assert "501" in refused.answer


def test_staff_with_a_scope_read_no_words_of_whom_they_do_not_see(
    by: Staff, north: Group
) -> None:
    activity = running(by)
    text = "Robert: check in\nSomebody: check in, I am ill"
    pasted_lines.paste(activity=activity, group=north, text=text, by=by, at=AT)
    factories.apply_tag(
        by.community, "mine", *factories.account_ids(by.community, ("bob",))
    )
    scoped = factories.staff(
        by.community, "manager", "sue", scope={"tag": {"any": ["mine"]}}
    )

    def list_names(who: Staff) -> list[str]:
        rows = pasted_lines.list_unsure(activity=activity, by=who, at=AT)
        return [row.name for row, _candidates in rows]

    assert "Somebody" in list_names(by)
    assert "Somebody" not in list_names(scoped)
    hidden = PastedLine.objects.get(name="Somebody")
    with pytest.raises(pasted_lines.LineNotFound):
        pasted_lines.get(activity=activity, pk=hidden.pk, by=scoped, at=AT)
    with pytest.raises(pasted_lines.LineNotFound):
        pasted_lines.answer(line=hidden, account=None, by=scoped, at=AT)
    hidden.refresh_from_db()
    assert hidden.state == PastedLine.State.UNSURE
    text = "Anybody: check in"
    pasted_lines.paste(activity=activity, group=north, text=text, by=scoped, at=AT)
    assert "Anybody" in list_names(scoped)
