"""Exact sums, averages, lowest and highest numbers of a payload field, by person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
from django.utils.translation import gettext as _
from pyroaring import BitMap

from qunce.core.decimals import EXACT, is_countable
from qunce.sets import amounts
from qunce.sets.bitmaps import bitmaps
from qunce.sets.rules import base, payload_fields
from qunce.sets.rules.payload_fields import number_type_of, text_of

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from qunce.sets.rules.comparisons import DecimalComparison
    from qunce.sets.rules.snapshots import Snapshot

    Ints = NDArray[np.int64]

AGGREGATES = ("sum", "average", "min", "max")
MAX_ADDED = 2**62
"""Sums up to here may be added as 64-bit integers."""


@dataclass(frozen=True)
class Totals:
    """The numbers of each person in units of which `unit` are 1, shapes (n,).

    The arrays are of 64-bit integers, or of Python's integers where these do not fit.
    """

    people: Ints
    counts: Ints
    sums: Ints
    lowest: Ints
    highest: Ints
    unit: int = 1

    def mask(self, aggregate: str, required: DecimalComparison) -> NDArray[np.bool_]:
        """Which people's aggregate holds."""
        if aggregate != "average":
            numbers = {"sum": self.sums, "min": self.lowest, "max": self.highest}
            return required.mask(numbers[aggregate], self.unit)
        # An average compares like the sum with a bound that is as often as large, so
        # that nothing is divided.
        mask = np.zeros(len(self.people), dtype=bool)
        for count in np.unique(self.counts).tolist():
            rows = self.counts == count
            mask[rows] = required.mask(self.sums[rows], self.unit * count)
        return mask

    def get(self, aggregate: str) -> Decimal | None:
        """The aggregate of the only person; None if they have no number.

        Averages are rounded to six decimals.
        """
        if not len(self.people):
            return Decimal(0) if aggregate == "sum" else None
        numbers = {"sum": self.sums, "min": self.lowest, "max": self.highest}
        number = Decimal(int(numbers.get(aggregate, self.sums)[0]))
        exact = EXACT.divide(number, Decimal(self.unit))
        if aggregate == "average":
            exact = EXACT.divide(exact, Decimal(int(self.counts[0])))
            return exact.quantize(Decimal("0.000001"), context=EXACT)
        return exact


def select(
    snap: Snapshot, totals: Totals, aggregate: str, required: DecimalComparison
) -> BitMap:
    """The people whose aggregate holds.

    Without a number the sum is 0, and there is no average, lowest or highest number.
    """
    selected = bitmaps.of(totals.people[totals.mask(aggregate, required)])
    if aggregate == "sum" and required.holds(0):
        everyone = snap.known()
        selected = selected | (everyone - bitmaps.of(totals.people))
    return selected


def load(snap: Snapshot, where: str, params: Sequence[Any], name: str) -> Totals:
    """The numbers in a field of the facts that the WHERE clause selects.

    Money is in the community's currency; what has no exchange rate does not count.
    """
    is_foreign, foreign_number, foreign_sum = _foreign(snap, name)
    text = text_of(name)
    whole = (
        f"CASE WHEN {is_foreign} THEN {foreign_number}"
        f" WHEN {number_type_of(name)} = 'BIGINT' THEN TRY_CAST({text} AS BIGINT)"
        " END"
    )
    # A whole number of more than 64 bits counts as a decimal here.
    is_decimal = (
        f"NOT ({is_foreign}) AND n IS NULL AND {number_type_of(name)} IS NOT NULL"
    )
    rows = payload_fields.query(
        "SELECT account, count(n),"  # noqa: S608
        f" TRY_CAST(coalesce(sum(n) FILTER (WHERE NOT ({is_foreign})), 0)"
        f" + {foreign_sum} AS BIGINT), min(n), max(n), count_if({is_decimal}),"
        f" max(CASE WHEN {is_decimal} THEN length(split_part({text}, '.', 2)) END),"
        f" bool_or({is_decimal} AND ({payload_fields.is_long(name)}"
        f" OR contains({text}, 'e') OR {number_type_of(name)} != 'DOUBLE'))"
        f" FROM (SELECT *, {whole} AS n FROM facts WHERE {where}) GROUP BY account",
        params,
    )
    counts, decimals = _ints(rows.column(1)), _ints(rows.column(5))
    if not decimals.any() and not rows.column(2).null_count:
        # The usual case: whole numbers only.
        found = counts > 0
        columns = [_ints(rows.column(index))[found] for index in range(5)]
        return _by_person(snap, *columns, unit=1)
    scales = [scale for scale in rows.column(6).to_pylist() if scale is not None]
    scale = max(scales, default=0)
    if any(rows.column(7).to_pylist()) or scale > payload_fields.SCALE:
        return _load_long(snap, where, params, name)
    return _load_decimals(snap, where, params, name, scale)


