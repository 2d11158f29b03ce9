"""The clause `attr`: what is known of a member, compared."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
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
from qunce.members.attributes.attributes import AttributeType
from qunce.sets.bitmaps import attribute_columns, bitmaps
from qunce.sets.bitmaps.attribute_columns import Column
from qunce.sets.rules import base, time_windows
from qunce.sets.rules.base import Clause, RulePath

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pyroaring import BitMap

    from qunce.sets.bitmaps.aliases import Aliases
    from qunce.sets.rules.snapshots import Snapshot

    Mask = NDArray[np.bool_]

TEXTS = frozenset({AttributeType.TEXT, AttributeType.CHOICE, AttributeType.MULTI})
ORDERS = ("gte", "gt", "lte", "lt")
SIGNS = {
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
"""How a comparison is spoken."""
SCALE = 10_000
"""Numbers are kept with four decimal places."""


@base.register
@dataclass(frozen=True)
class AttributeClause(Clause):
    """`wanted` holds texts, or exact numbers in the unit of the column."""

    name: ClassVar[str] = "attr"
    attribute: int
    called: str
    type: str
    sign: str
    wanted: tuple[str | Fraction, ...]

    @classmethod
    def parse(cls, args: Any, path: RulePath) -> AttributeClause:
        signs = (
            "in",
            "eq",
            "ne",
            *ORDERS,
            "contains",
            "starts",
            "known",
            "anniversary",
        )
        base.check_fields(args, path, ("name", *signs))
        attribute = _attribute(args.get("name"), path)
        given = [sign for sign in signs if sign in args]
        if len(given) != 1:
            path.fail(
                _("Give exactly one of these comparisons: %(all)s.")
                % {"all": ", ".join(signs)}
            )
        sign, here = given[0], path.child(given[0])
        _check_sign(attribute, sign, here)
        wanted = _wanted(attribute, sign, args[sign], here)
        return cls(attribute.pk, attribute.name, attribute.type, sign, wanted)

    def dependencies(self) -> Iterable[revisions.Key]:
        return [(attribute_columns.KIND, self.attribute)]

    def cache_key(self, snap: Snapshot) -> int:
        return snap.today if self.sign == "anniversary" else 0

    def resolve(self, snap: Snapshot) -> BitMap:
        column = by_person(snap, self.attribute, multi=self.type == AttributeType.MULTI)
        if self.sign in ("known", "ne"):
            known = bitmaps.of(column.accounts)
        if self.sign == "known":
            return known if self.wanted else snap.everyone(with_left=True) - known
        found = bitmaps.of(column.accounts[self._mask(snap, column)])
        return known - found if self.sign == "ne" else found

    def _mask(self, snap: Snapshot, column: Column) -> Mask:
        if self.type in TEXTS:
            return np.isin(column.numbers, self._codes(column.texts))
        if self.sign == "anniversary":
            return _anniversary(column.numbers, snap.today, int(self._exact()[0]))
        return _compare(column.numbers, self.sign, self._exact())

    def _exact(self) -> list[Fraction]:
        return [wanted for wanted in self.wanted if isinstance(wanted, Fraction)]

    def _codes(self, words: list[str]) -> list[int]:
        texts = [wanted for wanted in self.wanted if isinstance(wanted, str)]
        fits = FITS.get(self.sign, _equals)
        return [code for code, word in enumerate(words) if fits(word, texts)]

    def explain(self, snap: Snapshot, person: int) -> str:
        column = by_person(snap, self.attribute, multi=self.type == AttributeType.MULTI)
        mine = column.numbers[column.accounts == person]
        values = base.format_list(
            _show(self.type, int(value), column) for value in mine
        )
        return _("%(name)s is %(value)s (required: %(wanted)s)") % {
            "name": self.called,
            "value": values or _("not known"),
            "wanted": self._wish(),
        }

    def _wish(self) -> str:
        if self.sign == "known":
            return _("known") if self.wanted else _("not known")
        wanted = base.format_list(
            _show_wanted(self.type, value) for value in self.wanted
        )
        return _(SIGNS[self.sign]) % {"wanted": wanted}


def by_person(snap: Snapshot, attribute: int, *, multi: bool) -> Column:
    """Values by person: of several accounts' the one set last, or all for a `multi`."""
    label = (
        snap.revisions[(attribute_columns.KIND, attribute)],
        snap.revisions[("alias", 0)],
    )

    def folded() -> Column:
        return _folded(snap.column(attribute), snap.aliases, multi=multi)

    return snap.memoize(("column by person", attribute), label, folded)


