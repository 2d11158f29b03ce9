"""A name is found by how it is typed: pinyin in full, by initials, from any syllable."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pypinyin import Style, lazy_pinyin

from qunce.members.search import pinyin
from qunce.members.search.pinyin import SEPARATOR

FOUND = [
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


def found(name: str, search: str) -> bool:
    typed = pinyin.parse_query(pinyin.normalise(search))
    return bool(typed) and SEPARATOR + typed in pinyin.spellings(pinyin.normalise(name))


@pytest.mark.parametrize(("name", "search"), FOUND)
def test_a_name_is_found_by_its_sound(name: str, search: str) -> None:
    assert found(name, search)


@pytest.mark.parametrize(
    ("name", "search"), [("张三", "an"), ("王芳", "gf"), ("Ann", "ann"), ("王芳", "王")]
)
def test_it_begins_at_a_syllable(name: str, search: str) -> None:
    assert not found(name, search)


def test_invisible_characters_and_width_make_no_difference() -> None:
    assert pinyin.normalise("\u202eＡnn\u200b  \x00Lee ") == "ann lee"
    assert pinyin.normalise("\ud800") == ""


COMMON = st.text(
    "王李张刘陈杨黄赵周吴徐孙马胡郭林高伟芳娜秀敏静丽", min_size=1, max_size=6
)


@given(COMMON)
def test_common_names_sound_as_pypinyin_says(name: str) -> None:
    said = lazy_pinyin(name, style=Style.NORMAL)
    typed = [t.replace("ü", "v") for t in said]
    for start in range(len(typed)):
        assert found(name, "".join(typed[start:]))
        assert found(name, "".join(t[0] for t in typed[start:]))


@given(st.text())
def test_any_text_has_ways_without_a_fault(name: str) -> None:
    clean = pinyin.normalise(name)
    assert pinyin.normalise(clean) == clean
    pinyin.spellings(clean).encode()
