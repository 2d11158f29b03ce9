"""The clause `attr`: members by the value of an attribute."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from django.utils.translation import gettext as _

from qunce.core import db, permissions, revisions
from qunce.core.staff.models import Staff
from qunce.members.accounts import masking
from qunce.members.attributes.attributes import Attribute, AttributeType
from qunce.members.clauses import (
    attribute_conditions,
    attribute_masks,
    attribute_phrases,
)
from qunce.members.clauses.attribute_conditions import AttributeName, Condition
from qunce.sets.bitmaps import attribute_columns, bitmaps
from qunce.sets.bitmaps.attribute_columns import Column
from qunce.sets.rules import base, references
from qunce.sets.rules.base import Clause, RulePath

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pyroaring import BitMap

    from qunce.core.communities import Community
    from qunce.sets.bitmaps.aliases import Aliases
    from qunce.sets.rules.references import Mention
    from qunce.sets.rules.snapshots import Snapshot


@base.register
@dataclass(frozen=True)
class AttributeClause(Clause):
    name: ClassVar[str] = "attr"
    description: ClassVar[str] = (
        "Members by the value of an attribute, with exactly one comparison, or with a"
        " lower (`gt`, `gte`) and an upper bound (`lt`, `lte`). Members without a value"
        " match nothing but `known`: false. Dates and times are compared with a day, such"
        " as `2026-03-31`, `today`, `today+30d` or `today-7d`, or they are in the `next`"
        " or `last` days (today included) or hours, or `during` a calendar period of the"
        " community: yesterday, today, tomorrow, or last, this or next week, month or"
        " year. `anniversary` takes the same for day and month; 29 February is on the"
        " 28th in common years."
    )
    fields: ClassVar[tuple[str, ...]] = ("name", *attribute_conditions.COMPARISONS)
    examples: ClassVar[tuple[dict[str, Any], ...]] = (
        {"name": "city", "in": ["Lanzhou", "Chengdu"]},
        {"name": "city", "eq": "Lanzhou"},
        {"name": "city", "ne": "Lanzhou"},
        {"name": "city", "contains": "an"},
        {"name": "city", "starts": "lan"},
        {"name": "points", "gte": 40.5},
        {"name": "points", "gt": 40},
        {"name": "points", "lte": 40},
        {"name": "points", "lt": 40},
        {"name": "points", "gte": 40, "lt": 60},
        {"name": "points", "known": False},
        {"name": "birthday", "gte": "today-30d", "lte": "today"},
        {"name": "birthday", "next": "30d"},
        {"name": "birthday", "last": "7d"},
        {"name": "birthday", "during": "next month"},
        {"name": "birthday", "anniversary": {"within": "7d"}},
        {"name": "birthday", "anniversary": {"during": "next week"}},
        {"name": "birthday", "anniversary": {"eq": "today+7d"}},
    )

    forms: ClassVar = attribute_phrases.FORMS

    attribute: int
    label: str
    type: str
    conditions: tuple[Condition, ...]
    masks_values: bool = field(default=False, compare=False)
    """Whether an explanation hides the contact of a member from the asker."""
    masks_required: bool = field(default=False, compare=False)
    """The same for the contact in the rule, which somebody else has written."""

    @classmethod
    def parse(cls, args: Any, path: RulePath) -> AttributeClause:
        base.check_fields(args, path, cls.fields)
        rows = db.rows(
            "SELECT id, name, type, label, is_contact FROM members_attribute"
            " WHERE community_id = %s AND name = %s",
            [path.community.pk, str(args.get("name"))],
        )
        if not rows:
            path.child("name").fail(
                _("There is no attribute “%(name)s”.") % {"name": args.get("name")}
            )
        *row, label, is_contact = rows[0]
        attribute = AttributeName(*row)
        is_masked = bool(is_contact) and not _may_read_contacts(path.asker)
        if is_masked and path.author is not None:
            _check_contact(args, path)
        return cls(
            attribute.pk,
            label or attribute.name,
            attribute.type,
            attribute_conditions.parse_all(attribute, args, path),
            masks_values=is_masked,
            masks_required=is_masked and path.author is None,
        )

    @classmethod
    def split(cls, args: dict[str, Any]) -> list[dict[str, Any]]:
        # In a fixed order: the lower bound comes before the upper one.
        return [
            {"name": args["name"], comparison: args[comparison]}
            for comparison in attribute_conditions.COMPARISONS
            if comparison in args
        ]

    @classmethod
    def mentions(cls, args: Any) -> Iterator[Mention]:
        yield from base.mentions_of("attr", args.get("name"))

    def dependencies(self) -> Iterable[revisions.Key]:
        return [(attribute_columns.KIND, self.attribute)]

    def cache_key(self, snap: Snapshot) -> Hashable:
        if any(
            condition.span and condition.span.hours for condition in self.conditions
        ):
            return snap.at
        needs_today = any(condition.needs_today for condition in self.conditions)
        return snap.today if needs_today else 0

    def resolve(self, snap: Snapshot) -> BitMap:
        column = self._column(snap)
        comparison, required = (
            self.conditions[0].comparison,
            self.conditions[0].required,
        )
        if comparison in ("known", "ne"):
            # The complement is taken within those who have a value: `ne` does not match
            # members without one.
            known = bitmaps.of(column.accounts)
        if comparison == "known":
            return known if required else snap.known() - known
        rows = np.ones(len(column.accounts), dtype=bool)
        for condition in self.conditions:
            rows &= attribute_masks.mask(snap, self.type, column, condition)
        people = bitmaps.of(column.accounts[rows])
        return known - people if comparison == "ne" else people

    def _column(self, snap: Snapshot) -> Column:
        return by_person(snap, self.attribute, multi=self.type == AttributeType.MULTI)

    def explain(self, snap: Snapshot, person: int) -> str:
        column = self._column(snap)
        values = base.format_list(
            column.texts[number]
            if self.type in attribute_conditions.STORED_AS_TEXT
            else attribute_conditions.format_value(
                self.type, Fraction(int(number)), snap.community
            )
            for number in column.numbers[column.accounts == person]
        )
        if values and self.masks_values:
            values = masking.DOTS
        required = (
            masking.DOTS
            if self.masks_required
            else attribute_conditions.format_condition(
                self.type, condition, snap.community
            )
            for condition in self.conditions
        )
        return _("%(name)s is %(value)s (required: %(wanted)s)") % {
            "name": self.label,
            "value": values or _("not known"),
            "wanted": base.format_list(required),
        }


EXACT = frozenset({"name", "eq", "ne", "in", "known"})
MAX_GUESSES = 20
"""Contacts that one rule may ask for by whole values. A list of all numbers with the
digits that masking shows would find a phone in a few questions."""


def _check_contact(args: Any, path: RulePath) -> None:
    """Fail for a part of a contact, or many of them, that the author may not read.

    Otherwise they could find it out letter by letter, as in a search.
    """
    if not set(args) <= EXACT:
        path.fail(
            _("You may not read this attribute, so only ask for a whole value of it.")
        )
    if masking.DOTS in str(args):
        path.fail(_("A contact is masked here. Write it in full, or leave it out."))
    guesses = args.get("in")
    if isinstance(guesses, list) and len(guesses) > MAX_GUESSES:
        path.fail(
            _("You may not read this attribute, so only ask for %(most)s values of it.")
            % {"most": MAX_GUESSES}
        )


def _may_read_contacts(asker: int | None) -> bool:
    """False without an asker, as the answer may be for anybody."""
    rows = Staff.objects.select_related("custom_role")
    by = rows.filter(pk=asker).first() if asker is not None else None
    return by is not None and permissions.may(by, masking.VIEW_IDENTIFIERS)


def by_person(
    snap: Snapshot, ref: int, *, multi: bool, kind: str = attribute_columns.KIND
) -> Column:
    """The values by person: all values of a `multi`, else the one that was set last."""
    label = snap.revisions[(kind, ref)], snap.revisions[("alias", 0)]

    def fold() -> Column:
        return _fold(snap.column(ref, kind), snap.aliases, multi=multi)

    return snap.memoize(("column by person", kind, ref), label, fold)


def _fold(column: Column, aliases: Aliases, *, multi: bool) -> Column:
    """The column with the rows of merged accounts under their person."""
    # Only those rows are sorted: they are few among many.
    merged = np.array(
        sorted({*aliases.person_ids, *aliases.person_ids.values()}), dtype=np.int64
    )
    first = np.searchsorted(column.accounts, merged, side="left")
    after = np.searchsorted(column.accounts, merged, side="right")
    spans = zip(first.tolist(), after.tolist(), strict=True)
    rows = np.array([row for span in spans for row in range(*span)], dtype=np.int64)
    if not rows.size:
        return column
    accounts, set_at = column.accounts[rows], column.set_at[rows]
    people = aliases.map_array(accounts)
    order = np.lexsort((accounts, set_at, people))
    if not multi:
        last = np.ones(len(order), dtype=bool)
        last[:-1] = people[order][1:] != people[order][:-1]
        order = order[last]

    def replace_rows(
        values: NDArray[np.int64], folded: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        return np.concatenate([np.delete(values, rows), folded[order]])

    return Column(
        replace_rows(column.accounts, people),
        replace_rows(column.numbers, column.numbers[rows]),
        replace_rows(column.set_at, set_at),
        column.texts,
    )


# What rules mention


def find_names(community: Community, keys: Sequence[str]) -> dict[str, str]:
    rows = Attribute.objects.filter(community=community, name__in=keys)
    return dict(rows.values_list("name", "label"))


def list_names(community: Community, by: Staff | None) -> list[tuple[str, str]]:
    """By label and, where that is another one, by name."""
    rows = Attribute.objects.filter(community=community)
    names = list(rows.order_by("pk").values_list("name", "label"))
    own = [(name, name) for name, label in names if name != label]
    return [(name, label) for name, label in names if label] + own


references.register("attr", find_names=find_names, list_names=list_names)
