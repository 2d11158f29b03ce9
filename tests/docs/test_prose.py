"""Docstrings and sentences of the interface read like a manual (see the house style)."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages import pofile

ROOT = Path(__file__).parents[2]
CATALOGUE = ROOT / "qunce" / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
BANNED = {
    "a headless pronoun; name the subject": (
        r"^(who|whom|whose|whoever|whatever)\b(?!.*\?)"
        r"|\b(those|they) who are (there|here)\b|\bwho there is\b|\bof who is\b"
    ),
    "use report, record, describe, return or label": (
        r"\b(told|tells|tell|telling|spoken)\b|\bsays? so\b"
    ),
    "use again, automatically, immediately, yet or no longer": (
        r"\b(anew|meanwhile|by itself|by themselves|so far|no more|as good as"
        r"|of (its|their|one's) own accord)\b(?! than)"
    ),
    "use per": (
        r"\b(one|a|two|three) (row|query|fact|batch|segment|line|key|page|account)s?"
        r" an? (row|query|act|fact|batch|segment|line|key|page|account|person|member)\b"
    ),
    "a metaphor of the designers": (
        r"\b(the house|doorway|the door|the street|her own|herself)\b"
    ),
    "name the member as they": r"\b(she|her|hers)\b",
}
"""Reason → pattern, searched without regard to case."""
ALLOWED = {
    "%(day)s, today so far",
    "Who",
    "Who can add tags to this group",
    "Who gets the points",
    "Who may add tags",
    "set by themselves",
    "who",
    "who acts",
}
"""Labels of fields, which are questions, and sentences in which the word is right."""


def _docstrings() -> Iterator[tuple[str, str]]:
    for path in sorted((ROOT / "qunce").rglob("*.py")):
        if "migrations" in path.parts:
            continue
        where = path.relative_to(ROOT).as_posix()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Expr)
                and isinstance(node.value, ast.Constant)
                and isinstance(node.value.value, str)
            ):
                yield f"{where}:{node.lineno}", node.value.value


def _sentences() -> Iterator[tuple[str, str]]:
    with CATALOGUE.open("rb") as file:
        for message in pofile.read_po(file):
            texts = message.id if isinstance(message.id, tuple) else (message.id,)
            for text in texts:
                yield "msgid", str(text)


def _pages() -> Iterator[tuple[str, str]]:
    """Yield the paragraphs of the English documentation, without code."""
    for path in [
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/**/*.md"),
        *ROOT.glob("qunce/**/*.md"),
    ]:
        where = path.relative_to(ROOT).as_posix()
        if "zh" in where:
            continue
        text = re.sub(r"```.*?```|`[^`\n]*`", "", path.read_text("utf-8"), flags=re.S)
        for paragraph in text.split("\n\n"):
            yield where, " ".join(paragraph.split())


def faults(texts: Iterator[tuple[str, str]]) -> list[str]:
    return [
        f"{where}: {reason}: {found[0]!r} in {text.strip()[:100]!r}"
        for where, text in texts
        if text not in ALLOWED
        for reason, pattern in BANNED.items()
        if (found := re.search(pattern, text, re.IGNORECASE))
    ]


@pytest.mark.parametrize("texts", [_docstrings, _sentences, _pages])
def test_sentences_avoid_banned_patterns(texts: object) -> None:
    assert callable(texts)
    found = faults(texts())
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "text",
    ["Who carries it keeps it", "It is laid out anew.", "One row an act.", "She left."],
)
def test_banned_patterns_are_found(text: str) -> None:
    assert faults(iter([("here", text)]))
