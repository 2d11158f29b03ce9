"""The pieces of text that clauses are described with.

A phrase keeps what is named or compared apart from the text around it, so that a page
can highlight the values and mark unknown names. Everything here is pure: names come in
as a mapping.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

Names = Mapping[tuple[str, str], str]
"""(kind of thing, key) → its name. Keys that are not there are unknown."""


@dataclass(frozen=True)
class Piece:
    text: str
    kind: Literal["text", "value", "unknown"] = "text"


Pieces = tuple[Piece, ...]

COMPARISONS = {
    "gte": gettext_noop("at least %(n)s"),
    "gt": gettext_noop("more than %(n)s"),
    "lte": gettext_noop("at most %(n)s"),
    "lt": gettext_noop("fewer than %(n)s"),
    "eq": gettext_noop("exactly %(n)s"),
}


# Building and joining pieces


def plain(text: str) -> Pieces:
    return (Piece(text),)


def value(content: object) -> Pieces:
    text = f"{content:,}" if isinstance(content, int | float) else str(content)
    return (Piece(text, "value"),)


def fill(template: str, **pieces: Pieces) -> Pieces:
    """A translated template such as `"at least %(n)s"` with pieces for its placeholders."""
    result: list[Piece] = []
    # The translation decides the order of the placeholders; each keeps its pieces.
    for index, part in enumerate(re.split(r"%\((\w+)\)s", template)):
        result += pieces[part] if index % 2 else plain(part)
    return tuple(result)


def join(parts: Sequence[Pieces], separator: str) -> Pieces:
    result: list[Piece] = []
    for index, pieces in enumerate(parts):
        result += ([Piece(separator)] if index else []) + list(pieces)
    return tuple(result)


def tidy(pieces: Iterable[Piece]) -> Pieces:
    """Merge adjacent text and drop the extra spaces that empty placeholders leave."""
    merged: list[Piece] = []
    for piece in pieces:
        if merged and _run_together(merged[-1].text, piece.text):
            merged.append(Piece(" "))
        if merged and merged[-1].kind == piece.kind == "text":
            piece = Piece(merged.pop().text + piece.text)
        merged.append(piece)
    trimmed: list[Piece] = []
    for index, piece in enumerate(merged):
        text = piece.text
        # Values keep their spaces, since a key may begin or end with one.
        if piece.kind == "text":
            text = re.sub(r" +", " ", text)
            text = text.lstrip() if index == 0 else text
            text = text.rstrip() if index == len(merged) - 1 else text
        if text:
            trimmed.append(Piece(text, piece.kind))
    return tuple(trimmed)


def _run_together(before: str, after: str) -> bool:
    """Whether two numbers would read as one, as in Chinese no space is between them."""
    return before[-1:].isdigit() and after[:1].isdigit()


def to_text(pieces: Iterable[Piece]) -> str:
    return "".join(piece.text for piece in pieces)


# Names


def as_list(value: Any) -> list[Any]:
    """A list as it is, anything else as a list of one: how rules write keys."""
    return value if isinstance(value, list) else [value]


def name_of(kind: str, key: Any, names: Names) -> Pieces:
    """The name of one thing, or its key marked as unknown."""
    name = names.get((kind, str(key)))
    return (Piece(str(key), "unknown") if name is None else Piece(name, "value"),)


def names_of(kind: str, keys: Any, names: Names) -> Pieces:
    pieces = [name_of(kind, key, names) for key in as_list(keys)]
    return join(pieces, _(", ")) if pieces else plain(_("none"))


# Values


def literal(content: Any) -> Pieces:
    """A value as it is written in a rule; booleans as yes and no."""
    if isinstance(content, bool):
        return value(_("yes") if content else _("no"))
    return value(content)


def comparison(
    bounds: Mapping[str, Any], to_pieces: Callable[[Any], Pieces] = value
) -> Pieces:
    """`{"gte": 2}` as “at least 2”; raises ValueError if it compares with nothing."""
    if not bounds:
        raise ValueError(bounds)
    if set(bounds) == {"gte", "lte"}:
        return fill(
            _("%(least)s to %(most)s"),
            least=to_pieces(bounds["gte"]),
            most=to_pieces(bounds["lte"]),
        )
    parts = [
        fill(_(COMPARISONS[sign]), n=to_pieces(bound)) for sign, bound in bounds.items()
    ]
    return join(parts, _(", "))
