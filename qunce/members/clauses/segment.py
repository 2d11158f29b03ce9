"""The clause `segment`: other rules by name, and frozen lists."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.translation import gettext as _

from qunce.core import db, revisions
from qunce.members.segments.segments import FrozenSegment
from qunce.sets.bitmaps import bitmaps
from qunce.sets.clauses import membership
from qunce.sets.rules import base, tree
from qunce.sets.rules.base import Leaf, Place
from qunce.sets.rules.tree import All, Any_, Clause, Node, Not

if TYPE_CHECKING:
    from pyroaring import BitMap

    from qunce.sets.rules.snapshots import Snapshot


def segment(args: Any, place: Place) -> Node:
    """Segments in a rule are their own rules, unfolded; a cycle is refused."""
    base.fields(args, place, (*membership.WORDS, "frozen"))
    parts: list[Node] = []
    for word in membership.WORDS:
        if word not in args:
            continue
        here = place.inside(word)
        nodes = tuple(
            _unfold(key, here.inside(number))
            for number, key in enumerate(base.strings(args[word], here))
        )
        if word == "none":
            parts.append(Not(Any_(nodes)))
        else:
            parts.append(All(nodes) if word == "all" else Any_(nodes))
    if "frozen" in args:
        here = place.inside("frozen")
        parts.append(Clause(FrozenLeaf.parse(args["frozen"], here), here.path))
    if not parts:
        place.refuse(_("Specify the segments with “any”, “all”, “none” or “frozen”."))
    return parts[0] if len(parts) == 1 else All(tuple(parts))


def _unfold(key: str, place: Place) -> Node:
    if key in place.trail:
        way = " → ".join([*place.trail[place.trail.index(key) :], key])
        place.refuse(_("These segments refer to each other: %(way)s.") % {"way": way})
    found = db.rows(
        "SELECT rule FROM members_segment WHERE community_id = %s AND key = %s",
        [place.community.pk, key],
    )
    if not found:
        place.refuse(_("There is no segment “%(key)s”.") % {"key": key})
    inside = replace(place, path=f"{place.path}({key})", trail=(*place.trail, key))
    return tree.compile_node(json.loads(found[0][0]), inside)


@dataclass(frozen=True)
class FrozenLeaf(Leaf):
    """People of a list as of its moment, whom they merged into since."""

    name: ClassVar[str] = "frozen"
    lists: tuple[int, ...]

    @classmethod
    def parse(cls, args: Any, place: Place) -> FrozenLeaf:
        ids = []
        for number, key in enumerate(base.strings(args, place)):
            found = FrozenSegment.objects.filter(community=place.community, key=key)
            if not found.exists():
                place.inside(number).refuse(
                    _("There is no frozen segment “%(key)s”.") % {"key": key}
                )
            ids.append(found.get().pk)
        return cls(tuple(sorted(ids)))

    def reads(self) -> Iterable[revisions.Key]:
        return ()

    def resolve(self, snap: Snapshot) -> BitMap:
        blobs = FrozenSegment.objects.filter(pk__in=self.lists).order_by("pk")
        lists = [bitmaps.thaw(blob) for blob in blobs.values_list("blob", flat=True)]
        return snap.people(bitmaps.union(lists))

    def say(self, snap: Snapshot, person: int) -> str:
        if person in snap.resolve(self):
            return _("is in the frozen segment")
        return _("is not in the frozen segment")