def _foreign(snap: Snapshot, name: str) -> tuple[str, str, str]:
    """SQL for money of other currencies: whether it is, its value, and the sum."""
    if name != amounts.FIELD:
        return "FALSE", "NULL", "0"
    community = snap.community
    value, total = amounts.value(community), amounts.foreign_total(community)
    return amounts.is_foreign(community), value, total


def _load_decimals(
    snap: Snapshot, where: str, params: Sequence[Any], name: str, scale: int
) -> Totals:
    """Numbers of at most 16 characters, added up by DuckDB."""
    is_foreign, foreign_number, foreign_sum = _foreign(snap, name)
    number = (
        f"CASE WHEN {is_foreign} THEN CAST({foreign_number} AS DECIMAL(38, {scale}))"
        f" WHEN {number_type_of(name)} IS NOT NULL"
        f" THEN CAST({text_of(name)} AS DECIMAL(38, {scale})) END"
    )
    rows = payload_fields.query(
        f"SELECT account, count(n),"  # noqa: S608
        f" CAST(coalesce(sum(n) FILTER (WHERE NOT ({is_foreign})), 0) + {foreign_sum}"
        f" AS DECIMAL(38, {scale})), min(n), max(n)"
        f" FROM (SELECT *, {number} AS n FROM facts WHERE {where})"
        " GROUP BY account HAVING count(n) > 0",
        params,
    )
    numbers = [_units(rows.column(index)) for index in (2, 3, 4)]
    return _by_person(
        snap, _ints(rows.column(0)), _ints(rows.column(1)), *numbers, unit=10**scale
    )


def _load_long(snap: Snapshot, where: str, params: Sequence[Any], name: str) -> Totals:
    """Numbers of any length, added up by Python."""
    is_foreign, value, _sum = _foreign(snap, name)
    rows = payload_fields.query(
        f"SELECT account, payload, CASE WHEN {is_foreign} THEN {value} END"  # noqa: S608
        f" FROM facts WHERE {where}"
        f" AND ({value} IS NOT NULL OR NOT ({is_foreign}))"
        f" AND {number_type_of(name)} IS NOT NULL",
        params,
    )
    exact = [
        Decimal(payload_fields.load(payload)[name] if money is None else money)
        for payload, money in zip(
            rows.column(1).to_pylist(), rows.column(2).to_pylist(), strict=True
        )
    ]
    for number in exact:
        if not is_countable(number):
            text = _("The field “%(name)s” has a number with too many digits: %(n)s.")
            raise base.RuleError("", text % {"name": name, "n": number})
    decimals = [f"{number:f}".partition(".")[2] for number in exact]
    scale = max(map(len, decimals), default=0)
    units = [int(number.scaleb(scale, EXACT)) for number in exact]
    counts, numbers = np.ones(len(units), dtype=np.int64), np.array(units, dtype=object)
    return _by_person(
        snap, _ints(rows.column(0)), counts, *[numbers] * 3, unit=10**scale
    )


def _by_person(
    snap: Snapshot,
    accounts: Ints,
    counts: Ints,
    sums: Ints,
    lowest: Ints,
    highest: Ints,
    *,
    unit: int,
) -> Totals:
    """Combine the rows of the accounts of each person."""
    people, index = np.unique(snap.aliases.map_array(accounts), return_inverse=True)
    if len(people) == len(accounts):
        order = np.empty(len(people), dtype=np.int64)
        order[index] = np.arange(len(people))
        columns = (counts[order], sums[order], lowest[order], highest[order])
        return Totals(people, *columns, unit=unit)
    if sums.dtype != object and np.abs(sums.astype(float)).sum() > MAX_ADDED:
        sums = sums.astype(object)
    total_counts = np.zeros(len(people), dtype=np.int64)
    total_sums = np.zeros(len(people), dtype=sums.dtype)
    np.add.at(total_counts, index, counts)
    np.add.at(total_sums, index, sums)
    # Each person starts with one of their own numbers.
    least = np.empty(len(people), dtype=lowest.dtype)
    most = np.empty(len(people), dtype=highest.dtype)
    least[index], most[index] = lowest, highest
    np.minimum.at(least, index, lowest)
    np.maximum.at(most, index, highest)
    return Totals(people, total_counts, total_sums, least, most, unit=unit)


def _ints(column: pa.ChunkedArray) -> Ints:
    numbers: Ints = column.fill_null(0).to_numpy().astype(np.int64)
    return numbers


def _units(column: pa.ChunkedArray) -> Ints:
    """Decimals as whole numbers of their smallest unit."""
    scale = column.type.scale
    units = [int(number.scaleb(scale, EXACT)) for number in column.to_pylist()]
    try:
        return np.array(units, dtype=np.int64)
    except OverflowError:
        return np.array(units, dtype=object)
