"""Clauses of a sentence as one rule, if the words between them have one meaning."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from qunce.members.rule_text.canonical import canonical
from qunce.members.rule_text.free_text.drafts import Draft
from qunce.members.rule_text.free_text.items import Item
from qunce.members.rule_text.free_text.reading import Choice, Mark

COMMAS = ("，", ",", ";", "；")


@dataclass
class Part:
    """A clause with the separator before it, and whether it is excluded."""

    before: Item | None
    clause: Any
    draft: Draft
    is_excluded: bool

    @property
    def start(self) -> int:
        return min(item.start for item in self.draft.items)

    @property
    def end(self) -> int:
        return max(item.end for item in self.draft.items)


def check(parts: Sequence[Part], marks: Sequence[Mark]) -> Iterator[Mark]:
    """Marks for the words between clauses that can be read in two ways.

    `marks` are those that there are already.
    """
    first = parts[0].before if parts else None
    is_open = first is not None and first.kind not in ("of", "and", "except")
    # If an unknown word stands before it, that is what is not understood.
    if first and is_open and all(mark.start > first.start for mark in marks):
        yield Mark(first.start, first.end, "unknown")
    for before, part in itertools.pairwise(parts):
        item = part.before
        if item is None:
            continue
        if item.kind == "and_names" and _are_alike(before, part):
            yield ask_and_or(item)
        if item.kind == "and" and before.is_excluded and part.is_excluded:
            yield _ask_excluded(item)


def find_mixture(parts: Sequence[Part], text: str) -> Mark | None:
    """A mark for “and” and “or” beside each other, neither of which goes before.

    Three parts can be put in brackets in two ways, which are offered.
    """
    words = [part.before for part in parts[1:] if part.before is not None]
    ors = [item for item in words if item.kind == "or"]
    ands = [
        item
        for item in words
        if item.kind in ("and", "and_names")
        and text[item.start : item.end] not in COMMAS
    ]
    if not ors or not ands:
        return None
    note = _(
        "“And” and “or” together have several meanings. Put in brackets what belongs"
        " together, such as “(A and B) or C”."
    )
    both = sorted((*ors, *ands), key=lambda item: item.start)
    if len(parts) != 3 or len(both) != 2 or any(part.is_excluded for part in parts):
        return Mark(both[0].start, both[-1].end, "unknown", note=note)
    start, end = parts[0].start, parts[2].end
    first, second, third = (
        text[start : both[0].start].strip(),
        text[both[0].end : both[1].start].strip(),
        text[both[1].end : end].strip(),
    )
    one, two = (text[item.start : item.end] for item in both)
    choices = [
        f"({first} {one} {second}) {two} {third}",
        f"{first} {one} ({second} {two} {third})",
    ]
    return Mark(start, end, "ambiguous", tuple(Choice(c, c) for c in choices), note)


def _are_alike(before: Part, part: Part) -> bool:
    """Two names of one kind: in one of them, or in both?"""
    drafts = (before.draft, part.draft)
    if part.is_excluded or any(draft.is_negative for draft in drafts):
        return False
    is_name = before.draft.kind not in ("verb", "attr", "score", "brackets")
    return is_name and before.draft.kind == part.draft.kind


def ask_and_or(item: Item) -> Mark:
    """Two names: is one of them enough?"""
    either, both = pgettext("of two things", "or"), pgettext("of two things", "also")
    choices = (
        Choice(_("one of them is enough"), f" {either} "),
        Choice(_("both of them"), f" {both} "),
    )
    return _ask(item, choices)


def _ask_excluded(item: Item) -> Mark:
    excluded = pgettext("of two things", "except")
    wanted = pgettext("of two things", "but")
    choices = (
        Choice(_("these are excluded, too"), f" {excluded} "),
        Choice(_("these are wanted"), f" {wanted} "),
    )
    return _ask(item, choices)


def _ask(item: Item, choices: tuple[Choice, ...]) -> Mark:
    note = _("This has several meanings. Choose one.")
    return Mark(item.start, item.end, "ambiguous", choices, note)


def combine(parts: Sequence[Part]) -> Any:
    """The rule in canonical form; None without any clause."""
    if not parts:
        return None
    included = _join([part for part in parts if not part.is_excluded])
    # Who has left is found only where everything includes former members.
    with_left = [part["with_left"] for part in included if "with_left" in part]
    if with_left:
        rest = [part for part in included if "with_left" not in part]
        included = [{"with_left": {"all": [*rest, *with_left]}}]
    excluded = _join([part for part in parts if part.is_excluded], ("of", ""))
    return canonical({"all": [*included, *({"not": part} for part in excluded)]})


def _join(parts: Sequence[Part], together: tuple[str, ...] = ()) -> list[Any]:
    """The clauses, those that “or” joins as one. What `together` joins is one, too."""
    groups: list[tuple[str, list[Any]]] = []
    for part in parts:
        before = part.before.kind if part.before else ""
        if groups and before in ("or", "list"):
            name, clauses = groups.pop()
            if name != "any":
                clauses = [clauses[0] if len(clauses) == 1 else {"all": clauses}]
            groups.append(("any", [*clauses, part.clause]))
        elif groups and together and before in together:
            name, clauses = groups.pop()
            clauses = clauses if name == "all" else [{"any": clauses}]
            groups.append(("all", [*clauses, part.clause]))
        else:
            groups.append(("all", [part.clause]))
    return [
        clauses[0] if len(clauses) == 1 else {name: clauses} for name, clauses in groups
    ]
