"""Rules as sentences: line by line for editing, in one sentence for lists.

Everyone who has any of the tags VIP, KOC and paid an order at least 2 times in the last
30 days except anyone who got a message in the last 3 days
"""

from __future__ import annotations

from collections.abc import Iterator
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


def describe(rule: Any, names: Names) -> Pieces:
    """The whole rule in one sentence."""
    name = _name_of(rule)
    # Wrapped, so that a rule of one clause reads like a list with one line.
    whole = rule if name == "all" and _is_readable(rule, name) else {"all": [rule]}
    sentence: Pieces = ()
    # Exclusions last: what follows one would read as a part of it.
    lines = sorted(
        _outermost(list_lines(whole, names)), key=lambda pair: pair[0].is_negated
    )
    for line, inside in lines:
        clause = _with_inside(line, inside)
        if sentence:
            sentence = _append(sentence, line, clause)
        elif line.is_negated:
            template = _("everyone except anyone who %(clause)s")
            sentence = phrasing.fill(template, clause=clause)
        else:
            sentence = phrasing.fill(_("everyone who %(clause)s"), clause=clause)
    return phrasing.tidy(sentence) if sentence else phrasing.plain(_("everyone"))


def to_text(rule: Any, names: Names) -> str:
    return phrasing.to_text(describe(rule, names))


def _append(before: Pieces, line: Line, clause: Pieces) -> Pieces:
    return phrasing.fill(
        _("%(before)s %(joiner)s %(clause)s"),
        before=before,
        joiner=phrasing.plain(line.joiner),
        clause=clause,
    )


def _with_inside(line: Line, inside: list[Line]) -> Pieces:
    """The line, and in brackets what is inside it."""
    if not line.is_group:
        return line.pieces
    text: Pieces = ()
    children = list(_outermost(inside))
    for child, deeper in children:
        clause = _with_inside(child, deeper)
        if text:
            text = _append(text, child, clause)
        else:
            joiner = phrasing.plain(child.joiner)
            text = phrasing.fill(
                _("%(joiner)s %(clause)s"), joiner=joiner, clause=clause
            )
    text = phrasing.tidy(text)
    if not children:
        return line.pieces
    if line.name == "with_left":
        template = _("(%(clauses)s, including former members)")
    elif line.name == "not":
        template = _("not (%(clauses)s)")
    elif len(children) == 1:
        return text
    else:
        template = _("(%(clauses)s)")
    return phrasing.fill(template, clauses=text)


def _outermost(lines: list[Line]) -> Iterator[tuple[Line, list[Line]]]:
    """The outermost of these lines, each with the lines inside it."""
    for index, line in enumerate(lines):
        if line.depth == lines[0].depth:
            rest = lines[index + 1 :]
            deeper = [other.depth > line.depth for other in rest]
            end = deeper.index(False) if False in deeper else len(rest)
            yield line, rest[:end]
