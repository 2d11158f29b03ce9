"""Chinese texts have one space between Chinese characters and Latin letters or digits."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages import pofile

ROOT = Path(__file__).parents[1]
CATALOGUE = ROOT / "qunce/locale/zh_Hans/LC_MESSAGES/django.po"
PAGES = sorted([*(ROOT / "docs/guide/zh").glob("*.md"), ROOT / "README.zh-CN.md"])
DATE_FORMATS = {"n月j日", "Y年n月j日"}
LUNAR_DATE = re.compile(r"\b(?:\d{4}-)?闰?\d\d-\d\d\b")
"""Dates are written without spaces, as is the 闰 of leap months."""
CHINESE = "\u3400-\u9fff"
NUMBER = re.compile(r"%\((?:n|most|shown|count|total|days)\)[-.\d,]*[a-z]|%d")
NAME = re.compile(r"%\(\w+\)[-.\d,]*[a-z]|%s|\{\{?[^{}]*\}?\}")
"""Variables of names may be in either language; browsers keep a distance themselves."""
TAG = re.compile(r"<[^<>]*>")
TOUCHING = re.compile(f"[{CHINESE}][A-Za-z0-9]|[A-Za-z0-9%][{CHINESE}]")
SPACE_AT_WIDE_SIGN = re.compile(r"(?<![/,]) [，。！？；：、）】」』”]|[（【「『“] ")


def find_faults(text: str) -> list[str]:
    text = LUNAR_DATE.sub("0", text)
    text = TAG.sub("", NAME.sub("\ufffc", NUMBER.sub("0", text)))
    return TOUCHING.findall(text) + SPACE_AT_WIDE_SIGN.findall(text)


def list_translations() -> Iterator[str]:
    with CATALOGUE.open("rb") as file:
        catalogue = pofile.read_po(file)
    for message in catalogue:
        texts = message.string or ()
        yield from (texts,) if isinstance(texts, str) else texts


def list_prose(page: Path) -> Iterator[str]:
    """The lines of a page without commands, whose code counts as Latin letters."""
    is_code = False
    for line in page.read_text().splitlines():
        if line.lstrip().startswith("```"):
            is_code = not is_code
        elif not is_code:
            yield re.sub(r"`[^`]*`", "code", re.sub(r"\]\([^)]*\)", "]", line)).strip()


def test_translations_separate_chinese_and_latin_characters() -> None:
    faults = [
        text
        for text in list_translations()
        if text not in DATE_FORMATS and find_faults(text)
    ]
    assert faults == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_guide_separates_chinese_and_latin_characters(page: Path) -> None:
    assert [line for line in list_prose(page) if find_faults(line)] == []


@pytest.mark.parametrize(
    ("text", "is_right"),
    [
        ("导入 CSV 文件", True),
        ("导入CSV文件", False),
        ("还有 %(n)s 位用户", True),
        ("还有%(n)s 位用户", False),
        ("%(name)s的标签", True),
        ("共 3 个，", True),
        ("共 3 个 ，", False),
    ],
)
def test_faults_are_found(text: str, is_right: bool) -> None:
    assert (find_faults(text) == []) == is_right
