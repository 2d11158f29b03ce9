"""Hashtags in messages, against a slow reader that tries every piece."""

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qunce.activities.topics import hashtags

TAG = "晨读打卡"


@pytest.mark.parametrize(
    "text",
    [
        "#晨读打卡#",
        "#晨读打卡",
        "＃晨读打卡＃ 今天读完了",
        "今天#晨读打卡#三十页",
        "今天三十页 #晨读打卡",
        "#晨读打卡，三十页",
        "#晨读打卡\n三十页",
        "C# #晨读打卡",
        "## #晨读打卡",
        "#别的##晨读打卡#",
    ],
)
def test_spellings_of_a_hashtag(text: str) -> None:
    assert TAG in hashtags.find(text)


@pytest.mark.parametrize(
    "text",
    [
        "晨读打卡",
        "#晨读",
        "#晨读打卡机",
        "https://example.com/page#晨读打卡",
        "# 晨读打卡",
        "#",
        "",
    ],
)
def test_what_is_no_such_hashtag(text: str) -> None:
    assert TAG not in hashtags.find(text)
    assert TAG in hashtags.find(f"{text} #{TAG}")


def test_case_and_width_do_not_matter() -> None:
    assert hashtags.find("＃ＲｅａｄＩｎｇ１ ok") == ["reading1"]
    assert hashtags.normalise("#Reading1#") == "reading1"
    assert hashtags.find("#ﬁne") == ["fine"]


@pytest.mark.parametrize(
    "text", ["", "#", "a b", "a#b", "a.b", "__", "x" * 31, "\u202e"]
)
def test_what_cannot_be_a_hashtag(text: str) -> None:
    assert not hashtags.is_valid(text)
    assert hashtags.is_valid("#晨读打卡#")


def test_the_hashtag_is_removed_from_the_text() -> None:
    assert hashtags.remove("今天#晨读打卡# 三十页", TAG) == "今天 三十页"
    assert hashtags.remove("#晨读打卡 #别的 a", TAG) == "#别的 a"
    assert hashtags.remove("#晨读打卡#", TAG) == ""


def slow_find(text: str) -> list[str]:
    """Each hashtag, by trying every piece of the text for being one."""
    found, taken = [], 0
    for start in range(len(text)):
        if start < taken or text[start] not in hashtags.SIGNS:
            continue
        before = text[start - 1 : start]
        if before and before.isascii() and (before.isalnum() or before in "/&?=.-_"):
            continue
        pieces = [
            text[start + 1 : end]
            for end in range(start + 2, len(text) + 1)
            if not any(
                sign != "_" and unicodedata.category(sign)[0] in "PSZC"
                for sign in text[start + 1 : end]
            )
        ]
        if not pieces:
            continue
        key = hashtags.normalise(pieces[-1])
        taken = start + 1 + len(pieces[-1])
        if len(key) <= hashtags.MAX_HASHTAG:
            found.append(key)
            taken += text[taken : taken + 1] in tuple(hashtags.SIGNS)
    return found


@given(st.text(alphabet="#＃a晨读_ .，/１\u202eé\u0301"))
def test_reading_agrees_with_trying_every_piece(text: str) -> None:
    assert hashtags.find(text) == slow_find(text)


@pytest.mark.parametrize("text", ["#" * 2_000, "#a" * 1_000, "#" + "a" * 2_000])
def test_reading_takes_linear_time(text: str) -> None:
    def seconds(times: int) -> float:
        start = time.process_time()
        hashtags.find(text * times)
        return time.process_time() - start

    seconds(1)
    assert seconds(16) < 200 * max(seconds(1), 0.001)
