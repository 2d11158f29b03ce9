"""The clause `members`: an explicit list."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.translation import gettext as _
from pyroaring import BitMap

from qunce.core import revisions
from qunce.sets.rules import base, phrasing
from qunce.sets.rules.base import Clause, RulePath
from qunce.sets.rules.phrasing import Names, Pieces

if TYPE_CHECKING:
    from qunce.sets.rules.snapshots import Snapshot


@base.register
@dataclass(frozen=True)
class MembersClause(Clause):
    name: ClassVar = "members"
    knows_past: ClassVar[bool] = True
    description: ClassVar = "Members listed by their keys."
    fields: ClassVar = ("keys",)
    examples: ClassVar = ({"keys": ["a1", "a2"]},)

    accounts: tuple[int, ...]

    @classmethod
    def parse(cls, args: Any, path: RulePath) -> MembersClause:
        base.check_fields(args, path, cls.fields)
        here = path.child("keys")
        keys = base.parse_strings(args.get("keys"), here)
        accounts = base.resolve_keys("account", keys, here)
        # Sorted, so that equal lists are equal clauses and share a cached set.
        return cls(tuple(sorted(set(accounts))))

    @classmethod
    def phrase(cls, args: Any, names: Names) -> Pieces:
        # Only how many: a key may be a phone number, which not all staff may see. For
        # the same reason the keys are no mentions.
        n = len(phrasing.as_list(args["keys"]))
        if n == 1:
            return phrasing.plain(_("is the one member listed individually"))
        return phrasing.fill(
            _("is one of %(n)s members listed individually"), n=phrasing.value(n)
        )

    def dependencies(self) -> Iterable[revisions.Key]:
        return ()

    def resolve(self, snap: Snapshot) -> BitMap:
        return snap.people(BitMap(self.accounts))

    def explain(self, snap: Snapshot, person: int) -> str:
        if person in snap.resolve(self):
            return _("is on the list")
        return _("is not on the list")
