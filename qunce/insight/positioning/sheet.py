"""The content of a positioning sheet: its parts, limits and checks. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from qunce.core import errors, names, text_validation

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

MAX_LINE, MAX_TEXT, MAX_KEY = 200, 2_000, 200
MAX_ROWS, MAX_WORDS = 20, 200
MAX_WORD = 40
LABELS: dict[str, StrOrPromise] = {
    "product": pgettext_lazy("positioning", "What we sell"),
    "reason": pgettext_lazy("positioning", "Reason to buy"),
    "pains": pgettext_lazy("positioning", "Pains"),
    "hooks": pgettext_lazy("positioning", "Hooks"),
    "leader": pgettext_lazy("positioning", "Leader figure"),
    "values": pgettext_lazy("positioning", "Values"),
    "say": pgettext_lazy("positioning", "Say"),
    "never_say": pgettext_lazy("positioning", "Never say"),
    "circle_attribute": pgettext_lazy("positioning", "Attribute of the circle"),
    "region_attribute": pgettext_lazy("positioning", "Attribute of the region"),
    "served": pgettext_lazy("positioning", "People we serve"),
    "view_attribute": pgettext_lazy("positioning", "Attribute of the view"),
}


class InvalidSheet(errors.Invalid):
    """A part of the sheet is not possible."""


@dataclass(frozen=True, kw_only=True)
class Hook:
    """What catches people; `kind` and `key` name what counts whom it brought.

    `kind` is one of `hook_sources.KINDS`, and both are "" if nothing counts it.
    """

    text: str
    pain: str = ""
    kind: str = ""
    key: str = ""


@dataclass(frozen=True, kw_only=True)
class Word:
    """What is never said, and what to say instead."""

    word: str
    instead: str = ""


@dataclass(frozen=True, kw_only=True)
class Served:
    """People of a circle, of a region, or of a circle in a region."""

    circle: str = ""
    region: str = ""


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """`pains`, `values` and `say` are lines.

    `circle_attribute` and `region_attribute` are the attributes by whose values members
    are counted, `view_attribute` the one whose changes are.
    """

    product: str = ""
    reason: str = ""
    pains: tuple[str, ...] = ()
    hooks: tuple[Hook, ...] = ()
    leader: str = ""
    values: tuple[str, ...] = ()
    say: tuple[str, ...] = ()
    never_say: tuple[Word, ...] = ()
    circle_attribute: str = ""
    region_attribute: str = ""
    served: tuple[Served, ...] = ()
    view_attribute: str = ""

    def to_json(self) -> dict[str, Any]:
        found = asdict(self)
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in found.items()
        }

    @property
    def is_empty(self) -> bool:
        return self == Sheet()


FIELDS = tuple(field.name for field in fields(Sheet))
ROWS: Mapping[str, type[Hook | Word | Served]] = {
    "hooks": Hook,
    "never_say": Word,
    "served": Served,
}
LINES = ("pains", "values", "say")
TEXTS = ("product", "reason", "leader")
NEEDED = {"hooks": "text", "never_say": "word"}
"""What a row must have."""


def parse(content: Any) -> dict[str, Any]:
    """The parts of a sheet that a JSON object has; raises InvalidSheet.

    Texts are trimmed, empty rows are left out.
    """
    if not isinstance(content, dict):
        raise InvalidSheet(_("A positioning sheet is an object."))
    if unknown := sorted(map(str, set(content) - set(FIELDS))):
        raise InvalidSheet(
            _("A positioning sheet has no part “%(field)s”.")
            % {"field": unknown[0][:MAX_WORD]}
        )
    found: dict[str, Any] = {}
    for name, value in content.items():
        if name in ROWS:
            found[name] = _parse_rows(name, value)
        elif name in LINES:
            lines = [_text(name, line, MAX_LINE) for line in _list(name, value)]
            found[name] = tuple(dict.fromkeys(line for line in lines if line))
        elif name in TEXTS:
            found[name] = _text(name, value, MAX_TEXT, is_long=True)
        else:
            found[name] = _text(name, value, MAX_KEY)
    return found


def read(content: Mapping[str, Any]) -> Sheet:
    """The sheet of stored content, which is not checked again: a name may be erased."""
    found: dict[str, Any] = {}
    for name, value in content.items():
        if name in ROWS:
            found[name] = tuple(ROWS[name](**row) for row in value)
        elif name in FIELDS:
            found[name] = tuple(value) if isinstance(value, list) else value
    return Sheet(**found)


def _list(name: str, value: Any) -> list[Any]:
    most = MAX_WORDS if name in ("say", "never_say") else MAX_ROWS
    if not isinstance(value, list | tuple):
        raise InvalidSheet(_("“%(field)s” is a list.") % {"field": LABELS[name]})
    if len(value) > most:
        raise InvalidSheet(
            _("“%(field)s” can have at most %(most)s lines; it has %(n)s.")
            % {"field": LABELS[name], "most": most, "n": f"{len(value):,}"}
        )
    return list(value)


def _parse_rows(name: str, value: Any) -> tuple[Any, ...]:
    kind = ROWS[name]
    known = [field.name for field in fields(kind)]
    rows = []
    for number, row in enumerate(_list(name, value), start=1):
        if not isinstance(row, dict) or set(row) - set(known):
            raise InvalidSheet(
                _("Line %(n)s of “%(field)s” can have: %(names)s.")
                % {"n": number, "field": LABELS[name], "names": ", ".join(known)}
            )
        most = MAX_WORD if name == "never_say" else MAX_LINE
        texts = {each: _text(name, row.get(each, ""), most) for each in known}
        if not any(texts.values()):
            continue
        needed = NEEDED.get(name)
        if needed and not texts[needed]:
            raise InvalidSheet(
                _("Line %(n)s of “%(field)s” has no text.")
                % {"n": number, "field": LABELS[name]}
            )
        rows.append(kind(**texts))
    return tuple(dict.fromkeys(rows))


def _text(name: str, value: Any, most: int, *, is_long: bool = False) -> str:
    if not isinstance(value, str):
        raise InvalidSheet(_("“%(field)s” is a text.") % {"field": LABELS[name]})
    if is_long:
        text = value.replace("\r\n", "\n").replace("\r", "\n").strip()
    else:
        text = names.clean(value)
    if len(text) > most:
        raise InvalidSheet(
            _("%(field)s can have at most %(most)s characters; it has %(n)s.")
            % {"field": LABELS[name], "most": f"{most:,}", "n": f"{len(text):,}"}
        )
    if not text_validation.is_valid(text):
        raise InvalidSheet(
            _("%(field)s contains a character that cannot be stored.")
            % {"field": LABELS[name]}
        )
    return text


def check_words(sheet: Sheet) -> None:
    """A word cannot be one to say, and one never to say."""
    both = {each.word.casefold() for each in sheet.never_say} & {
        each.casefold() for each in sheet.say
    }
    if both:
        raise InvalidSheet(
            _("“%(word)s” is both among what to say and what never to say.")
            % {"word": min(both)}
        )
