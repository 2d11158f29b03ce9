"""Which options a text chooses: letters, numbers and the options' own texts."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qunce.activities.kinds import poll
from qunce.activities.polls import options
from qunce.activities.polls.options import Option

TEAS = [Option(1, "Oolong", ""), Option(2, "Green tea", ""), Option(3, "普洱 2008", "")]


@pytest.mark.parametrize(
    ("said", "chosen"),
    [
        ("A", [1]),
        ("b.", [2]),
        ("2", [2]),
        ("Ｃ", [3]),
        ("３", [3]),
        ("oolong", [1]),
        (" GREEN  TEA！", [2]),
        ("普洱 2008", [3]),
        ("A Oolong", [1]),
        ("b green tea", [2]),
        ("A, C", [1, 3]),
        ("C、A、A", [1, 3]),
        ("1 3", [1, 3]),
        ("a+普洱 2008", [1, 3]),
        ("Green tea, oolong", [1, 2]),
    ],
)
def test_letters_numbers_and_texts_choose(said: str, chosen: list[int]) -> None:
    assert options.read(said, TEAS) == (chosen, "")


@pytest.mark.parametrize(
    "said",
    ["D", "0", "4", "27", "tea", "A Green tea", "A, x", "A B x", "<b>A</b>", "Ⅳ", "-1"],
)
def test_what_names_no_option_is_refused_with_the_options(said: str) -> None:
    chosen, problem = options.judge(said, TEAS, 3)
    assert chosen == []
    assert "A Oolong, B Green tea, C 普洱 2008" in problem


def test_more_than_the_most_is_refused() -> None:
    assert options.judge("A, B", TEAS, 2) == ([1, 2], "")
    chosen, problem = options.judge("A, B, C", TEAS, 2)
    assert chosen == []
    assert problem == "Choose at most 2 options; these are 3."


@pytest.mark.parametrize(
    ("texts", "is_ambiguous"),
    [
        (("1", "2", "3"), False),
        (("2", "1"), True),
        (("B", "C"), True),
        (("Yes", "yes!"), True),
        (("5", "6"), False),
    ],
)
def test_texts_that_mean_another_option_are_found(
    texts: tuple[str, ...], is_ambiguous: bool
) -> None:
    own = [Option(n, text, "") for n, text in enumerate(texts, start=1)]
    assert (options.find_ambiguous(own) is not None) == is_ambiguous


words = st.text(string.ascii_letters + "茶水果 ", min_size=2, max_size=12).map(
    str.strip
)


@given(
    texts=st.lists(words.filter(lambda text: len(text) > 1), min_size=2, max_size=26),
    picked=st.lists(st.tuples(st.integers(0, 25), st.integers(0, 2)), min_size=1),
    comma=st.sampled_from([",", "，", "、", " / ", "\n"]),
)
def test_every_way_of_naming_an_option_chooses_it(
    texts: list[str], picked: list[tuple[int, int]], comma: str
) -> None:
    own = [Option(n, text, "") for n, text in enumerate(texts, start=1)]
    if options.find_ambiguous(own) is not None:
        return
    chosen = [(own[place % len(own)], way) for place, way in picked]
    names = [(each.letter, str(each.number), each.text)[way] for each, way in chosen]
    numbers = sorted({each.number for each, _way in chosen})
    assert options.read(comma.join(names), own) == (numbers, "")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("投票 A", "A"),
        ("投票A", "A"),
        ("投票a、b", "a、b"),
        ("投票2", "2"),
        ("投票：乌龙茶", "乌龙茶"),
        ("vote A", "A"),
        ("Vote: oolong", "oolong"),
        ("投票", ""),
        ("投票怎么投？", None),
        ("投票箱在哪", None),
        ("A", None),
    ],
)
def test_a_line_says_what_follows_the_keyword(line: str, said: str | None) -> None:
    assert poll.parse_line(line) == said
