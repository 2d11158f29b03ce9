"""Names are found by pinyin, in full or by initials, from any syllable on."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypinyin import Style, lazy_pinyin

from qunce.members.search import pinyin
from qunce.members.search.pinyin import SEPARATOR

MATCHES = [
    ("王芳", "wangfang"),
    ("王芳", "wang fang"),
    ("王芳", "wf"),
    ("王芳", "fang"),
    ("单晓明", "shanxiaoming"),
    ("单晓明", "dxm"),
    ("曾志伟", "zeng"),
    ("吕布", "lvbu"),
    ("吕布", "lüb"),
    ("重阳", "chongyang"),
    ("尉迟恭", "yuchi"),
    ("万俟卨", "moqi"),
    ("小A", "xiaoa"),
    ("长孙无忌", "zhangsun"),
]


def is_found(name: str, query: str) -> bool:
    typed = pinyin.parse_query(pinyin.normalise(query))
    return bool(typed) and SEPARATOR + typed in pinyin.spellings(pinyin.normalise(name))


@pytest.mark.parametrize(("name", "query"), MATCHES)
def test_name_is_found_by_its_pinyin(name: str, query: str) -> None:
    assert is_found(name, query)


@pytest.mark.parametrize(
    ("name", "query"), [("张三", "an"), ("王芳", "gf"), ("Ann", "ann"), ("王芳", "王")]
)
def test_match_starts_at_a_syllable(name: str, query: str) -> None:
    assert not is_found(name, query)
    assert is_found("张三", "san")


def test_invisible_characters_and_width_are_ignored() -> None:
    assert pinyin.normalise("\u202eＡnn\u200b  \x00Lee ") == "ann lee"
    assert pinyin.normalise("\ud800") == ""


COMMON = st.text(
    "王李张刘陈杨黄赵周吴徐孙马胡郭林高伟芳娜秀敏静丽", min_size=1, max_size=6
)


@given(COMMON)
def test_common_names_have_the_reading_of_pypinyin(name: str) -> None:
    syllables = [
        syllable.replace("ü", "v") for syllable in lazy_pinyin(name, style=Style.NORMAL)
    ]
    for start in range(len(syllables)):
        assert is_found(name, "".join(syllables[start:]))
        assert is_found(name, "".join(s[0] for s in syllables[start:]))


@given(st.text())
def test_any_text_can_be_indexed(name: str) -> None:
    normal = pinyin.normalise(name)
    assert pinyin.normalise(normal) == normal
    pinyin.spellings(normal).encode()
