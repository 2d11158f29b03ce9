"""Texts with variables: `Hello {name|friend}`, pure. `{{` and `}}` are braces.

A variable without a value takes its fallback; without a fallback there is no text for
that receiver, and they are skipped rather than written to with a hole.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn

from django.utils.translation import gettext as _

from qunce.core import errors

MAX_LENGTH = 4_000
TAG, ATTRIBUTE = "tag:", "attr:"
"""Prefixes of variables that a community makes itself: a tag group's, an attribute's."""
ALIASES = {
    "称呼": "name",
    "姓名": "name",
    "员工": "staff",
    "社群": "community",
    "群名": "group",
}
PREFIXES = {"标签": "tag", "画像": "attr"}
CONTROL_CHARACTERS = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


class InvalidText(errors.Invalid):
    """A text has a brace too many, or a variable that nobody knows."""


class MissingValue(errors.Invalid):
    """There is nothing to put in for this receiver, and no fallback."""


@dataclass(frozen=True)
class Variable:
    """`place` counts characters from 0."""

    name: str
    fallback: str | None
    place: int


Piece = str | Variable


def parse(text: str) -> tuple[Piece, ...]:
    return tuple(_split(text))


def _split(text: str) -> Iterator[Piece]:
    plain, place = "", 0
    while place < len(text):
        letter = text[place]
        if letter not in "{}":
            plain, place = plain + letter, place + 1
        elif text[place : place + 2] == letter * 2:
            plain, place = plain + letter, place + 2
        elif letter == "}":
            _fail(
                text,
                place,
                _("A “}” has no matching “{”. For a literal brace, write “}}”."),
            )
        else:
            if plain:
                yield plain
            variable, place = _parse_variable(text, place)
            yield variable
            plain = ""
    if plain:
        yield plain


def _parse_variable(text: str, begin: int) -> tuple[Variable, int]:
    end = text.find("}", begin)
    inside = text[begin + 1 : end]
    if end < 0 or "{" in inside:
        _fail(
            text,
            begin,
            _("A “{” has no matching “}”. For a literal brace, write “{{”."),
        )
    name, bar, fallback = inside.partition("|")
    name = canonical(name)
    if not name:
        _fail(text, begin, _("A variable needs a name, such as {name}."))
    return Variable(name, fallback if bar else None, begin), end + 1


def canonical(name: str) -> str:
    """The name that is meant, whichever language it is written in."""
    name = name.strip()
    prefix, colon, rest = name.replace("：", ":").partition(":")
    if colon:
        return f"{PREFIXES.get(prefix.strip(), prefix.strip())}:{rest.strip()}"
    return ALIASES.get(name, name)


def describe_position(text: str, place: int) -> str:
    """Line and character of a place, as a person counts."""
    before = text[:place]
    return _("Line %(line)s, character %(character)s") % {
        "line": before.count("\n") + 1,
        "character": place - (before.rfind("\n") + 1) + 1,
    }


def _fail(text: str, place: int, message: str) -> NoReturn:
    raise InvalidText(
        _("%(where)s: %(what)s")
        % {"where": describe_position(text, place), "what": message}
    )


def check(text: str, known: Iterable[str]) -> tuple[Piece, ...]:
    """The pieces of a text that can be sent, or an error with its place."""
    if not text.strip():
        raise InvalidText(_("Write the text to send."))
    if len(text) > MAX_LENGTH:
        raise InvalidText(
            _("The text has %(n)s characters; the limit is %(most)s.")
            % {"n": len(text), "most": MAX_LENGTH}
        )
    if found := CONTROL_CHARACTERS.search(text):
        _fail(
            text, found.start(), _("The text contains a character that cannot be sent.")
        )
    pieces, names = parse(text), set(known)
    for piece in pieces:
        if isinstance(piece, Variable) and piece.name not in names:
            _fail(
                text,
                piece.place,
                _("There is no variable {%(name)s}.") % {"name": piece.name},
            )
    return pieces


def variable_names(pieces: Iterable[Piece]) -> set[str]:
    """Names of the variables of a text."""
    return {piece.name for piece in pieces if isinstance(piece, Variable)}


def render(pieces: Sequence[Piece], values: Mapping[str, str]) -> str:
    return "".join(_render_piece(piece, values) for piece in pieces)


def _render_piece(piece: Piece, values: Mapping[str, str]) -> str:
    if isinstance(piece, str):
        return piece
    value = values.get(piece.name, "").strip()
    if value:
        return value
    if piece.fallback is None:
        raise MissingValue(
            _("There is no value for {%(name)s}.") % {"name": piece.name}
        )
    return piece.fallback