def _folded(column: Column, who: Aliases, *, multi: bool) -> Column:
    """Only the rows of merged people are looked at: there are few, and many others."""
    merged = np.array(
        sorted({*who.person_ids, *who.person_ids.values()}), dtype=np.int64
    )
    first = np.searchsorted(column.accounts, merged, side="left")
    after = np.searchsorted(column.accounts, merged, side="right")
    spans = zip(first.tolist(), after.tolist(), strict=True)
    rows = np.array([row for span in spans for row in range(*span)], dtype=np.int64)
    if not rows.size:
        return column
    accounts, set_at = column.accounts[rows], column.set_at[rows]
    people = who.map_array(accounts)
    order = np.lexsort((accounts, set_at, people))
    if not multi:
        last = np.ones(len(order), dtype=bool)
        last[:-1] = people[order][1:] != people[order][:-1]
        order = order[last]

    def replaced(
        values: NDArray[np.int64], fresh: NDArray[np.int64]
    ) -> NDArray[np.int64]:
        return np.concatenate([np.delete(values, rows), fresh[order]])

    return Column(
        replaced(column.accounts, people),
        replaced(column.numbers, column.numbers[rows]),
        replaced(column.set_at, set_at),
        column.texts,
    )


@dataclass(frozen=True)
class Asked:
    """The attribute that a clause names."""

    pk: int
    name: str
    type: str


def _attribute(name: Any, path: RulePath) -> Asked:
    found = db.rows(
        "SELECT id, name, type FROM members_attribute"
        " WHERE community_id = %s AND name = %s",
        [path.community.pk, str(name)],
    )
    if not found:
        path.child("name").fail(_("There is no attribute “%(name)s”.") % {"name": name})
    return Asked(*found[0])


def _check_sign(attribute: Asked, sign: str, path: RulePath) -> None:
    texts = attribute.type in TEXTS
    wrong = (
        (sign in ("contains", "starts") and not texts)
        or (sign in ORDERS and (texts or attribute.type == AttributeType.BOOL))
        or (sign == "anniversary" and attribute.type != AttributeType.DATE)
    )
    if wrong:
        path.fail(
            _("“%(name)s” is of type %(type)s, which does not support this comparison.")
            % {"name": attribute.name, "type": attribute.type}
        )


