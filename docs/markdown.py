"""The little of Markdown that the reference needs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

NOTE = "<!-- Made by `make docs`; a change by hand is lost. -->"


def page(title: str, body: str) -> str:
    return f"{NOTE}\n# {title}\n\n{body.strip()}\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [_row(head), _row(["---"] * len(head)), *map(_row, rows)]
    return "\n".join(lines)


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def code(text: str) -> str:
    return f"`{text}`"


def codes(texts: Iterable[str]) -> str:
    return " ".join(map(code, texts))


def fenced(language: str, text: str) -> str:
    return f"```{language}\n{text.strip()}\n```"


def own_words(thing: object) -> str:
    """The docstring that somebody wrote, as one line; dataclasses make up their own."""
    text = " ".join((getattr(thing, "__doc__", None) or "").split())
    name = getattr(thing, "__name__", "")
    return "" if text.startswith(f"{name}(") else text
