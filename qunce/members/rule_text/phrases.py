"""Each clause of a rule in words, with what is named apart from what only joins.

Pure: names come in a mapping, and whatever a rule holds, saying it does not fail.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from qunce.core.facts import facts

Names = Mapping[tuple[str, str], str]
"""(what, key) → how people call it; what is not there is unknown."""


@dataclass(frozen=True)
class Piece:
    text: str
    kind: Literal["word", "value", "unknown"] = "word"


Pieces = tuple[Piece, ...]
Phrase = Callable[[Any, Names], Pieces]
_phrases: dict[str, Phrase] = {}


def phrase(name: str) -> Callable[[Phrase], Phrase]:
    """Say how a clause reads; rooms with clauses of their own say theirs."""

    def keep(function: Phrase) -> Phrase:
        _phrases[name] = function
        return function

    return keep


def say(name: str, args: Any, names: Names) -> Pieces:
    """A clause after “everyone who …”; one that cannot be read is shown as it is."""
    try:
        return tidy(_phrases[name](args, names))
    except (AttributeError, IndexError, KeyError, TypeError, ValueError):
        text = json.dumps({name: args}, ensure_ascii=False, default=str)
        return (Piece(text[:200], "unknown"),)


# Parts


def word(text: str) -> Pieces:
    return (Piece(text),)


def value(text: object) -> Pieces:
    shown = f"{text:,}" if isinstance(text, int) else str(text)
    return (Piece(shown, "value"),)


def fill(template: str, **given: Pieces) -> Pieces:
    """A translated template with pieces in its places."""
    found: list[Piece] = []
    for number, part in enumerate(re.split(r"%\((\w+)\)s", template)):
        found += given[part] if number % 2 else word(part)
    return tuple(found)


def joined(several: Sequence[Pieces], between: str) -> Pieces:
    found: list[Piece] = []
    for number, some in enumerate(several):
        found += ([Piece(between)] if number else []) + list(some)
    return tuple(found)


def tidy(pieces: Iterable[Piece]) -> Pieces:
    """Words that follow each other as one, without the spaces of what is left out."""
    found: list[Piece] = []
    for piece in pieces:
        if found and found[-1].kind == piece.kind == "word":
            piece = Piece(found.pop().text + piece.text)
        found.append(piece)
    return tuple(_trimmed(found))


def _trimmed(pieces: Sequence[Piece]) -> Iterator[Piece]:
    for number, piece in enumerate(pieces):
        text = piece.text
        if piece.kind == "word":
            text = re.sub(r" +", " ", text)
            text = text.lstrip() if number == 0 else text
            text = text.rstrip() if number == len(pieces) - 1 else text
        if text:
            yield Piece(text, piece.kind)


def text(pieces: Iterable[Piece]) -> str:
    return "".join(piece.text for piece in pieces)


def named(what: str, key: Any, names: Names) -> Pieces:
    found = names.get((what, str(key)))
    return (Piece(str(key), "unknown") if found is None else Piece(found, "value"),)


def several(given: Any) -> list[Any]:
    return given if isinstance(given, list) else [given]


def all_named(what: str, keys: Any, names: Names) -> Pieces:
    found = [named(what, key, names) for key in several(keys)]
    return joined(found, _(", ")) if found else word(_("none"))


def compared(bounds: Mapping[str, int]) -> Pieces:
    if not bounds:
        raise ValueError(bounds)
    if set(bounds) == {"gte", "lte"}:
        template = _("%(least)s to %(most)s")
        least, most = value(bounds["gte"]), value(bounds["lte"])
        return fill(template, least=least, most=most)
    parts = [fill(_(SIGNS[sign]), n=value(bound)) for sign, bound in bounds.items()]
    return joined(parts, _(", "))


SIGNS = {
    "gte": gettext_noop("at least %(n)s"),
    "gt": gettext_noop("more than %(n)s"),
    "lte": gettext_noop("at most %(n)s"),
    "lt": gettext_noop("fewer than %(n)s"),
    "eq": gettext_noop("exactly %(n)s"),
}


def window(args: Mapping[str, Any]) -> Pieces:
    """The span among the fields of a clause; nothing for ever."""
    if "within" in args:
        return _within(args["within"])
    if "between" in args:
        first, last = args["between"]
        template = _("from %(first)s to %(last)s")
        return fill(template, first=value(first), last=value(last))
    if "since" in args:
        return fill(_("since %(day)s"), day=value(args["since"]))
    if "before" in args and re.fullmatch(r"\d+d", args["before"]):
        n = value(int(args["before"][:-1]))
        return fill(_("more than %(n)s days ago"), n=n)
    if "before" in args:
        return fill(_("before %(day)s"), day=value(args["before"]))
    return ()


def _within(span: str) -> Pieces:
    number, unit = int(span[:-1]), span[-1]
    if span == "1d":
        return value(_("today"))
    template = {"d": _("in the last %(n)s days"), "h": _("in the last %(n)s hours")}
    return fill(template[unit], n=value(number))


# Clauses


TAGS = {
    "any": gettext_noop("has any of the tags %(tags)s"),
    "all": gettext_noop("has all of the tags %(tags)s"),
    "none": gettext_noop("has none of the tags %(tags)s"),
}


@phrase("tag")
def _tag(args: Any, names: Names) -> Pieces:
    parts = []
    for how, sentence in TAGS.items():
        if how in args:
            one = how == "any" and len(several(args[how])) == 1
            template = _("has the tag %(tags)s") if one else _(sentence)
            parts.append(fill(template, tags=all_named("tag", args[how], names)))
    if "depth" in args:
        n = compared(args["depth"])
        parts[-1] = fill(_("%(what)s %(n)s times each"), what=parts[-1], n=n)
    if args.get("untagged") is True:
        parts.append(word(_("has no tags")))
    elif "untagged" in args:
        group = named("tag_group", args["untagged"], names)
        parts.append(fill(_("has no tag in the tag group %(group)s"), group=group))
    return joined(parts, _(" and "))


GROUPS = {
    "any": gettext_noop("is in any of the groups %(groups)s"),
    "all": gettext_noop("is in all of the groups %(groups)s"),
    "none": gettext_noop("is in none of the groups %(groups)s"),
}


@phrase("group")
def _group(args: Any, names: Names) -> Pieces:
    parts = []
    for how, sentence in GROUPS.items():
        if how in args:
            one = how == "any" and len(several(args[how])) == 1
            template = _("is in the group %(groups)s") if one else _(sentence)
            parts.append(fill(template, groups=all_named("group", args[how], names)))
    return joined(parts, _(" and "))


SEGMENTS = {
    "any": gettext_noop("is in any of the segments %(segments)s"),
    "all": gettext_noop("is in all of the segments %(segments)s"),
    "none": gettext_noop("is in none of the segments %(segments)s"),
}


@phrase("segment")
def _segment(args: Any, names: Names) -> Pieces:
    parts = []
    for how, sentence in SEGMENTS.items():
        if how in args:
            one = how == "any" and len(several(args[how])) == 1
            template = _("is in the segment %(segments)s") if one else _(sentence)
            found = all_named("segment", args[how], names)
            parts.append(fill(template, segments=found))
    if "frozen" in args:
        lists = all_named("frozen", args["frozen"], names)
        parts.append(fill(_("is in the frozen segment %(lists)s"), lists=lists))
    return joined(parts, _(" and "))


@phrase("layer")
def _layer(args: Any, names: Names) -> Pieces:
    layering = str(args["of"])
    keys = [f"{layering}/{key}" for key in several(args["in"])]
    found = [
        (Piece(str(key), "unknown"),)
        if ("layer", place) not in names
        else named("layer", place, names)
        for key, place in zip(several(args["in"]), keys, strict=True)
    ]
    return fill(
        _("is in the layer %(layers)s of %(layering)s"),
        layers=joined(found, _(", ")) if found else word(_("none")),
        layering=named("layering", layering, names),
    )


@phrase("attr")
def _attr(args: Any, names: Names) -> Pieces:
    ((sign, wanted),) = [(key, args[key]) for key in args if key != "name"]
    name = named("attr", args["name"], names)
    if sign == "known":
        known = _("has a known %(name)s") if wanted else _("has no known %(name)s")
        return fill(known, name=name)
    if sign == "anniversary":
        n = value(int(wanted["within"][:-1]))
        days = wanted["within"].endswith("d")
        template = (
            _("has an anniversary of %(name)s in the next %(n)s days, including today")
            if days
            else _("has an anniversary of %(name)s in the next %(n)s hours")
        )
        return fill(template, name=name, n=n)
    shown = [value(_shown(one)) for one in several(wanted)]
    if not shown:
        shown = [word(_("none"))]
    return fill(_(ATTRIBUTES[sign]), name=name, value=joined(shown, _(", ")))


def _shown(wanted: Any) -> str:
    if isinstance(wanted, bool):
        return _("yes") if wanted else _("no")
    return f"{wanted:,}" if isinstance(wanted, int) else str(wanted)


ATTRIBUTES = {
    "in": gettext_noop("has %(name)s %(value)s"),
    "eq": gettext_noop("has %(name)s %(value)s"),
    "ne": gettext_noop("has %(name)s other than %(value)s"),
    "gte": gettext_noop("has %(name)s of at least %(value)s"),
    "gt": gettext_noop("has %(name)s over %(value)s"),
    "lte": gettext_noop("has %(name)s of at most %(value)s"),
    "lt": gettext_noop("has %(name)s under %(value)s"),
    "contains": gettext_noop("has %(name)s containing %(value)s"),
    "starts": gettext_noop("has %(name)s starting with %(value)s"),
}


@phrase("joined")
def _joined(args: Any, names: Names) -> Pieces:
    return fill(_("joined the community %(window)s"), window=window(args))


@phrase("left")
def _left(args: Any, names: Names) -> Pieces:
    return fill(_("left the community %(window)s"), window=window(args))


@phrase("source")
def _source(args: Any, names: Names) -> Pieces:
    sources = all_named("source", args["any"], names)
    return fill(_("joined through %(sources)s"), sources=sources)


@phrase("members")
def _members(args: Any, names: Names) -> Pieces:
    """How many; the keys themselves may be phone numbers, which not everyone reads."""
    n = len(several(args["keys"]))
    if n == 1:
        return word(_("is the one member listed individually"))
    return fill(_("is one of %(n)s members listed individually"), n=value(n))


def happening(args: Mapping[str, Any], names: Names) -> Pieces:
    """The kind of a fact, with what its facts have to say."""
    key = str(args["kind"])
    known = ("kind", key) in names
    kind = (Piece(facts.label_of(key), "value" if known else "unknown"),)
    where = [_condition(field, one, names) for field, one in _where(args).items()]
    if not where:
        return kind
    return fill(_("%(kind)s [%(where)s]"), kind=kind, where=joined(where, _("; ")))


def _where(args: Mapping[str, Any]) -> dict[str, Any]:
    return dict(args.get("where") or {})


def _condition(field: str, wanted: Any, names: Names) -> Pieces:
    if field == "group":
        groups = all_named("group", wanted, names)
        return fill(_("in the group %(groups)s"), groups=groups)
    if isinstance(wanted, dict):
        shown = compared(wanted)
    else:
        shown = joined([value(_shown(one)) for one in several(wanted)], _(", "))
    return fill(_("%(field)s: %(wanted)s"), field=value(field), wanted=shown)
