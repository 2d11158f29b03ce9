"""Rules as sentences: line by line for editing, in one sentence for lists.

Everyone who has any of the tags VIP, KOC and paid an order at least 2 times in the last
30 days except anyone who got a message in the last 3 days
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from qunce.sets.rules import base, phrasing
from qunce.sets.rules.phrasing import Names, Pieces

LISTS = ("all", "any")
"""Nodes that hold a list of rules; `not` and `with_left` hold one."""
GROUP_LABELS = {
    "any": gettext_noop("any of these:"),
    "all": gettext_noop("all of these:"),
    "none": gettext_noop("none of these:"),
    "with_left": gettext_noop("this, including former members:"),
    "not": gettext_noop("not this:"),
}
MAX_DEPTH = 60


@dataclass(frozen=True)
class Line:
    """One line of a rule. A line that is negated stands for its `not` and what it holds.

    `path` is that of the part of the rule; `clause_path` is that of its clause, inside
    the `not` of a negated line. `name` is that of the clause or of the group.
    """

    path: str
    clause_path: str
    depth: int
    parent: str
    """The list it belongs to, `all` or `any`; empty inside `not` and `with_left`."""
    index: int
    siblings: int
    is_negated: bool
    name: str
    is_group: bool
    pieces: Pieces

    @property
    def is_list(self) -> bool:
        """Whether it is a group to which lines can be added."""
        return self.is_group and self.name in LISTS

    @property
    def is_none(self) -> bool:
        """Whether none of its lines may hold: a negated `any`."""
        return self.is_negated and self.is_group and self.name == "any"

    @property
    def group_kind(self) -> str:
        """Which of its lines must hold: `all`, `any` or `none`; empty for not all."""
        if not self.is_list or (self.is_negated and self.name == "all"):
            return ""
        return "none" if self.is_none else self.name

    @property
    def line_joiner(self) -> str:
        """The word that leads into the line where lines stand below each other."""
        return replace(self, is_negated=False).joiner if self.is_none else self.joiner

    @property
    def joiner(self) -> str:
        """The word that leads into the line."""
        if self.is_negated and self.depth == 0:
            return _("except anyone who")
        if self.is_negated:
            joiners = {"all": _("and not:"), "any": _("or not:")}
            return joiners.get(self.parent, _("not:")) if self.index else _("not:")
        if self.index == 0:
            return _("who") if self.depth == 0 else ""
        return _("or") if self.parent == "any" else _("and")


# Lines


def list_lines(rule: Any, names: Names) -> list[Line]:
    """The lines of a rule that is an `all`; those of a group follow it, one deeper."""
    return list(_lines_of_group(rule, "", 0, names))


def _lines_of_group(group: Any, path: str, depth: int, names: Names) -> Iterator[Line]:
    name = _name_of(group)
    here = f"{path}.{name}" if path else name
    if name in LISTS and isinstance(group[name], list):
        parts = group[name]
        for index, part in enumerate(parts):
            position = (name, index, len(parts))
            yield from _lines_of_part(part, f"{here}[{index}]", depth, position, names)
    else:
        yield from _lines_of_part(group[name], here, depth, ("", 0, 1), names)


def _lines_of_part(
    part: Any, path: str, depth: int, position: tuple[str, int, int], names: Names
) -> Iterator[Line]:
    """`position` is the parent, the index in it, and the number of its parts."""
    # A `not` in a list and what it holds are one line; elsewhere a `not` is a group.
    is_negated = _name_of(part) == "not" and bool(position[0])
    inner, clause_path = (part["not"], f"{path}.not") if is_negated else (part, path)
    name = _name_of(inner)
    is_group = name in GROUP_LABELS and _is_readable(inner, name) and depth < MAX_DEPTH
    pieces: Pieces
    if is_group:
        is_none = is_negated and name == "any"
        pieces = phrasing.plain(_(GROUP_LABELS["none" if is_none else name]))
    else:
        args = inner.get(name) if name else inner
        pieces = base.describe_clause(name, args, names)
    yield Line(path, clause_path, depth, *position, is_negated, name, is_group, pieces)
    if is_group:
        yield from _lines_of_group(inner, clause_path, depth + 1, names)


def _name_of(part: Any) -> str:
    if isinstance(part, dict) and len(part) == 1:
        return str(next(iter(part)))
    return ""


def _is_readable(group: Any, name: str) -> bool:
    return name not in LISTS or isinstance(group[name], list)


# Sentences

NEGATION = gettext_noop("not:")
NEGATED = gettext_noop("%(joiner)s %(clause)s")
EXCEPTION = gettext_noop("except anyone who")
BRACKETS = gettext_noop("(%(clauses)s)")
WITH_LEFT = gettext_noop("(%(clauses)s, including former members)")
NOT = gettext_noop("not (%(clauses)s)")
EVERYONE = gettext_noop("everyone")
EVERYONE_WHO = gettext_noop("everyone who %(clause)s")
EVERYONE_EXCEPT = gettext_noop("everyone except anyone who %(clause)s")
JOINED = gettext_noop("%(before)s %(joiner)s %(clause)s")
JOINERS = {"all": gettext_noop("and"), "any": gettext_noop("or")}
EMPTY = {"all": gettext_noop("is anyone"), "any": gettext_noop("is nobody")}
"""How a list without conditions reads: everybody matches all of none."""


def describe(rule: Any, names: Names) -> Pieces:
    """The whole rule in one sentence, which `parsing` reads back."""
    # Wrapped, so that a rule of one clause reads like a list with one line.
    is_list = _name_of(rule) == "all" and _is_readable(rule, "all")
    parts = rule["all"] if is_list else [rule]
    # Exclusions last: what follows one would read as a part of it.
    excluded = [part["not"] for part in parts if _name_of(part) == "not"]
    parts = [part for part in parts if _name_of(part) != "not"]
    sentence = phrasing.plain(_(EVERYONE))
    if parts:
        clause = _join(_describe_all(parts, "all", names, 0), _(JOINERS["all"]))
        sentence = phrasing.fill(_(EVERYONE_WHO), clause=clause)
    elif excluded:
        clause = _describe_part(excluded.pop(0), names, 0)
        sentence = phrasing.fill(_(EVERYONE_EXCEPT), clause=clause)
    clauses = [_describe_part(part, names, 0) for part in excluded]
    return phrasing.tidy(_join([sentence, *clauses], _(EXCEPTION)))


def to_text(rule: Any, names: Names) -> str:
    return phrasing.to_text(describe(rule, names))


def _join(parts: Sequence[Pieces], joiner: str) -> Pieces:
    text, *rest = parts
    for part in rest:
        word = phrasing.plain(joiner)
        text = phrasing.fill(_(JOINED), before=text, joiner=word, clause=part)
    return phrasing.tidy(text)


def _describe_all(
    parts: Sequence[Any], joiner: str, names: Names, depth: int
) -> list[Pieces]:
    """The parts of a list. A clause that says several things is several of them."""
    described: list[Pieces] = []
    for part in parts:
        name = _name_of(part)
        if name == "not":
            clause = _describe_part(part[name], names, depth)
            word = phrasing.plain(_(NEGATION))
            negated = phrasing.fill(_(NEGATED), joiner=word, clause=clause)
            described.append(phrasing.tidy(negated))
        elif name and name not in GROUP_LABELS and joiner_of(name) == joiner:
            described += base.describe_parts(name, part[name], names)
        else:
            described.append(_describe_part(part, names, depth))
    return described


def _describe_part(part: Any, names: Names, depth: int) -> Pieces:
    """A part as one clause, in brackets where it could be misread."""
    name = _name_of(part)
    if name not in GROUP_LABELS or not _is_readable(part, name) or depth > MAX_DEPTH:
        args = part.get(name) if name else part
        described, joiner = base.describe_parts(name, args, names), joiner_of(name)
    elif name in LISTS:
        described, joiner = _describe_all(part[name], name, names, depth + 1), name
    else:
        clauses = _describe_part(part[name], names, depth + 1)
        template = _(WITH_LEFT) if name == "with_left" else _(NOT)
        return phrasing.fill(template, clauses=clauses)
    if not described:
        return phrasing.plain(_(EMPTY[joiner]))
    if len(described) == 1:
        return described[0]
    clauses = _join(described, _(JOINERS[joiner]))
    return phrasing.fill(_(BRACKETS), clauses=clauses)


def joiner_of(name: str) -> str:
    """How the parts of a clause belong together."""
    declaration = base.DECLARATIONS.get(name)
    return declaration.joiner if declaration else "all"
