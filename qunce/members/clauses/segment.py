"""The clause `segment`: other rules by name, and frozen lists."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.translation import gettext as _

from qunce.core import db, revisions
from qunce.members.segments.frozen import FrozenSegment
from qunce.sets.bitmaps import bitmaps
from qunce.sets.clauses import membership
from qunce.sets.rules import base, tree
from qunce.sets.rules.base import Clause, RulePath
from qunce.sets.rules.tree import All, Any_, ClauseNode, Node, Not

if TYPE_CHECKING:
    from pyroaring import BitMap

    from qunce.sets.rules.snapshots import Snapshot


def segment(args: Any, path: RulePath) -> Node:
    """Segments in a rule are their own rules, unfolded; a cycle is refused."""
    base.check_fields(args, path, (*membership.WORDS, "frozen"))
    parts: list[Node] = []
    for word in membership.WORDS:
        if word not in args:
            continue
        here = path.child(word)
        nodes = tuple(
            _unfold(key, here.child(number))
            for number, key in enumerate(base.parse_strings(args[word], here))
        )
        if word == "none":
            parts.append(Not(Any_(nodes)))
        else:
            parts.append(All(nodes) if word == "all" else Any_(nodes))
    if "frozen" in args:
        here = path.child("frozen")
        parts.append(ClauseNode(FrozenClause.parse(args["frozen"], here), here.path))
    if not parts:
        path.fail(_("Specify the segments with “any”, “all”, “none” or “frozen”."))
    return parts[0] if len(parts) == 1 else All(tuple(parts))


def _unfold(key: str, path: RulePath) -> Node:
    if key in path.trail:
        way = " → ".join([*path.trail[path.trail.index(key) :], key])
        path.fail(_("These segments refer to each other: %(way)s.") % {"way": way})
    found = db.rows(
        "SELECT rule FROM members_segment WHERE community_id = %s AND key = %s",
        [path.community.pk, key],
    )
    if not found:
        path.fail(_("There is no segment “%(key)s”.") % {"key": key})
    inside = replace(path, path=f"{path.path}({key})", trail=(*path.trail, key))
    return tree.compile_node(json.loads(found[0][0]), inside)


@dataclass(frozen=True)
class FrozenClause(Clause):
    """People of a list as of its moment, whom they merged into since."""

    name: ClassVar[str] = "frozen"
    lists: tuple[int, ...]

    @classmethod
    def parse(cls, args: Any, path: RulePath) -> FrozenClause:
        ids = []
        for number, key in enumerate(base.parse_strings(args, path)):
            found = FrozenSegment.objects.filter(community=path.community, key=key)
            if not found.exists():
                path.child(number).fail(
                    _("There is no frozen segment “%(key)s”.") % {"key": key}
                )
            ids.append(found.get().pk)
        return cls(tuple(sorted(ids)))

    def dependencies(self) -> Iterable[revisions.Key]:
        return ()

    def resolve(self, snap: Snapshot) -> BitMap:
        blobs = FrozenSegment.objects.filter(pk__in=self.lists).order_by("pk")
        lists = [
            bitmaps.from_bytes(blob) for blob in blobs.values_list("blob", flat=True)
        ]
        return snap.people(bitmaps.union(lists))

    def explain(self, snap: Snapshot, person: int) -> str:
        if person in snap.resolve(self):
            return _("is in the frozen segment")
        return _("is not in the frozen segment")
