"""Message texts with variables, such as `Hello {name|friend}`. Pure functions.

A variable without a value is replaced by its fallback. Without a fallback the recipient
is skipped. `{{` and `}}` are literal braces.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn

from django.utils.translation import gettext as _

from qunce.core import errors

MAX_LENGTH = 4_000
TAG, ATTRIBUTE = "tag:", "attr:"
"""Prefixes of the variables for tag groups and for attributes of the community."""
ALIASES = {
    "称呼": "name",
    "姓名": "name",
    "员工": "staff",
    "社群": "community",
    "群名": "group",
    "个人链接": "personal_link",
}
PREFIX_ALIASES = {"标签": "tag", "画像": "attr"}
CONTROL_CHARACTERS = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


class InvalidText(errors.Invalid):
    """The text has an unmatched brace or an unknown variable."""


class MissingValue(errors.Invalid):
    """A variable has no value for this recipient and no fallback."""


@dataclass(frozen=True)
class Variable:
    """`position` is the index of its opening brace."""

    name: str
    fallback: str | None
    position: int


Piece = str | Variable


def unify_line_ends(text: str) -> str:
    """The text with line feeds as line ends, as forms send CR LF."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def parse(text: str) -> tuple[Piece, ...]:
    """Split a text into plain text and variables; raises InvalidText."""
    pieces: list[Piece] = []
    plain, position = "", 0
    while position < len(text):
        character = text[position]
        if character not in "{}":
            plain, position = plain + character, position + 1
        elif text[position : position + 2] == character * 2:
            plain, position = plain + character, position + 2
        elif character == "}":
            message = _("A “}” has no matching “{”. For a literal brace, write “}}”.")
            _fail(text, position, message)
        else:
            end = text.find("}", position)
            content = text[position + 1 : end]
            if end < 0 or "{" in content:
                message = _(
                    "A “{” has no matching “}”. For a literal brace, write “{{”."
                )
                _fail(text, position, message)
            name, separator, fallback = content.partition("|")
            name = canonical(name)
            if not name:
                message = _("A variable needs a name, such as {name}.")
                _fail(text, position, message)
            variable = Variable(name, fallback if separator else None, position)
            pieces += [plain, variable] if plain else [variable]
            plain, position = "", end + 1
    return (*pieces, plain) if plain else tuple(pieces)


def canonical(name: str) -> str:
    """The English name of a variable that may be written in Chinese."""
    name = name.strip()
    prefix, colon, rest = name.replace("：", ":").partition(":")
    if colon:
        prefix = prefix.strip()
        return f"{PREFIX_ALIASES.get(prefix, prefix)}:{rest.strip()}"
    return ALIASES.get(name, name)


def describe_position(text: str, position: int) -> str:
    """The line and the character of an index, both counted from 1."""
    before = text[:position]
    return _("Line %(line)s, character %(character)s") % {
        "line": before.count("\n") + 1,
        "character": position - (before.rfind("\n") + 1) + 1,
    }


def _fail(text: str, position: int, message: str) -> NoReturn:
    raise InvalidText(
        _("%(where)s: %(what)s")
        % {"where": describe_position(text, position), "what": message}
    )


def check(text: str, names: Iterable[str]) -> tuple[Piece, ...]:
    """The pieces of a text that may be sent; raises InvalidText.

    `names` are the variables that it may use. If they are mapped to their labels, the
    error about a label names its variable.
    """
    if not text.strip():
        raise InvalidText(_("Write the text to send."))
    if len(text) > MAX_LENGTH:
        raise InvalidText(
            _("The text has %(n)s characters; the limit is %(most)s.")
            % {"n": len(text), "most": MAX_LENGTH}
        )
    if control := CONTROL_CHARACTERS.search(text):
        message = _("The text contains a character that cannot be sent.")
        _fail(text, control.start(), message)
    pieces = parse(text)
    allowed = names if isinstance(names, Mapping) else dict.fromkeys(names, "")
    for piece in pieces:
        if isinstance(piece, Variable) and piece.name not in allowed:
            _fail(text, piece.position, _unknown(piece.name, allowed))
    return pieces


def _unknown(name: str, allowed: Mapping[str, str]) -> str:
    """The sentence about an unknown variable, with the one that is nearest to it."""
    known = sorted(allowed)
    by_label = {
        f"{prefix}{label}".casefold(): variable
        for variable, label in allowed.items()
        for prefix in ("", TAG, ATTRIBUTE)
        if label
    }
    named = {each.casefold(): each for each in (*known, *_aliases_of(known))}
    folded = by_label | named
    near = difflib.get_close_matches(name.casefold(), list(folded), n=1, cutoff=0.5)
    if not near:
        return _("There is no variable {%(name)s}.") % {"name": name}
    return _("There is no variable {%(name)s}. Did you mean {%(nearest)s}?") % {
        "name": name,
        "nearest": folded[near[0]],
    }


def _aliases_of(allowed: Sequence[str]) -> list[str]:
    return [alias for alias, name in ALIASES.items() if name in allowed]


def variable_names(pieces: Iterable[Piece]) -> set[str]:
    return {piece.name for piece in pieces if isinstance(piece, Variable)}


def render(pieces: Sequence[Piece], values: Mapping[str, str]) -> str:
    """The text with the values of its variables; raises MissingValue."""
    parts = []
    for piece in pieces:
        if isinstance(piece, str):
            parts.append(piece)
        elif value := values.get(piece.name, "").strip():
            parts.append(value)
        elif piece.fallback is not None:
            parts.append(piece.fallback)
        else:
            raise MissingValue(
                _("There is no value for {%(name)s}.") % {"name": piece.name}
            )
    return "".join(parts)
