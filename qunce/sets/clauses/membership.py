"""Base of the clauses over marks: any, all or none of several sets, with depth."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from pyroaring import BitMap

from qunce.core import revisions
from qunce.sets.bitmaps import bitmaps
from qunce.sets.bitmaps.bit_counters import BitCounter
from qunce.sets.rules import base, comparisons, references
from qunce.sets.rules.base import Clause, RulePath
from qunce.sets.rules.comparisons import Comparison
from qunce.sets.rules.grammar.forms import Form, ListOf, Slot
from qunce.sets.rules.grammar.values import Name
from qunce.sets.rules.references import Mention

if TYPE_CHECKING:
    from qunce.sets.rules.snapshots import Snapshot

QUANTIFIERS = {
    "any": gettext_noop("any of"),
    "all": gettext_noop("all of"),
    "none": gettext_noop("none of"),
}
Reference = tuple[int, str]
"""The id of a set, and the key that the rule mentions it by."""
Term = tuple[str, tuple[Reference, ...]]
"""A quantifier and the sets it applies to."""


@dataclass(frozen=True)
class MembershipClause(Clause):
    """Members of any, of all or of none of some sets; every term must hold.

    With `depth` a member counts as in a set only if their depth in it compares as
    required. A person's depth is the sum over their accounts.
    """

    mark_kind: ClassVar[str]
    reference_kind: ClassVar[str]
    terms: tuple[Term, ...]
    depth: Comparison | None = None

    @classmethod
    def parse_terms(cls, args: dict[str, Any], path: RulePath) -> tuple[Term, ...]:
        terms = []
        for quantifier in QUANTIFIERS:
            if quantifier in args:
                here = path.child(quantifier)
                # Each once: a union of the same set again and again takes time.
                keys = tuple(dict.fromkeys(base.parse_strings(args[quantifier], here)))
                ids = base.resolve_keys(cls.reference_kind, keys, here)
                # The keys are kept for explanations, in which an id would mean nothing.
                terms.append((quantifier, tuple(zip(ids, keys, strict=True))))
        return tuple(terms)

    @classmethod
    def parse_depth(cls, args: dict[str, Any], path: RulePath) -> Comparison | None:
        if "depth" not in args:
            return None
        return comparisons.parse(args["depth"], path.child("depth"))

    @classmethod
    def split(cls, args: dict[str, Any]) -> list[dict[str, Any]]:
        return split_terms(args)

    @classmethod
    def mentions(cls, args: Any) -> Iterator[Mention]:
        for quantifier in QUANTIFIERS:
            yield from base.mentions_of(cls.reference_kind, args.get(quantifier))

    def set_ids(self) -> set[int]:
        return {ref for _quantifier, sets in self.terms for ref, _key in sets}

    def dependencies(self) -> Iterable[revisions.Key]:
        return [(self.mark_kind, ref) for ref in self.set_ids()]

    def resolve(self, snap: Snapshot) -> BitMap:
        people = snap.known()
        for quantifier, sets in self.terms:
            members = [self.members_of(snap, ref) for ref, _key in sets]
            if quantifier == "any":
                people = people & bitmaps.union(members)
            elif quantifier == "none":
                people = people - bitmaps.union(members)
            else:
                # All of an empty list is no restriction, like an empty `all`.
                for bitmap in members:
                    people = people & bitmap
        return people

    def members_of(self, snap: Snapshot, ref: int) -> BitMap:
        """The people who count as in one set."""
        counter = by_person(snap, self.mark_kind, ref)
        everyone = counter.nonzero()
        return self.depth.select(counter, everyone) if self.depth else everyone

    def explain(self, snap: Snapshot, person: int) -> str:
        sentences = []
        for quantifier, sets in self.terms:
            depths = {
                key: by_person(snap, self.mark_kind, ref).get(person)
                for ref, key in sets
            }
            keys = [key for _ref, key in sets]
            shown = references.list_names(snap.community, self.reference_kind, keys)
            names = dict(zip(keys, shown, strict=True))
            present = [
                f"{names[key]} ×{depth}" if depth > 1 else names[key]
                for key, depth in depths.items()
                if depth
            ]
            required = base.format_list(shown)
            if self.depth:
                required = _("%(tags)s with depth %(depth)s") % {
                    "tags": required,
                    "depth": self.depth.format(),
                }
            sentence = _("%(what)s, %(word)s %(wanted)s; has: %(found)s") % {
                "what": references.get(self.reference_kind).label,
                "word": _(QUANTIFIERS[quantifier]),
                "wanted": required,
                "found": base.format_list(present) or _("none"),
            }
            sentences.append(sentence)
        return base.join_sentences(sentences)


def term_forms(kind: str, templates: Mapping[str, str]) -> tuple[Form, ...]:
    """The forms of `any`, `all` and `none`.

    The templates have a placeholder for the names: the plural of `kind`, as in
    `%(tags)s`. That of `one` is for any of a single thing.
    """
    one = Slot(ListOf(Name(kind), least=1, most=1), "any")
    forms = [Form(templates["one"], {f"{kind}s": one})]
    for quantifier in QUANTIFIERS:
        names = Slot(ListOf(Name(kind)), quantifier)
        forms.append(Form(templates[quantifier], {f"{kind}s": names}))
    return tuple(forms)


def split_terms(
    args: dict[str, Any], common: Iterable[str] = ()
) -> list[dict[str, Any]]:
    """A part for each of `any`, `all` and `none`, all of which have the `common` fields."""
    shared = {name: args[name] for name in common if name in args}
    return [{name: args[name], **shared} for name in QUANTIFIERS if name in args]


def by_person(snap: Snapshot, kind: str, ref: int) -> BitCounter:
    """How often each person is marked with one ref, such as a tag."""
    # A merge changes whose depth an account's mark adds to.
    label = (snap.revisions[(kind, ref)], snap.revisions[("alias", 0)])
    return snap.memoize(
        ("by person", kind, ref), label, lambda: snap.by_person(snap.marks(kind, ref))
    )
