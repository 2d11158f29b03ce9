from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qunce.groups.moderation.checks import base, keywords
from qunce.groups.moderation.checks.keywords import KeywordCheck
from qunce.groups.moderation.checks.options import InvalidOption
from qunce.groups.moderation.checks.subjects import Kind
from qunce.groups.moderation.contents import normalisation
from tests.groups.moderation.subjects import compiled, find, matched, subject

LETTERS = st.text(st.sampled_from("ab 微信一1é"), max_size=12)
WORDS = st.lists(
    LETTERS.filter(lambda word: bool(keywords.list_forms(word))), max_size=8
)


def contains(text: str, word: str) -> bool:
    """What the check should answer, by the operator `in`."""
    normalised = normalisation.normalise(text)
    return any(
        form in level
        for form in keywords.list_forms(word)
        for level in (normalised.folded, normalised.digits)
    )


@given(LETTERS, WORDS)
def test_keywords_are_those_that_a_loop_finds(text: str, words: list[str]) -> None:
    machine = keywords.Machine(words, whole_words=False)
    found = {match.keyword for match in machine.find(normalisation.normalise(text))}
    expected = [word for word in words if contains(text, word)]
    # Two words may have one form; either is an answer.
    forms = {form for word in found for form in keywords.list_forms(word)}
    assert bool(found) == bool(expected)
    assert all(keywords.list_forms(word) & forms for word in expected)
    assert found <= set(words)


@given(LETTERS, WORDS, WORDS)
def test_allowed_phrases_are_those_that_a_slow_scan_ignores(
    text: str, words: list[str], allowed: list[str]
) -> None:
    normalised = normalisation.normalise(text)

    def list_spans(lines: list[str], level: str) -> set[tuple[int, int]]:
        return {
            (start, start + len(form))
            for word in lines
            for form in keywords.list_forms(word)
            for start in range(len(level))
            if level.startswith(form, start)
        }

    expected = any(
        not any(a <= start and end <= b for a, b in list_spans(allowed, level))
        for level in {normalised.folded, normalised.digits}
        for start, end in list_spans(words, level)
    )
    found = (
        find("keywords", text, keywords=words, allowed=allowed, whole_words=False)
        if text
        else []
    )
    assert bool(found) == (expected and bool(text))


def test_disguised_keyword_is_found_with_its_place() -> None:
    (finding,) = find(
        "keywords", "大家好，ｗｉｎ 高 价·回\u200b收 了", keywords=["高价回收"]
    )
    (evidence,) = finding.evidence
    assert evidence.matched == "高 价·回\u200b收"
    assert (evidence.start, evidence.end) == (8, 15)
    assert finding.may_act and finding.score == 1
    assert base.list_sentences(finding) == [
        "The keyword “高价回收” occurs in the message."
    ]


def test_empty_list_finds_nothing() -> None:
    assert find("keywords", "anything", keywords=[]) == []
    assert find("keywords", "anything", keywords=["  "]) == []
    assert find("keywords", "anything", keywords=["any"], whole_words=False)


def test_latin_keyword_is_a_whole_word_unless_asked_otherwise() -> None:
    assert find("keywords", "classic", keywords=["ass"]) == []
    assert find("keywords", "你ass吗", keywords=["ass"])
    assert find("keywords", "classic", keywords=["ass"], whole_words=False)


def test_keyword_inside_an_allowed_phrase_is_ignored() -> None:
    options = {"keywords": ["特价"], "allowed": ["特价熊"]}
    assert find("keywords", "特价熊的新品", **options) == []
    assert matched(find("keywords", "特价熊全场特 价", **options)) == ["特 价"]


def test_names_are_checked_in_messages_joins_and_renamings() -> None:
    check = compiled("keywords", keywords=["博彩"])
    for kind in (Kind.MESSAGE, Kind.JOIN, Kind.RENAMING):
        named = subject(kind=kind, author_name="博·彩客服")
        (finding,) = check.judge(named).findings
        assert finding.evidence[0].place == "name"
        assert base.list_sentences(finding) == [
            "The keyword “博彩” occurs in the name."
        ]
    only_text = compiled("keywords", keywords=["博彩"], places="text")
    assert not only_text.judge(subject("hi", author_name="博彩")).findings


def test_words_that_hit_our_own_texts_are_listed_before_saving() -> None:
    check = KeywordCheck()
    options = check.parse_options({"keywords": ["特价", "团购"]})
    hits = check.list_hits(options, ["特价熊", "周三见", "社区团·购"])
    assert [(hit.keyword, hit.text, hit.matched) for hit in hits] == [
        ("特价", 0, "特价"),
        ("团购", 2, "团·购"),
    ]


def test_list_of_67_000_lines_is_read() -> None:
    lines = [
        chr(0x4E00 + n % 20_000) + chr(0x4E00 + n // 7) + str(n) for n in range(67_000)
    ]
    check = compiled("keywords", keywords=lines)
    (finding,) = check.judge(subject(f"ok {lines[66_999]} {lines[3]}")).findings
    found = {evidence.words["keyword"] for evidence in finding.evidence}
    assert found == {lines[66_999], lines[3]}
    assert not check.judge(subject("今天天气不错")).findings


def test_keywords_in_one_another_do_not_multiply() -> None:
    words = ["a" * length for length in range(1, 101)]
    check = compiled("keywords", keywords=words, whole_words=False)
    (finding,) = check.judge(subject("a" * 1_000_000)).findings
    assert len(finding.evidence) == 20


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        (["ok", "\u200b"], "Keywords: Line 2 has no visible character."),
        (["x" * 101], "Keywords: Line 1 is longer than 100 characters."),
        ("a, b", "Keywords: Write one entry a line."),
        (
            [str(n) for n in range(100_001)],
            "Keywords: Write 100000 lines at most, not 100001.",
        ),
    ],
)
def test_lines_that_cannot_be_keywords_are_refused(
    lines: object, sentence: str
) -> None:
    with pytest.raises(InvalidOption) as error:
        base.get("keywords").parse_options({"keywords": lines})
    assert str(error.value) == sentence
