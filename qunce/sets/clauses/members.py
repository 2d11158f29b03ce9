"""The clause `members`: an explicit list."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from pyroaring import BitMap

from qunce.core import revisions
from qunce.sets.rules import base, phrasing
from qunce.sets.rules.base import Clause, RulePath
from qunce.sets.rules.grammar.forms import Fields, Form, ListOf, Part, Slot, Unfit
from qunce.sets.rules.grammar.reader import Found, Reader
from qunce.sets.rules.grammar.values import WHOLE, Name
from qunce.sets.rules.phrasing import Names, Pieces

if TYPE_CHECKING:
    from qunce.sets.rules.snapshots import Snapshot


@dataclass(frozen=True, eq=False)
class CountOf(Part):
    """How many keys there are; only a sentence about none can be read back."""

    def write(self, value: Any, names: Names, about: Fields) -> Pieces:
        return phrasing.value(len(phrasing.as_list(value)))

    def scan(self, reader: Reader, at: int, about: Fields) -> Found:
        counts = WHOLE.read(reader, at, about)
        return [([], end) for count, end in counts if count == 0]


@dataclass(frozen=True, eq=False)
class Keys(Name):
    """A key, if the names say that whoever asks may read it."""

    kind: str = "account"

    def write(self, value: Any, names: Names, about: Fields) -> Pieces:
        if (self.kind, value) not in names:
            raise Unfit(value)
        return super().write(value, names, about)


def _refuse(args: dict[str, Any]) -> dict[str, Any]:
    """No keys can be read from how many there are."""
    raise Unfit(args)


def _unpack_one(args: dict[str, Any]) -> dict[str, Any]:
    if len(phrasing.as_list(args.pop("keys"))) != 1:
        raise Unfit(args)
    return args


@base.register
@dataclass(frozen=True)
class MembersClause(Clause):
    name: ClassVar = "members"
    knows_past: ClassVar[bool] = True
    description: ClassVar = "Members listed by their keys."
    fields: ClassVar = ("keys",)
    examples: ClassVar = ({"keys": ["a1", "a2"]},)

    forms: ClassVar = (
        Form(
            gettext_noop("is one of these members: %(members)s"),
            {"members": Slot(ListOf(Keys(), least=1), "keys")},
        ),
        # Only how many: a key may be a phone number, which not all staff may see. For
        # the same reason the keys are no mentions.
        Form(
            gettext_noop("is the one member listed individually"),
            unpack=_unpack_one,
            pack=_refuse,
        ),
        Form(
            gettext_noop("is one of %(n)s members listed individually"),
            {"n": Slot(CountOf(), "keys")},
        ),
    )

    accounts: tuple[int, ...]

    @classmethod
    def parse(cls, args: Any, path: RulePath) -> MembersClause:
        base.check_fields(args, path, cls.fields)
        here = path.child("keys")
        keys = base.parse_strings(args.get("keys"), here)
        accounts = base.resolve_keys("account", keys, here)
        # Sorted, so that equal lists are equal clauses and share a cached set.
        return cls(tuple(sorted(set(accounts))))

    def dependencies(self) -> Iterable[revisions.Key]:
        return ()

    def resolve(self, snap: Snapshot) -> BitMap:
        return snap.people(BitMap(self.accounts))

    def explain(self, snap: Snapshot, person: int) -> str:
        if person in snap.resolve(self):
            return _("is on the list")
        return _("is not on the list")
