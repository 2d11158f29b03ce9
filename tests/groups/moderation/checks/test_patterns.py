from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qunce.groups.moderation.checks import base
from qunce.groups.moderation.checks.options import InvalidOption
from tests.groups.moderation.subjects import compiled, find, matched, subject


@given(st.text(st.sampled_from("ab微1 "), max_size=20))
def test_patterns_match_where_those_of_python_do(text: str) -> None:
    pattern = r"a+b?微|1\s1|b{2,3}$"
    match = re.search(pattern, text)
    found = find("patterns", text, patterns=[pattern])
    if match:
        (evidence,) = found[0].evidence
        assert (evidence.start, evidence.end) == match.span()
        assert evidence.matched == match[0]
    elif text.replace(" ", "") == text:
        assert found == []


def test_pattern_matches_without_regard_to_case_and_disguise() -> None:
    patterns = ["加.{0,2}VX"]
    assert matched(find("patterns", "请加我vx吧", patterns=patterns)) == ["加我vx"]
    assert matched(find("patterns", "请加 ＶＸ吧", patterns=patterns)) == ["加 ＶＸ"]
    assert find("patterns", "请加油", patterns=patterns) == []


def test_lone_surrogates_do_not_stop_a_pattern() -> None:
    assert matched(find("patterns", "\ud800abc", patterns=["b."])) == ["bc"]


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        (r"(a)\1", "an escape such as a back-reference is not available"),
        (r"a(?=b)", "look-ahead and look-behind are not available"),
        (r"a(?<!b)c", "look-ahead and look-behind are not available"),
        ("[a", "a “[” has no “]”"),
        ("(a", "a “(” has no “)”"),
        ("a)", "a “)” has no “(”"),
        ("a{2000}", "something is repeated more than 1,000 times"),
        ("((a{100}){100}){100}", "something is repeated more than 1,000 times"),
        ("*a", "nothing is there to repeat"),
        ("a**", "a repetition follows a repetition"),
        ("x|", "it matches every text, also an empty one"),
        ("a*", "it matches every text, also an empty one"),
        ("\ud800", "it has a character that is no text"),
        (r"[\p{L}\p{N}]{900}[\p{L}]{900}", "it is too large"),
    ],
)
def test_pattern_that_is_refused_says_why(pattern: str, why: str) -> None:
    with pytest.raises(InvalidOption) as error:
        base.get("patterns").parse_options({"patterns": ["ok", pattern]})
    assert str(error.value).startswith(f"Patterns: Line 2, “{pattern}”: {why}")


def test_patterns_have_limits() -> None:
    check = base.get("patterns")
    with pytest.raises(InvalidOption, match="100 lines at most"):
        check.parse_options({"patterns": [f"a{n}" for n in range(101)]})
    with pytest.raises(InvalidOption, match="longer than 500"):
        check.parse_options({"patterns": ["a" * 501]})


@pytest.mark.parametrize("pattern", ["(a+)+b", "(a|aa)+b", "(.*)*xb", "a{0,99}a{99}b"])
def test_catastrophic_pattern_takes_linear_time(pattern: str) -> None:
    # Python's own engine would not come to an end on any of these.
    check = compiled("patterns", patterns=[pattern])
    assert not check.judge(subject("a" * 1_000_000)).findings
    assert check.judge(subject("a" * 1000 + "b xb")).findings
