"""Automatic replies: which messages fit a rule, and which rules contradict."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qunce.outreach.replies import rule_matching
from qunce.outreach.replies.models import Match
from qunce.outreach.replies.rule_matching import Spec

SPECS = st.builds(
    Spec,
    match=st.sampled_from(Match.values),
    words=st.frozensets(st.sampled_from(["1", "12", "ab", "b", "退"]), min_size=1),
    in_direct=st.booleans(),
    in_groups=st.booleans(),
    groups=st.frozensets(st.integers(1, 2)),
    hour_from=st.sampled_from([0, 60, 1380]),
    hour_until=st.sampled_from([30, 120]),
)


def fits(spec: Spec, text: str, group: int | None, minute: int) -> bool:
    return (
        rule_matching.is_in_scope(spec, group)
        and rule_matching.is_in_hours(spec, minute)
        and bool(rule_matching.find_word(spec, text))
    )


@pytest.mark.parametrize(
    ("match", "words", "text", "word"),
    [
        (Match.EXACT, {"营业时间"}, "营业时间？", "营业时间"),
        (Match.EXACT, {"营业时间"}, "你们营业时间", ""),
        (Match.CONTAINS, {"营业时间"}, "你们的营业时间是?", "营业时间"),
        (Match.CONTAINS, {"hours"}, "Opening HOURS please", "hours"),
        (Match.MENU, {"1"}, "１。", "1"),
        (Match.MENU, {"1"}, "01", "1"),
        (Match.MENU, {"1"}, "11", ""),
        (Match.MENU, {"1"}, "1 cup", ""),
    ],
)
def test_a_message_fits_by_its_words(
    match: str, words: set[str], text: str, word: str
) -> None:
    spec = Spec(match=match, words=frozenset(words))
    assert rule_matching.find_word(spec, text) == word


@given(SPECS, SPECS)
def test_a_conflict_is_a_word_that_both_answer_at_one_place_and_time(
    one: Spec, other: Spec
) -> None:
    word = rule_matching.find_conflict(one, other)
    places = [None, 1, 2, 3]
    minutes = (0, 29, 60, 90, 119, 1380, 1439)
    both = {
        text
        for text in one.words | other.words
        for group, minute in itertools.product(places, minutes)
        if fits(one, text, group, minute) and fits(other, text, group, minute)
    }
    assert (word in both) if both else word == ""
