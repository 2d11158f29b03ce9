"""One word for one thing, in both languages, wherever somebody reads."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CATALOGUE = ROOT / "qunce" / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"


PAGES = sorted([*(ROOT / "docs" / "guide").rglob("*.md"), *ROOT.glob("README*.md")])


def named(page: Path) -> str:
    return f"{page.parent.name}/{page.name}"


def prose(page: Path) -> str:
    """Without code."""
    return re.sub(r"```.*?```|`[^`]*`", "", page.read_text("utf-8"), flags=re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_page_has_no_exclamation_mark_and_uses_the_word_for_member(page: Path) -> None:
    text = prose(page)
    assert len(text) > 100
    assert not re.search(r"！|[a-z]!(\s|$)", text)
    assert not re.search(r"(?<!群)成员", text)


def test_chinese_sentences_use_full_punctuation() -> None:
    said = re.findall(r'^msgstr "(.*)"$', CATALOGUE.read_text("utf-8"), re.MULTILINE)
    assert len(said) > 100
    for sentence in said:
        assert "！" not in sentence
        assert not re.search(r"(?<!群)成员", sentence)
        assert not re.search(r"[\u4e00-\u9fff][,;:?](?![0-9])", sentence), sentence


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_link_has_a_target(page: Path) -> None:
    for link in re.findall(r"\]\(([^)#]+)\)", prose(page)):
        assert "://" in link or (page.parent / link).exists(), link
