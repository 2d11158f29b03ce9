"""Rules as sentences: line by line for editing, in one line for lists.

Everyone who carries any of the tags VIP, KOC and paid an order at least 2 times in
the last 30 days but nobody who got a message in the last 3 days
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from qunce.members.rule_text import behaviour, phrases
from qunce.members.rule_text.phrases import Names, Pieces

LISTS = ("all", "any")
GROUPS = {
    "any": gettext_noop("matches any of these:"),
    "all": gettext_noop("matches all of these:"),
    "with_left": gettext_noop("matches this, including former members:"),
    "not": gettext_noop("does not match this:"),
}
DEEPEST = 60


@dataclass(frozen=True)
class Line:
    """One line. `path` is its place in the rule, `clause` that of its clause, which
    stands inside the `not` of a negative line; `name` is the clause's, or the group's."""

    path: str
    clause: str
    depth: int
    among: str
    """What it is one of: `all`, `any`, or nothing where it stands alone."""
    place: int
    siblings: int
    negative: bool
    name: str
    is_group: bool
    pieces: Pieces

    @property
    def joiner(self) -> str:
        return joiner(self.among, self.place, self.depth, negative=self.negative)


def joiner(among: str, place: int, depth: int, *, negative: bool) -> str:
    """The word that leads into a line."""
    if negative and depth == 0:
        return _("except those who")
    if negative:
        words = {"all": _("and not:"), "any": _("or not:")}
        return words.get(among, _("not:")) if place else _("not:")
    if place == 0:
        return _("who") if depth == 0 else ""
    return _("or") if among == "any" else _("and")


def lines(rule: Any, names: Names) -> list[Line]:
    """The lines of a rule which is an `all`; a line's lines come after it, deeper."""
    return list(_inside(rule, "", 0, names))


def _inside(group: Any, path: str, depth: int, names: Names) -> Iterator[Line]:
    """The lines of a group: those of its list, or the one that it is about."""
    name = _name(group)
    here = f"{path}.{name}" if path else name
    if name in LISTS and isinstance(group[name], list):
        several = group[name]
        for place, part in enumerate(several):
            among = (name, place, len(several))
            yield from _line(part, f"{here}[{place}]", depth, among, names)
    else:
        yield from _line(group[name], here, depth, ("", 0, 1), names)


def _line(
    part: Any, path: str, depth: int, among: tuple[str, int, int], names: Names
) -> Iterator[Line]:
    negative = _name(part) == "not" and bool(among[0])
    inner, clause = (part["not"], f"{path}.not") if negative else (part, path)
    name = _name(inner)
    is_group = name in GROUPS and not _broken(inner, name) and depth < DEEPEST
    pieces: Pieces
    if is_group:
        pieces = phrases.word(_(GROUPS[name]))
    else:
        pieces = phrases.say(name, inner.get(name) if name else inner, names)
    yield Line(path, clause, depth, *among, negative, name, is_group, pieces)
    if is_group:
        yield from _inside(inner, clause, depth + 1, names)


def _name(part: Any) -> str:
    if isinstance(part, dict) and len(part) == 1:
        return str(next(iter(part)))
    return ""


def _broken(group: Any, name: str) -> bool:
    return name in LISTS and not isinstance(group[name], list)


def said(rule: Any, names: Names) -> Pieces:
    """The whole rule in one sentence."""
    name = _name(rule)
    whole = rule if name == "all" and not _broken(rule, name) else {"all": [rule]}
    found: Pieces = ()
    for line, inside in _nested(lines(whole, names)):
        clause = _with_inside(line, inside)
        if found:
            found = _after(found, line, clause)
        elif line.negative:
            found = phrases.fill(
                _("everyone except those who %(clause)s"), clause=clause
            )
        else:
            found = phrases.fill(_("everyone who %(clause)s"), clause=clause)
    return phrases.tidy(found) if found else phrases.word(_("everyone"))


def _after(before: Pieces, line: Line, clause: Pieces) -> Pieces:
    return phrases.fill(
        _("%(before)s %(joiner)s %(clause)s"),
        before=before,
        joiner=phrases.word(line.joiner),
        clause=clause,
    )


def _with_inside(line: Line, inside: list[Line]) -> Pieces:
    if not line.is_group:
        return line.pieces
    found: Pieces = ()
    for child, deeper in _nested(inside):
        clause = _with_inside(child, deeper)
        if found:
            found = _after(found, child, clause)
        else:
            first = phrases.word(child.joiner)
            found = phrases.fill(
                _("%(joiner)s %(clause)s"), joiner=first, clause=clause
            )
    template = _("%(group)s (%(clauses)s)")
    return phrases.fill(template, group=line.pieces, clauses=phrases.tidy(found))


def _nested(several: list[Line]) -> Iterator[tuple[Line, list[Line]]]:
    """The outermost of these lines, each with the lines inside it."""
    for number, line in enumerate(several):
        if line.depth == several[0].depth:
            rest = several[number + 1 :]
            deeper = [other.depth > line.depth for other in rest]
            end = deeper.index(False) if False in deeper else len(rest)
            yield line, rest[:end]


def text(rule: Any, names: Names) -> str:
    return phrases.text(said(rule, names))
