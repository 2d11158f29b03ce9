"""The macro `segment`: the rules of segments, and frozen segments."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from qunce.core import db, revisions
from qunce.members.segments.frozen import FrozenSegment
from qunce.members.segments.segments import Segment
from qunce.sets.bitmaps import bitmaps
from qunce.sets.clauses import membership
from qunce.sets.rules import base, references, tree
from qunce.sets.rules.base import Clause, Macro, RulePath
from qunce.sets.rules.grammar.forms import Form, ListOf, Slot
from qunce.sets.rules.grammar.values import Name
from qunce.sets.rules.tree import All, Any_, ClauseNode, Node, Not

if TYPE_CHECKING:
    from pyroaring import BitMap

    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff
    from qunce.sets.rules.references import Mention
    from qunce.sets.rules.snapshots import Snapshot


@base.register
class SegmentMacro(Macro):
    """Stands for the rules of the segments as they are now."""

    name: ClassVar[str] = "segment"
    description: ClassVar[str] = (
        "Members who match the current rules of any, all or none of some segments, or who"
        " are in a frozen segment."
    )
    fields: ClassVar[tuple[str, ...]] = (*membership.QUANTIFIERS, "frozen")
    examples: ClassVar[tuple[dict[str, Any], ...]] = (
        {"any": ["loyal", "new"]},
        {"all": ["loyal"], "none": ["new"]},
        {"frozen": ["march"]},
    )
    forms: ClassVar = (
        *membership.term_forms(
            "segment",
            {
                "one": gettext_noop("is in the segment %(segments)s"),
                "any": gettext_noop("is in any of the segments %(segments)s"),
                "all": gettext_noop("is in all of the segments %(segments)s"),
                "none": gettext_noop("is in none of the segments %(segments)s"),
            },
        ),
        Form(
            gettext_noop("is in the frozen segment %(lists)s"),
            {"lists": Slot(ListOf(Name("frozen")), "frozen")},
        ),
    )

    @classmethod
    def split(cls, args: dict[str, Any]) -> list[dict[str, Any]]:
        parts = membership.split_terms(args)
        if "frozen" in args:
            parts.append({"frozen": args["frozen"]})
        return parts

    @classmethod
    def expand(cls, args: Any, path: RulePath) -> Node:
        base.check_fields(args, path, cls.fields)
        parts: list[Node] = []
        for quantifier in membership.QUANTIFIERS:
            if quantifier not in args:
                continue
            here = path.child(quantifier)
            rules = tuple(
                _compile_segment(key, here.child(index))
                for index, key in enumerate(base.parse_strings(args[quantifier], here))
            )
            if quantifier == "none":
                # `none` as a Not, so that the tree has no operator of its own for it.
                parts.append(Not(Any_(rules)))
            else:
                parts.append(All(rules) if quantifier == "all" else Any_(rules))
        if "frozen" in args:
            here = path.child("frozen")
            clause = FrozenClause.parse(args["frozen"], here)
            parts.append(ClauseNode(clause, here.text))
        if not parts:
            path.fail(_("Specify the segments with “any”, “all”, “none” or “frozen”."))
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    @classmethod
    def mentions(cls, args: Any) -> Iterator[Mention]:
        for quantifier in membership.QUANTIFIERS:
            yield from base.mentions_of("segment", args.get(quantifier))
        yield from base.mentions_of("frozen", args.get("frozen"))


def _compile_segment(key: str, path: RulePath) -> Node:
    if key in path.segments:
        way = " → ".join([*path.segments[path.segments.index(key) :], key])
        path.fail(_("These segments refer to each other: %(way)s.") % {"way": way})
    rows = db.rows(
        "SELECT rule FROM members_segment WHERE community_id = %s AND key = %s",
        [path.community.pk, key],
    )
    if not rows:
        path.fail(_("There is no segment “%(key)s”.") % {"key": key})
    # The key is part of the path, so that an error names the segment it is in.
    # Segments are shared: who uses one need not see all groups that it is made of.
    inside = replace(
        path,
        text=f"{path.text}({key})",
        segments=(*path.segments, key),
        groups=None,
        author=None,
    )
    return tree.compile_node(json.loads(rows[0][0]), inside)


@dataclass(frozen=True)
class FrozenClause(Clause):
    """The people of frozen segments; those merged since count as one person.

    It is a part of the macro and has no name of its own in rules.
    """

    name: ClassVar[str] = "frozen"

    lists: tuple[int, ...]

    @classmethod
    def parse(cls, args: Any, path: RulePath) -> FrozenClause:
        keys = base.parse_strings(args, path)
        rows = FrozenSegment.objects.filter(community=path.community)
        found: dict[str, int] = {}
        for start in range(0, len(keys), references.CHUNK_SIZE):
            chunk = keys[start : start + references.CHUNK_SIZE]
            found.update(rows.filter(key__in=chunk).values_list("key", "pk"))
            for index, key in enumerate(chunk, start):
                if key not in found:
                    path.child(index).fail(
                        _("There is no frozen segment “%(key)s”.") % {"key": key}
                    )
        return cls(tuple(sorted(set(found.values()))))

    def dependencies(self) -> Iterable[revisions.Key]:
        return ()

    def resolve(self, snap: Snapshot) -> BitMap:
        rows = FrozenSegment.objects.filter(pk__in=self.lists).order_by("pk")
        sets = [
            bitmaps.from_bytes(blob) for blob in rows.values_list("blob", flat=True)
        ]
        return snap.people(bitmaps.union(sets))

    def explain(self, snap: Snapshot, person: int) -> str:
        if person in snap.resolve(self):
            return _("is in the frozen segment")
        return _("is not in the frozen segment")


# What rules mention


def find_names(community: Community, keys: Sequence[str]) -> dict[str, str]:
    rows = Segment.objects.filter(community=community, key__in=keys)
    return dict(rows.values_list("key", "name"))


def find_frozen_names(community: Community, keys: Sequence[str]) -> dict[str, str]:
    """A frozen segment has no name besides its key."""
    rows = FrozenSegment.objects.filter(community=community, key__in=keys)
    return {key: key for key in rows.values_list("key", flat=True)}


def list_names(community: Community, by: Staff | None) -> list[tuple[str, str]]:
    rows = Segment.objects.filter(community=community).order_by("pk")
    return list(rows.values_list("key", "name"))


def list_frozen_names(community: Community, by: Staff | None) -> list[tuple[str, str]]:
    rows = FrozenSegment.objects.filter(community=community).order_by("pk")
    return [(key, key) for key in rows.values_list("key", flat=True)]


references.register("segment", find_names=find_names, list_names=list_names)
references.register(
    "frozen", find_names=find_frozen_names, list_names=list_frozen_names
)
