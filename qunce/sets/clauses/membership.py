"""Clauses over marks: any, all or none of several sets, with depth."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from pyroaring import BitMap

from qunce.core import revisions
from qunce.sets.bitmaps import bitmaps
from qunce.sets.bitmaps.bit_counters import BitCounter
from qunce.sets.rules import base, comparisons
from qunce.sets.rules.base import Clause, RulePath
from qunce.sets.rules.comparisons import Comparison

if TYPE_CHECKING:
    from qunce.sets.rules.snapshots import Snapshot

WORDS = {
    "any": gettext_noop("any of"),
    "all": gettext_noop("all of"),
    "none": gettext_noop("none of"),
}
Named = tuple[tuple[int, str], ...]
"""Ids, each with the key that it was asked for by."""


@dataclass(frozen=True)
class MembershipClause(Clause):
    """Whoever is in any, in all, in none of the named sets; all that is given holds.

    With `depth`, being in a set means to be in it with such a depth; a person's depth is
    the sum over their accounts.
    """

    kind: ClassVar[str]
    what: ClassVar[str]
    """The reference by which keys are found."""

    asked: tuple[tuple[str, Named], ...]
    depth: Comparison | None = None

    @classmethod
    def parse_asked(
        cls, args: dict[str, Any], path: RulePath
    ) -> tuple[tuple[str, Named], ...]:
        return tuple(
            (word, cls._named(args[word], path.child(word)))
            for word in WORDS
            if word in args
        )

    @classmethod
    def _named(cls, value: Any, path: RulePath) -> Named:
        keys = base.parse_strings(value, path)
        return tuple(zip(base.resolve_keys(cls.what, keys, path), keys, strict=True))

    @classmethod
    def parse_depth(cls, args: dict[str, Any], path: RulePath) -> Comparison | None:
        if "depth" not in args:
            return None
        return comparisons.parse(args["depth"], path.child("depth"))

    def refs(self) -> set[int]:
        return {ref for _word, named in self.asked for ref, _key in named}

    def dependencies(self) -> Iterable[revisions.Key]:
        return [(self.kind, ref) for ref in self.refs()]

    def resolve(self, snap: Snapshot) -> BitMap:
        found = snap.everyone(with_left=True)
        for word, named in self.asked:
            found = self._cut(snap, word, named, found)
        return found

    def _cut(self, snap: Snapshot, word: str, named: Named, found: BitMap) -> BitMap:
        sets = [self._carriers(snap, ref) for ref, _key in named]
        if word == "any":
            return found & bitmaps.union(sets)
        if word == "none":
            return found - bitmaps.union(sets)
        for some in sets:
            found = found & some
        return found

    def _carriers(self, snap: Snapshot, ref: int) -> BitMap:
        stack = by_person(snap, self.kind, ref)
        carriers = stack.nonzero()
        return self.depth.select(stack, carriers) if self.depth else carriers

    def explain(self, snap: Snapshot, person: int) -> str:
        return base.join_sentences(
            self._say(snap, person, *part) for part in self.asked
        )

    def _say(self, snap: Snapshot, person: int, word: str, named: Named) -> str:
        depths = {
            key: by_person(snap, self.kind, ref).get(person) for ref, key in named
        }
        found = [
            f"{key} ×{depth}" if depth > 1 else key
            for key, depth in depths.items()
            if depth
        ]
        wanted = base.format_list(key for _ref, key in named)
        if self.depth:
            wanted = _("%(tags)s with depth %(depth)s") % {
                "tags": wanted,
                "depth": self.depth.say(),
            }
        return self.sentence() % {
            "what": _(self.what),
            "word": _(WORDS[word]),
            "wanted": wanted,
            "found": base.format_list(found) or _("none"),
        }

    def sentence(self) -> str:
        return _("%(what)s, %(word)s %(wanted)s; has: %(found)s")


def by_person(snap: Snapshot, kind: str, ref: int) -> BitCounter:
    """The marks of one ref by person, cached under its revision and the aliases'."""
    label = (snap.revisions[(kind, ref)], snap.revisions[("alias", 0)])
    return snap.memoize(
        ("by person", kind, ref), label, lambda: snap.by_person(snap.marks(kind, ref))
    )
