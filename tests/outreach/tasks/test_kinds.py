"""Kinds of staff tasks, their typed results, and the line on who has not sent."""

from __future__ import annotations

import pytest

from qunce.core import errors
from qunce.outreach.tasks import kinds, left_texts
from qunce.outreach.tasks.kinds import base


def test_every_kind_has_outcomes_or_a_result() -> None:
    found = {kind.key: kind for kind in kinds.list_requestable()}
    assert set(found) == {
        "comment",
        "douyin",
        "gift",
        "invitation",
        "like",
        "moments",
        "new_groups",
        "official_account",
        "picture_or_video",
        "red_packet",
        "weibo",
    }
    for kind in found.values():
        assert bool(kind.outcomes) == (kind.about == base.MEMBERS)
        assert kind.outcomes or kind.fields
    with pytest.raises(kinds.UnknownKind):
        kinds.get("poem")


def test_result_is_typed() -> None:
    weibo = kinds.get("weibo")
    given = {"url": " https://weibo.com/1 ", "likes": "12", "reposts": ""}
    assert weibo.parse_result(given, "CNY") == {
        "url": "https://weibo.com/1",
        "likes": 12,
    }
    packet = kinds.get("red_packet")
    assert packet.parse_result({"spent": "88.80"}, "CNY") == {"spent": 8880}


@pytest.mark.parametrize(
    ("kind", "given", "sentence"),
    [
        ("weibo", {"likes": "1"}, "Fill in “Address of the post”."),
        ("weibo", {"url": "weibo"}, "must be an address"),
        ("weibo", {"url": "https://a.cn", "likes": "many"}, "must be a whole number"),
        ("weibo", {"url": "https://a.cn", "stars": "1"}, "There is no field “stars”."),
        ("red_packet", {"spent": "-5"}, "cannot be negative"),
    ],
)
def test_wrong_result_says_what_is_wrong(
    kind: str, given: dict[str, str], sentence: str
) -> None:
    with pytest.raises(errors.Invalid, match=sentence):
        kinds.get(kind).parse_result(given, "CNY")


def test_who_has_not_sent_is_one_line() -> None:
    left = [("Li", 3), ("Wang", 4), ("Zhao", 0)]
    assert left_texts.describe(left, in_groups=True) == "7 groups left: 4 Wang, 3 Li"
    assert left_texts.describe([("Li", 1)]) == "1 left: 1 Li"
    assert left_texts.describe([("Li", 0)]) == left_texts.describe([]) == ""
    text = left_texts.reminder(left, title="Column", due="today 20:00", in_groups=True)
    assert text == (
        "“Column”, due today 20:00. 7 groups left: 4 Wang, 3 Li. Please finish it today."
    )
    assert left_texts.reminder([], title="Column", due="") == ""
