"""E15: keywords and menus are answered automatically, within limits, and in no loop."""

from __future__ import annotations

from typing import Any

import pytest

from qunce.core import errors, permissions
from qunce.core.staff.models import Staff
from qunce.outreach.replies import automatic_replies, reply_rules
from qunce.outreach.replies.models import AutomaticReply, ReplyRule
from qunce.outreach.sending import channel_sending
from tests import factories
from tests.factories import AT
from tests.outreach.replies.chats import HOUR, MINUTE, Chats

pytestmark = pytest.mark.django_db


def rule(
    by: Staff, words: list[str], *, is_on: bool = True, **fields: Any
) -> ReplyRule:
    given = {
        "name": "Rule",
        "match": "contains",
        "text": "See the menu",
        "words": words,
        **fields,
    }
    made = reply_rules.create(community=by.community, by=by, at=AT, **given)
    if is_on:
        reply_rules.switch(rule=made, is_on=True, by=by, at=AT)
    return made


def sent(chats: Chats, at: Any = AT) -> list[str]:
    channel_sending.send_due(at=at)
    return [message.text for message in chats.channel.delivered]


def reasons() -> list[str]:
    rows = AutomaticReply.objects.order_by("pk")
    return list(rows.values_list("reason", flat=True))


def test_the_first_rule_that_fits_answers_each_message_once(
    chats: Chats, by: Staff
) -> None:
    rule(by, ["hours"], text="9 to 18")
    rule(by, ["1"], match="menu", text="Shops")
    off = rule(by, ["refund"], is_on=False)
    for text in ("your HOURS please", "1", "refund", "nothing"):
        chats.write("bob", text)
    assert sent(chats) == ["9 to 18", "Shops"]
    assert automatic_replies.count_of(off, since=AT) == {}
    assert len(chats.conversations(state="waiting")) == 1


def test_pauses_and_limits_hold(chats: Chats, by: Staff) -> None:
    chats.members("bob", "cat")
    group = factories.group(chats.community, "north", "bob", platform="fake")
    rule(by, ["hours"], in_direct=False, groups=[group.pk], per_hour=2, group_pause=1)
    write = chats.write
    write("bob", "hours", group="north")
    write("bob", "hours")
    write("bob", "hours", group="north", at=AT + 5 * MINUTE)
    write("cat", "hours", group="north", at=AT + MINUTE / 2)
    write("cat", "hours", group="north", at=AT + 2 * MINUTE)
    write("dan", "hours", group="north", at=AT + 10 * MINUTE)
    write("dan", "hours", group="north", at=AT + HOUR + 11 * MINUTE)
    assert reasons() == [
        "",
        "member_pause",
        "group_pause",
        "",
        "per_hour",
        "",
    ]


def test_two_programs_do_not_answer_each_other_for_ever(
    chats: Chats, by: Staff
) -> None:
    made = rule(by, ["hello"], text="hello, I am the shop", member_pause=0)
    chats.write("bob", "Hello, I am the SHOP!")
    chats.write("bob", "hello", is_automatic=True)
    assert AutomaticReply.objects.count() == 0
    for minute in range(20):
        chats.write("bob", f"hello {minute}", at=AT + minute * MINUTE)
    assert reasons().count("") == automatic_replies.MAX_PER_MEMBER_HOUR
    assert automatic_replies.count_of(made, since=AT)["loop"] == 14


def test_a_message_that_an_outage_delayed_is_not_answered_late(
    chats: Chats, by: Staff
) -> None:
    rule(by, ["hours"])
    chats.write("bob", "hours", at=AT, handled_at=AT + HOUR)
    assert sent(chats, AT + HOUR) == []
    assert reasons() == ["too_late"]
    # Staff see it all the same.
    assert len(chats.conversations(state="waiting")) == 1


def test_a_damaged_rule_keeps_no_message_from_staff(chats: Chats, by: Staff) -> None:
    damaged = rule(by, ["hours"])
    rule(by, ["opening"], text="9 to 18", name="Whole")
    ReplyRule.objects.filter(pk=damaged.pk).update(words=7)
    chats.write("bob", "opening hours")
    assert sent(chats) == ["9 to 18"]
    assert len(chats.conversations(state="waiting")) == 1


def test_a_contradiction_is_said_before_it_is_saved(by: Staff) -> None:
    first = rule(by, ["退货"])
    with pytest.raises(reply_rules.ReplyRuleConflict, match="退货"):
        rule(by, ["怎么退货"], match="exact")
    second = reply_rules.create(
        community=by.community,
        by=by,
        at=AT,
        accept_conflicts=True,
        name="How",
        match="exact",
        words=["怎么退货"],
        text="So",
    )
    (trial,) = reply_rules.try_texts(texts=["怎么退货"], by=by)
    assert trial.rule == first
    reply_rules.move(rule=second, position=0, by=by, at=AT)
    (trial,) = reply_rules.try_texts(texts=["怎么退货"], by=by)
    assert trial.rule == second


@pytest.mark.parametrize(
    "fields",
    [
        {"words": []},
        {"words": ["a"]},
        {"match": "menu", "words": ["x"]},
        {"match": "maybe"},
        {"text": ""},
        {"text": "{unknown"},
        {"in_direct": False, "in_groups": False},
        {"per_hour": 0},
        {"member_pause": -1},
        {"hour_from": 60},
        {"hour_from": 60, "hour_until": 60},
        {"groups": [999]},
        {"name": "x" * 81},
    ],
)
def test_what_is_wrong_is_refused(by: Staff, fields: dict[str, Any]) -> None:
    with pytest.raises(errors.QunceError):
        rule(by, **{"words": ["hours"], **fields})
    assert not ReplyRule.objects.exists()


def test_operators_do_not_change_rules(by: Staff) -> None:
    made = rule(by, ["hours"])
    op = factories.staff(by.community, "operator", "op")
    with pytest.raises(permissions.NotAllowed):
        reply_rules.archive(rule=made, by=op, at=AT)
    reply_rules.archive(rule=made, by=by, at=AT)
    assert reply_rules.list_all(by=op) == []
