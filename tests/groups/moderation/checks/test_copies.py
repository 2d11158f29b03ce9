"""Copies across members, against a comparison of all pairs of texts."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from qunce.groups.moderation.checks import base, copies
from qunce.groups.moderation.checks.base import State
from qunce.groups.moderation.contents import normalisation
from tests.groups.moderation.subjects import compiled, subject

ADVERT = "高价回收各种旧手机，当天上门，价格绝对满意，加我详聊"
WORDS = [
    "高价回收",
    "旧手机",
    "当天上门",
    "绝对满意",
    "加我详聊",
    "今天天气",
    "大家好呀",
]
SENT = st.lists(
    st.tuples(
        st.integers(0, 30),
        st.sampled_from("abcd"),
        st.lists(st.sampled_from(WORDS), min_size=1, max_size=5).map("".join),
    ),
    max_size=25,
)


def jaccard(one: str, other: str) -> float:
    a, b = (
        {text[n : n + 4] for n in range(len(text) - 3)}
        for text in (normalisation.normalise(each).digits for each in (one, other))
    )
    return len(a & b) / len(a | b) if a | b else 0


@given(SENT, st.integers(1, 3), st.sampled_from([30, 50, 70, 100]), st.booleans())
def test_copies_are_those_that_a_comparison_of_all_pairs_finds(
    sent: list[tuple[int, str, str]], people: int, percent: int, is_stored: bool
) -> None:
    check = compiled("copies", people=people, percent=percent, seconds=10, shortest=4)
    state: State | None = None
    before: list[tuple[int, str, str]] = []
    for index, (second, account, text) in enumerate(sorted(sent)):
        before.append((second, account, text))
        event = subject(text, second=second, key=f"m{index}", account=account)
        judgement = check.judge(event, state)
        state = judgement.state
        if is_stored:
            state = json.loads(json.dumps(state))
        near = {
            other
            for at, other, written in before
            if second - at < 10 and 100 * jaccard(text, written) >= percent
        }
        assert bool(judgement.findings) == (len(near) > people)


def post(check: base.CompiledCheck, texts: list[str], **fields: Any) -> list[bool]:
    state: State | None = None
    fired = []
    for n, text in enumerate(texts):
        event = subject(text, second=n, **{"account": f"p{n}", **fields})
        judgement = check.judge(event, state)
        state = judgement.state if judgement.state is not None else state
        fired.append(bool(judgement.findings))
    return fired


def test_advert_of_many_accounts_is_found_though_each_changes_it() -> None:
    texts = [
        ADVERT,
        f"{ADVERT}1",
        f"哈{ADVERT}",
        ADVERT.replace("，", "！ "),
        "今天好冷啊你们那里呢",
    ]
    assert post(compiled("copies"), texts) == [False, False, True, True, False]


def test_texts_of_one_person_short_texts_and_history_are_no_copies() -> None:
    check = compiled("copies", people=1)
    assert not any(post(check, [ADVERT] * 5, account="a"))
    assert not any(post(check, ["收到收到"] * 5))
    assert not any(post(check, [ADVERT] * 5, is_history=True))
    assert post(check, [ADVERT] * 3) == [False, True, True]


def test_copy_names_the_other_messages() -> None:
    check = compiled("copies", people=1)
    first = check.judge(subject(ADVERT, second=0, account="a"))
    second = check.judge(subject(ADVERT, second=1, account="b"), first.state)
    (evidence,) = second.findings[0].evidence
    assert evidence.messages == ["m0", "m1"]
    assert base.list_sentences(second.findings[0]) == [
        "2 people wrote nearly the same within 600 seconds, 1 allowed."
    ]


def test_state_of_before_is_not_changed() -> None:
    check = compiled("copies", people=1)
    first = check.judge(subject(ADVERT, second=0, account="a")).state
    stored = json.dumps(first)
    later = check.judge(subject(ADVERT, second=1, account="b"), first)
    assert json.dumps(first) == stored
    # The transaction was rolled back, and another message comes first.
    again = check.judge(subject(f"{ADVERT}!", second=2, account="c"), first)
    assert later.findings[0].evidence[0].words["count"] == 2
    assert again.findings[0].evidence[0].words["count"] == 2


def test_message_that_comes_again_counts_once() -> None:
    check = compiled("copies", people=1)
    event = subject(ADVERT, second=0, account="a")
    first = check.judge(event).state
    assert check.judge(event, first).state == first


def test_person_is_cleared_from_the_state() -> None:
    check = compiled("copies", people=1)
    first = check.judge(subject(ADVERT, second=0, account="a")).state
    assert first is not None
    cleared = check.clear(first, "a")
    assert not check.judge(subject(ADVERT, second=1, account="b"), cleared).findings
    everybody = check.clear(first, "")
    assert not check.judge(subject(ADVERT, second=1, account="b"), everybody).findings


def test_state_of_a_group_stays_small() -> None:
    check = compiled("copies", seconds=3600)
    state: State | None = None
    for n in range(1000):
        text = f"message {n * 7919} of somebody {n * 104729}"
        state = check.judge(subject(text, second=n, account=str(n)), state).state
    assert state is not None and len(state["entries"]) == copies.MAX_TEXTS
    assert len(json.dumps(state)) < 300_000


def test_long_texts_are_compared_by_a_part_of_their_hashes() -> None:
    text = "".join(f"第{n}条规则是这样的" for n in range(300))
    assert post(compiled("copies", people=1), [text, f"{text}!", text[::-1]]) == [
        False,
        True,
        False,
    ]
