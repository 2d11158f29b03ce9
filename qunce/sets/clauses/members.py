"""The clause `members`: an explicit list."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.translation import gettext as _
from pyroaring import BitMap

from qunce.core import revisions
from qunce.sets.rules import base
from qunce.sets.rules.base import Clause, RulePath

if TYPE_CHECKING:
    from qunce.sets.rules.snapshots import Snapshot


@base.register
@dataclass(frozen=True)
class MembersClause(Clause):
    name: ClassVar[str] = "members"
    accounts: tuple[int, ...]

    @classmethod
    def parse(cls, args: Any, path: RulePath) -> MembersClause:
        base.check_fields(args, path, ("keys",))
        here = path.child("keys")
        keys = base.parse_strings(args.get("keys"), here)
        found = base.resolve_keys("account", keys, here)
        return cls(tuple(sorted(set(found))))

    def dependencies(self) -> Iterable[revisions.Key]:
        return ()

    def resolve(self, snap: Snapshot) -> BitMap:
        return snap.people(BitMap(self.accounts))

    def explain(self, snap: Snapshot, person: int) -> str:
        if person in snap.resolve(self):
            return _("is on the list")
        return _("is not on the list")
