"""The clause `attr`: members by the value of an attribute."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from qunce.core import community_days, db, revisions, timestamps
from qunce.core.communities import zone
from qunce.members.attributes.attributes import Attribute, AttributeType
from qunce.sets.bitmaps import attribute_columns, bitmaps
from qunce.sets.bitmaps.attribute_columns import Column
from qunce.sets.rules import base, phrasing, references, time_windows
from qunce.sets.rules.base import Clause, RulePath

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pyroaring import BitMap

    from qunce.core.communities import Community
    from qunce.sets.bitmaps.aliases import Aliases
    from qunce.sets.rules.phrasing import Names, Pieces
    from qunce.sets.rules.references import Mention
    from qunce.sets.rules.snapshots import Snapshot

    Mask = NDArray[np.bool_]

TEXTS = frozenset({AttributeType.TEXT, AttributeType.CHOICE, AttributeType.MULTI})
ORDERINGS = ("gte", "gt", "lte", "lt")
COMPARISONS = (
    "in",
    "eq",
    "ne",
    *ORDERINGS,
    "contains",
    "starts",
    "known",
    "anniversary",
)
EXPLANATIONS = {
    "eq": "= %(wanted)s",
    "ne": "≠ %(wanted)s",
    "gte": "≥ %(wanted)s",
    "gt": "> %(wanted)s",
    "lte": "≤ %(wanted)s",
    "lt": "< %(wanted)s",
    "in": gettext_noop("one of %(wanted)s"),
    "contains": gettext_noop("contains %(wanted)s"),
    "starts": gettext_noop("starts with %(wanted)s"),
    "anniversary": gettext_noop("anniversary within %(wanted)s"),
}
PHRASES = {
    "in": gettext_noop("has %(name)s %(value)s"),
    "eq": gettext_noop("has %(name)s %(value)s"),
    "ne": gettext_noop("has %(name)s other than %(value)s"),
    "gte": gettext_noop("has %(name)s of at least %(value)s"),
    "gt": gettext_noop("has %(name)s over %(value)s"),
    "lte": gettext_noop("has %(name)s of at most %(value)s"),
    "lt": gettext_noop("has %(name)s under %(value)s"),
    "contains": gettext_noop("has %(name)s containing %(value)s"),
    "starts": gettext_noop("has %(name)s starting with %(value)s"),
}
SCALE = 10_000
"""Numbers are stored with four decimal places."""
MAX_NUMBER = 2**62
"""Numbers in rules are limited to what a column of 64 bits can be compared with."""


@base.register
@dataclass(frozen=True)
class AttributeClause(Clause):
    """`required` are texts, or exact numbers in the unit of the column."""

    name: ClassVar[str] = "attr"
    description: ClassVar[str] = (
        "Members by the value of an attribute, with exactly one comparison. Members"
        " without a value match nothing but `known`: false."
    )
    fields: ClassVar[tuple[str, ...]] = ("name", *COMPARISONS)
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
        {"name": "points", "known": False},
        {"name": "birthday", "anniversary": {"within": "7d"}},
    )

    attribute: int
    label: str
    type: str
    comparison: str
    required: tuple[str | Fraction, ...]

    @classmethod
    def parse(cls, args: Any, path: RulePath) -> AttributeClause:
        base.check_fields(args, path, cls.fields)
        rows = db.rows(
            "SELECT id, name, type FROM members_attribute"
            " WHERE community_id = %s AND name = %s",
            [path.community.pk, str(args.get("name"))],
        )
        if not rows:
            path.child("name").fail(
                _("There is no attribute “%(name)s”.") % {"name": args.get("name")}
            )
        attribute = _Attribute(*rows[0])
        comparisons = [name for name in COMPARISONS if name in args]
        if len(comparisons) != 1:
            path.fail(
                _("Give exactly one of these comparisons: %(all)s.")
                % {"all": ", ".join(COMPARISONS)}
            )
        (comparison,) = comparisons
        here = path.child(comparison)
        is_text = attribute.type in TEXTS
        unsupported = (
            (comparison in ("contains", "starts") and not is_text)
            or (
                comparison in ORDERINGS
                and (is_text or attribute.type == AttributeType.BOOL)
            )
            or (comparison == "anniversary" and attribute.type != AttributeType.DATE)
        )
        if unsupported:
            here.fail(
                _(
                    "“%(name)s” is of type %(type)s, which does not support this comparison."
                )
                % {"name": attribute.name, "type": attribute.type}
            )
        required = _parse_required(attribute, comparison, args[comparison], here)
        return cls(attribute.pk, attribute.name, attribute.type, comparison, required)

    @classmethod
    def phrase(cls, args: Any, names: Names) -> Pieces:
        ((comparison, required),) = [(key, args[key]) for key in args if key != "name"]
        name = phrasing.name_of("attr", args["name"], names)
        if comparison == "known":
            known = _("has a known %(name)s")
            template = known if required else _("has no known %(name)s")
            return phrasing.fill(template, name=name)
        if comparison == "anniversary":
            n = phrasing.value(int(required["within"][:-1]))
            template = _("has an anniversary of %(name)s in the next %(n)s hours")
            if required["within"].endswith("d"):
                template = _(
                    "has an anniversary of %(name)s in the next %(n)s days, including"
                    " today"
                )
            return phrasing.fill(template, name=name, n=n)
        values = [phrasing.literal(value) for value in phrasing.as_list(required)]
        return phrasing.fill(
            _(PHRASES[comparison]),
            name=name,
            value=phrasing.join(values or [phrasing.plain(_("none"))], _(", ")),
        )

    @classmethod
    def mentions(cls, args: Any) -> Iterator[Mention]:
        yield from base.mentions_of("attr", args.get("name"))

    def dependencies(self) -> Iterable[revisions.Key]:
        return [(attribute_columns.KIND, self.attribute)]

    def cache_key(self, snap: Snapshot) -> int:
        return snap.today if self.comparison == "anniversary" else 0

    def resolve(self, snap: Snapshot) -> BitMap:
        column = by_person(snap, self.attribute, multi=self.type == AttributeType.MULTI)
        if self.comparison in ("known", "ne"):
            # The complement is taken within those who have a value: `ne` does not match
            # members without one.
            known = bitmaps.of(column.accounts)
        if self.comparison == "known":
            return known if self.required else snap.everyone(with_left=True) - known
        people = bitmaps.of(column.accounts[self._mask(snap, column)])
        return known - people if self.comparison == "ne" else people

    def _mask(self, snap: Snapshot, column: Column) -> Mask:
        """Which rows of the column compare as required; those of `eq` for `ne`."""
        if self.type in TEXTS:
            texts = [value for value in self.required if isinstance(value, str)]
            # The column has the code of a text: compare each text once, not each row.
            codes = [
                code
                for code, text in enumerate(column.texts)
                if _text_matches(text, self.comparison, texts)
            ]
            return np.isin(column.numbers, codes)
        numbers = [n for n in self.required if isinstance(n, Fraction)]
        if self.comparison == "anniversary":
            return _has_anniversary(column.numbers, snap.today, int(numbers[0]))
        return _compare(column.numbers, self.comparison, numbers)

    def explain(self, snap: Snapshot, person: int) -> str:
        column = by_person(snap, self.attribute, multi=self.type == AttributeType.MULTI)
        values = base.format_list(
            column.texts[number]
            if self.type in TEXTS
            else _format_required(self.type, Fraction(int(number)))
            for number in column.numbers[column.accounts == person]
        )
        if self.comparison == "known":
            required = _("known") if self.required else _("not known")
        else:
            required = _(EXPLANATIONS[self.comparison]) % {
                "wanted": base.format_list(
                    _format_required(self.type, value) for value in self.required
                )
            }
        return _("%(name)s is %(value)s (required: %(wanted)s)") % {
            "name": self.label,
            "value": values or _("not known"),
            "wanted": required,
        }


def by_person(snap: Snapshot, attribute: int, *, multi: bool) -> Column:
    """The values by person: all values of a `multi`, else the one that was set last."""
    label = (
        snap.revisions[(attribute_columns.KIND, attribute)],
        snap.revisions[("alias", 0)],
    )

    def fold() -> Column:
        return _fold(snap.column(attribute), snap.aliases, multi=multi)

    return snap.memoize(("column by person", attribute), label, fold)


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


@dataclass(frozen=True)
class _Attribute:
    """The attribute that a clause names."""

    pk: int
    name: str
    type: str


def _parse_required(
    attribute: _Attribute, comparison: str, value: Any, path: RulePath
) -> tuple[str | Fraction, ...]:
    if comparison == "known":
        if not isinstance(value, bool):
            path.fail(_("Write true or false."))
        return ("known",) if value else ()
    if comparison == "anniversary":
        base.check_fields(value, path, ("within",))
        within = path.child("within")
        duration = time_windows.parse_duration(value.get("within"), within)
        return (Fraction(max(duration // timedelta(days=1), 1)),)
    if comparison != "in":
        return (_parse_value(attribute, value, path),)
    if not isinstance(value, list):
        path.fail(_("Write a list of values."))
    return tuple(
        _parse_value(attribute, part, path.child(index))
        for index, part in enumerate(value)
    )


def _parse_value(attribute: _Attribute, value: Any, path: RulePath) -> str | Fraction:
    """A text, or the number in the unit of the column; anything else fails."""
    try:
        if attribute.type in TEXTS and isinstance(value, str):
            return value
        if attribute.type == AttributeType.BOOL and isinstance(value, bool):
            return Fraction(value)
        if attribute.type == AttributeType.NUMBER and not isinstance(value, bool):
            # By its text, since 0.1 as a binary fraction is not what was written.
            return Fraction(Decimal(str(value))) * SCALE
        if attribute.type == AttributeType.DATE:
            return Fraction(community_days.from_date(date.fromisoformat(value)))
        if attribute.type == AttributeType.INSTANT:
            moment = datetime.fromisoformat(value)
            if moment.tzinfo is None:
                moment = moment.replace(tzinfo=zone(path.community))
            return Fraction(timestamps.to_micros(moment))
    except (ValueError, TypeError, InvalidOperation, OverflowError):
        pass
    path.fail(
        _("“%(value)s” is not a value of type %(type)s.")
        % {"value": value, "type": attribute.type}
    )


# Comparing


def _text_matches(text: str, comparison: str, required: list[str]) -> bool:
    """`contains` and `starts` ignore case; equality is exact."""
    folded = text.casefold()
    if comparison == "contains":
        return any(part.casefold() in folded for part in required)
    if comparison == "starts":
        return any(folded.startswith(part.casefold()) for part in required)
    return text in required


def _compare(
    numbers: NDArray[np.int64], comparison: str, required: list[Fraction]
) -> Mask:
    """Compare whole numbers with exact fractions."""
    if comparison in ("in", "eq", "ne"):
        whole = [
            int(n)
            for n in required
            if n.denominator == 1 and -MAX_NUMBER < n < MAX_NUMBER
        ]
        return np.isin(numbers, np.array(whole, dtype=np.int64))
    # A bound between two whole numbers is rounded to the one that is inside.
    bound = required[0]
    if comparison == "gte":
        return numbers >= _clip(math.ceil(bound))
    if comparison == "gt":
        return numbers > _clip(math.floor(bound))
    if comparison == "lte":
        return numbers <= _clip(math.floor(bound))
    return numbers < _clip(math.ceil(bound))


def _clip(number: int) -> int:
    # NumPy raises OverflowError when it compares with an integer beyond 64 bits.
    return max(-MAX_NUMBER, min(MAX_NUMBER, number))


def _has_anniversary(numbers: NDArray[np.int64], today: int, days: int) -> Mask:
    """Which dates have an anniversary today or later within `days` days, today included.

    29 February has its anniversary on the 28th in common years.
    """
    anniversaries = set()
    for offset in range(min(days, 366)):
        day = community_days.to_date(today + offset)
        anniversaries.add((day.month, day.day))
        if (day.month, day.day) == (2, 28) and (day + timedelta(days=1)).month == 3:
            anniversaries.add((2, 29))
    # By NumPy's calendar, instead of a Python date per row.
    dates = numbers.astype("datetime64[D]")
    months = dates.astype("datetime64[M]").astype(np.int64) % 12 + 1
    in_month = (dates - dates.astype("datetime64[M]")).astype(np.int64) + 1
    return np.isin(
        months * 100 + in_month, [month * 100 + day for month, day in anniversaries]
    )


# Formatting


def _format_required(attribute_type: str, value: str | Fraction) -> str:
    if isinstance(value, str):
        return value
    if attribute_type == AttributeType.NUMBER:
        return f"{Decimal(value.numerator) / value.denominator / SCALE:f}"
    if attribute_type == AttributeType.DATE:
        # An anniversary requires a number of days, at most 366, instead of a date.
        if value > 400:
            return community_days.to_date(int(value)).isoformat()
        return _("%(n)s days") % {"n": int(value)}
    if attribute_type == AttributeType.BOOL:
        return _("yes") if value else _("no")
    return timestamps.from_micros(int(value)).isoformat()


# What rules mention


def find_names(community: Community, keys: Sequence[str]) -> dict[str, str]:
    rows = Attribute.objects.filter(community=community, name__in=keys)
    return dict(rows.values_list("name", "label"))


references.register("attr", find_names=find_names)
