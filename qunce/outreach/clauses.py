"""The clause `opted_out`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.translation import gettext as _

from qunce.core import revisions
from qunce.outreach import opt_outs
from qunce.sets.rules import base, phrasing
from qunce.sets.rules.base import Clause, RulePath

if TYPE_CHECKING:
    from pyroaring import BitMap

    from qunce.sets.rules.phrasing import Names, Pieces
    from qunce.sets.rules.snapshots import Snapshot


@base.register
@dataclass(frozen=True)
class OptedOutClause(Clause):
    """Members who opted out with any of their accounts."""

    name: ClassVar[str] = "opted_out"
    description: ClassVar[str] = (
        "Members who opted out of messages with any of their accounts."
    )
    fields: ClassVar[tuple[str, ...]] = ("of",)
    examples: ClassVar[tuple[dict[str, Any], ...]] = ({"of": opt_outs.MESSAGES},)

    community: int

    @classmethod
    def parse(cls, args: Any, path: RulePath) -> OptedOutClause:
        base.check_fields(args, path, cls.fields)
        if args.get("of") != opt_outs.MESSAGES:
            path.child("of").fail(_("Write “messages”."))
        return cls(path.community.pk)

    @classmethod
    def phrase(cls, args: Any, names: Names) -> Pieces:
        return phrasing.plain(_("opted out of messages"))

    def dependencies(self) -> Iterable[revisions.Key]:
        return [(opt_outs.KIND.name, self.community)]

    def resolve(self, snap: Snapshot) -> BitMap:
        return snap.people(snap.marks(opt_outs.KIND.name, self.community).nonzero())

    def explain(self, snap: Snapshot, person: int) -> str:
        if person in snap.resolve(self):
            return _("has opted out of messages")
        return _("has not opted out of messages")
