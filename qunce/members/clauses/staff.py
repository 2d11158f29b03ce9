"""The clause `staff`: who is in charge of members."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from qunce.core import revisions
from qunce.core.staff.models import Staff
from qunce.members.clauses import attribute
from qunce.members.staff_in_charge import models
from qunce.sets.bitmaps import bitmaps
from qunce.sets.rules import base, references
from qunce.sets.rules.base import Clause, RulePath
from qunce.sets.rules.grammar.forms import Form, ListOf, Slot
from qunce.sets.rules.grammar.values import Name

if TYPE_CHECKING:
    from pyroaring import BitMap

    from qunce.core.communities import Community
    from qunce.sets.bitmaps.attribute_columns import Column
    from qunce.sets.rules.references import Mention
    from qunce.sets.rules.snapshots import Snapshot


@base.register
@dataclass(frozen=True)
class StaffClause(Clause):
    name: ClassVar[str] = "staff"
    description: ClassVar[str] = (
        "Members whose staff member in charge is one of these, the one who asks (`me`),"
        " or nobody. Several of them are joined by “or”."
    )
    fields: ClassVar[tuple[str, ...]] = ("any", "me", "nobody")
    examples: ClassVar[tuple[dict[str, Any], ...]] = (
        {"any": ["lin"]},
        {"me": True, "nobody": True},
    )

    forms: ClassVar = (
        Form(
            gettext_noop("has %(staff)s in charge"),
            {"staff": Slot(ListOf(Name("staff")), "any")},
        ),
        Form(gettext_noop("has me in charge"), fixed={"me": True}),
        Form(gettext_noop("has nobody in charge"), fixed={"nobody": True}),
    )
    joiner: ClassVar = "any"

    community: int
    staff: tuple[int, ...]
    names: tuple[str, ...]
    nobody: bool

    @classmethod
    def parse(cls, args: Any, path: RulePath) -> StaffClause:
        base.check_fields(args, path, cls.fields)
        for name in ("me", "nobody"):
            if name in args and args[name] is not True:
                path.child(name).fail(_("Write true, or leave the field out."))
        keys: tuple[str, ...] = ()
        ids: tuple[int, ...] = ()
        if "any" in args:
            here = path.child("any")
            keys = base.parse_strings(args["any"], here)
            ids = base.resolve_keys("staff", keys, here)
        if "me" in args:
            if path.asker is None:
                path.child("me").fail(_("Nobody in particular asks here."))
            ids = (*ids, path.asker)
        if not args:
            path.fail(_("Specify the staff with “any”, “me” or “nobody”."))
        pk = path.community.pk
        return cls(pk, tuple(sorted(set(ids))), keys, "nobody" in args)

    @classmethod
    def split(cls, args: dict[str, Any]) -> list[dict[str, Any]]:
        return [{name: args[name]} for name in cls.fields if name in args]

    @classmethod
    def mentions(cls, args: Any) -> Iterator[Mention]:
        yield from base.mentions_of("staff", args.get("any"))

    def dependencies(self) -> Iterable[revisions.Key]:
        return [(models.KIND.name, self.community)]

    def resolve(self, snap: Snapshot) -> BitMap:
        column = by_person(snap)
        people = bitmaps.of(column.accounts[np.isin(column.numbers, self.staff)])
        if self.nobody:
            known = bitmaps.of(column.accounts)
            people = people | (snap.everyone(with_left=True) - known)
        return people

    def explain(self, snap: Snapshot, person: int) -> str:
        column = by_person(snap)
        ids = column.numbers[column.accounts == person].tolist()
        own = Staff.objects.filter(pk__in=ids).values_list("name", flat=True).first()
        return _("staff in charge: %(name)s") % {"name": own or _("nobody")}


def by_person(snap: Snapshot) -> Column:
    """The ids of staff by person."""
    pk = snap.community.pk
    return attribute.by_person(snap, pk, multi=False, kind=models.KIND.name)


# What rules mention


def find_ids(community: Community, keys: Sequence[str]) -> dict[str, int]:
    """By login. Those who left stay known, as their members have to be found."""
    rows = Staff.objects.filter(community=community, login__in=keys)
    return dict(rows.values_list("login", "pk"))


def find_names(community: Community, keys: Sequence[str]) -> dict[str, str]:
    rows = Staff.objects.filter(community=community, login__in=keys)
    return dict(rows.values_list("login", "name"))


def list_names(community: Community, by: Staff | None) -> list[tuple[str, str]]:
    rows = Staff.objects.filter(community=community).order_by("pk")
    return list(rows.values_list("login", "name"))


references.register(
    "staff",
    label=gettext_lazy("staff member"),
    find_ids=find_ids,
    find_names=find_names,
    list_names=list_names,
)