def _wanted(
    attribute: Asked, sign: str, value: Any, path: RulePath
) -> tuple[str | Fraction, ...]:
    if sign == "known":
        if not isinstance(value, bool):
            path.fail(_("Write true or false."))
        return ("known",) if value else ()
    if sign == "anniversary":
        base.check_fields(value, path, ("within",))
        span = time_windows.parse_duration(value.get("within"), path.child("within"))
        return (Fraction(max(span // timedelta(days=1), 1)),)
    if sign != "in":
        return (_value(attribute, value, path),)
    if not isinstance(value, list):
        path.fail(_("Write a list of values."))
    return tuple(
        _value(attribute, one, path.child(number)) for number, one in enumerate(value)
    )


def _value(attribute: Asked, value: Any, path: RulePath) -> str | Fraction:
    """A text, or the number in the unit of the column; anything else is refused."""
    try:
        return PARSERS[AttributeType(attribute.type)](value, path)
    except (ValueError, TypeError, InvalidOperation, OverflowError):
        path.fail(
            _("“%(value)s” is not a value of type %(type)s.")
            % {"value": value, "type": attribute.type}
        )


def _text(value: Any, path: RulePath) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _number(value: Any, path: RulePath) -> Fraction:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise TypeError(value)
    return Fraction(Decimal(str(value))) * SCALE


def _bool(value: Any, path: RulePath) -> Fraction:
    if not isinstance(value, bool):
        raise TypeError(value)
    return Fraction(value)


def _date(value: Any, path: RulePath) -> Fraction:
    return Fraction(community_days.from_date(date.fromisoformat(value)))


def _instant(value: Any, path: RulePath) -> Fraction:
    """An ISO time; without an offset it is the community's local time."""
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone(path.community))
    return Fraction(timestamps.to_micros(moment))


PARSERS: dict[AttributeType, Callable[[Any, RulePath], str | Fraction]] = {
    AttributeType.TEXT: _text,
    AttributeType.CHOICE: _text,
    AttributeType.MULTI: _text,
    AttributeType.NUMBER: _number,
    AttributeType.BOOL: _bool,
    AttributeType.DATE: _date,
    AttributeType.INSTANT: _instant,
}


def _equals(word: str, texts: list[str]) -> bool:
    return word in texts


def _contains(word: str, texts: list[str]) -> bool:
    return any(text.casefold() in word.casefold() for text in texts)


def _starts(word: str, texts: list[str]) -> bool:
    return any(word.casefold().startswith(text.casefold()) for text in texts)


FITS = {"contains": _contains, "starts": _starts}


def _compare(numbers: NDArray[np.int64], sign: str, wanted: list[Fraction]) -> Mask:
    """Whole numbers against exact fractions: a bound between two rounds inwards."""
    if sign in ("in", "eq", "ne"):
        whole = [int(one) for one in wanted if one.denominator == 1 and _fits(one)]
        return np.isin(numbers, np.array(whole, dtype=np.int64))
    bound = wanted[0]
    if sign == "gte":
        return numbers >= _clip(math.ceil(bound))
    if sign == "gt":
        return numbers > _clip(math.floor(bound))
    if sign == "lte":
        return numbers <= _clip(math.floor(bound))
    return numbers < _clip(math.ceil(bound))


LIMIT = 2**62


def _fits(number: Fraction) -> bool:
    return -LIMIT < number < LIMIT


def _clip(number: int) -> int:
    return max(-LIMIT, min(LIMIT, number))


def _anniversary(numbers: NDArray[np.int64], today: int, span: int) -> Mask:
    """Whose day of the year is today or in the next days, `span` in all.

    Who was born on 29 February celebrates on the 28th in common years.
    """
    wanted = set()
    for ahead in range(min(span, 366)):
        day = community_days.to_date(today + ahead)
        wanted.add((day.month, day.day))
        if (day.month, day.day) == (2, 28) and (day + timedelta(days=1)).month == 3:
            wanted.add((2, 29))
    dates = numbers.astype("datetime64[D]")
    months = dates.astype("datetime64[M]").astype(np.int64) % 12 + 1
    inside = (dates - dates.astype("datetime64[M]")).astype(np.int64) + 1
    return np.isin(months * 100 + inside, [month * 100 + day for month, day in wanted])


def _show(kind: str, value: int, column: Column) -> str:
    if kind in TEXTS:
        return column.texts[value]
    return _show_wanted(kind, Fraction(value))


def _show_wanted(kind: str, value: str | Fraction) -> str:
    if isinstance(value, str):
        return value
    if kind == AttributeType.NUMBER:
        return f"{Decimal(value.numerator) / value.denominator / SCALE:f}"
    if kind == AttributeType.DATE:
        return _show_date(int(value))
    if kind == AttributeType.BOOL:
        return _("yes") if value else _("no")
    return timestamps.from_micros(int(value)).isoformat()


def _show_date(value: int) -> str:
    return (
        community_days.to_date(value).isoformat()
        if value > 400
        else _("%(n)s days") % {"n": value}
    )
