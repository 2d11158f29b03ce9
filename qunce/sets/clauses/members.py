"""The clause `members`: an explicit list."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.translation import gettext as _
from pyroaring import BitMap

from qunce.core import revisions
from qunce.sets.rules import base
from qunce.sets.rules.base import Leaf, Place

if TYPE_CHECKING:
    from qunce.sets.rules.snapshots import Snapshot


@base.register
@dataclass(frozen=True)
class Members(Leaf):
    name: ClassVar[str] = "members"
    accounts: tuple[int, ...]

    @classmethod
    def parse(cls, args: Any, place: Place) -> Members:
        base.fields(args, place, ("keys",))
        here = place.inside("keys")
        keys = base.strings(args.get("keys"), here)
        found = base.refer("account", keys, here)
        return cls(tuple(sorted(set(found))))

    def reads(self) -> Iterable[revisions.Key]:
        return ()

    def resolve(self, snap: Snapshot) -> BitMap:
        return snap.people(BitMap(self.accounts))

    def say(self, snap: Snapshot, person: int) -> str:
        if person in snap.resolve(self):
            return _("is on the list")
        return _("is not on the list")
