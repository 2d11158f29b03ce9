"""Queries over the facts of the mirror: by payload, by group, to the microsecond."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from django.utils.translation import gettext as _
from pyroaring import BitMap

from qunce.core import community_days
from qunce.core.facts import facts
from qunce.sets.bitmaps import bitmaps
from qunce.sets.bitmaps.bit_counters import BitCounter
from qunce.sets.rules import base, comparisons
from qunce.sets.rules.base import RulePath
from qunce.sets.rules.comparisons import Comparison
from qunce.sets.rules.time_windows import EVER, NEVER, Window

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from qunce.sets.rules.snapshots import Snapshot

    Ints = NDArray[np.int64]

FIELD_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,60}")
WHOLE_NUMBER_TYPES = "('BIGINT', 'UBIGINT', 'HUGEINT', 'UHUGEINT')"
Condition = Comparison | tuple[str, ...]
"""A comparison, or JSON texts: the field equals one of them or is a list with one."""


@dataclass(frozen=True)
class FactFilter:
    """Facts of one kind, optionally only those in some groups or with some payload.

    `where` pairs the names of payload fields with their conditions.
    """

    kind: int
    label: str
    groups: tuple[int, ...] = ()
    where: tuple[tuple[str, Condition], ...] = ()


# From the wire format


def parse(args: Mapping[str, Any], path: RulePath) -> FactFilter:
    kind = args.get("kind")
    kind_id = facts.find_kind(kind) if isinstance(kind, str) else None
    if kind_id is None:
        path.child("kind").fail(
            _("There is no kind of fact “%(kind)s”.") % {"kind": kind}
        )
    where, here = args.get("where", {}), path.child("where")
    if not isinstance(where, dict):
        here.fail(_("Write an object with fields."))
    conditions: list[tuple[str, Condition]] = []
    for name, value in sorted(where.items()):
        if name == "group":
            continue
        field, field_path = parse_field_name(name, here), here.child(name)
        if isinstance(value, dict):
            conditions.append((field, comparisons.parse(value, field_path)))
            continue
        literals = value if isinstance(value, list) else [value]
        for literal in literals:
            if not isinstance(literal, str | int | bool):
                field_path.fail(
                    _("Compare with a text, a whole number, true or false.")
                )
        texts = (json.dumps(literal, ensure_ascii=False) for literal in literals)
        conditions.append((field, tuple(sorted(texts))))
    groups: tuple[int, ...] = ()
    if "group" in where:
        group_path = here.child("group")
        keys = base.parse_strings(where["group"], group_path)
        # An empty list of groups matches no fact, while no list matches all.
        groups = base.resolve_keys("group", keys, group_path) or (-1,)
    label = _label(str(kind), where, conditions)
    return FactFilter(kind_id, label, groups, tuple(conditions))


def parse_field_name(name: Any, path: RulePath) -> str:
    if not isinstance(name, str) or not FIELD_NAME.fullmatch(name):
        path.fail(_("“%(name)s” is not the name of a field.") % {"name": name})
    return name


def _label(
    kind: str, where: dict[str, Any], conditions: Sequence[tuple[str, Condition]]
) -> str:
    """The kind with its conditions in brackets, such as "order paid [channel: app]"."""
    labels = []
    for name, condition in conditions:
        if isinstance(condition, Comparison):
            text = condition.format()
        else:
            text = base.format_list(str(json.loads(literal)) for literal in condition)
        labels.append(f"{name}: {text}")
    if "group" in where:
        keys = [where["group"]] if isinstance(where["group"], str) else where["group"]
        labels.insert(0, f"{_('group')}: {base.format_list(keys)}")
    if not labels:
        return facts.label_of(kind)
    return _("%(kind)s [%(where)s]") % {
        "kind": facts.label_of(kind),
        "where": base.join_sentences(labels),
    }


# To SQL


def _where(
    snap: Snapshot, fact_filter: FactFilter, window: Window
) -> tuple[str, list[str | int]]:
    """The WHERE clause that selects these facts, and its parameters."""
    parts = ["community = ?", "kind = ?", "account IS NOT NULL"]
    params: list[str | int] = [snap.community.pk, fact_filter.kind]
    for sign, micros in _bounds(snap, window):
        parts.append(f"happened_at {sign} ?")
        params.append(micros)
    if fact_filter.groups:
        parts.append(
            f"grp IN ({', '.join(str(group) for group in fact_filter.groups)})"
        )
    # Names of fields cannot be parameters in a JSON path; `parse_field_name` allows
    # letters and digits only.
    for name, condition in fact_filter.where:
        if isinstance(condition, Comparison):
            parts.append(f"{_whole_number(name)} BETWEEN ? AND ?")
            params += condition.bounds()
        elif condition:
            contains = f"json_contains(json_extract(payload, '$.{name}'), ?)"
            parts.append(f"({' OR '.join([contains] * len(condition))})")
            params += condition
        else:
            # An empty list of values matches nothing.
            parts.append("FALSE")
    return " AND ".join(parts), params


def _bounds(snap: Snapshot, window: Window) -> list[tuple[str, int]]:
    """The window as comparisons with microseconds."""
    # Exact hours end now and include this moment; days end before the next one starts.
    if window.hours:
        after, until = window.exact_range(snap.at)
        return [(">", after), ("<=", until)]
    first, last = window.range(snap.today)
    zone, start = snap.community.timezone, snap.community.day_start
    bounds = [("<", community_days.start_of(zone, start, last + 1))]
    if first > NEVER:
        bounds.append((">=", community_days.start_of(zone, start, first)))
    return bounds


def _whole_number(name: str) -> str:
    """SQL of a payload field as a whole number, or NULL."""
    return (
        f"CASE WHEN json_type(payload, '$.{name}') IN {WHOLE_NUMBER_TYPES}"
        f" THEN TRY_CAST(payload ->> '$.{name}' AS BIGINT) END"
    )


def _query(sql: str, params: list[str | int]) -> pa.Table:
    # Loads DuckDB, which most questions do without.
    from qunce.sets.mirror import mirror

    return mirror.query(sql, params)


# Of all people


def list_times(
    snap: Snapshot, fact_filter: FactFilter, window: Window
) -> tuple[Ints, Ints]:
    """The person and microseconds of each fact, shapes (n,), in no order."""
    where, params = _where(snap, fact_filter, window)
    rows = _query(f"SELECT account, happened_at FROM facts WHERE {where}", params)  # noqa: S608
    return _people(snap, rows.column(0)), rows.column(1).to_numpy().astype(np.int64)


def _aggregate_by_account(
    snap: Snapshot, fact_filter: FactFilter, window: Window, aggregate: str
) -> tuple[Ints, Ints]:
    """An aggregate per account, with its person, who repeats for several accounts."""
    where, params = _where(snap, fact_filter, window)
    rows = _query(
        f"SELECT account, CAST({aggregate} AS BIGINT) FROM facts"  # noqa: S608
        f" WHERE {where} GROUP BY account",
        params,
    )
    return _people(snap, rows.column(0)), rows.column(1).to_numpy().astype(np.int64)


def _people(snap: Snapshot, accounts: pa.ChunkedArray) -> Ints:
    return snap.aliases.map_array(accounts.to_numpy().astype(np.int64))


def _sum_by_person(people: Ints, numbers: Ints) -> tuple[Ints, Ints]:
    """Each person once, with the exact sum of the numbers of their accounts."""
    unique, index = np.unique(people, return_inverse=True)
    sums = np.zeros(len(unique), dtype=np.int64)
    np.add.at(sums, index, numbers)
    return unique, sums


def count_by_person(
    snap: Snapshot, fact_filter: FactFilter, window: Window, unit: str
) -> BitCounter:
    """How many `times`, distinct `days` or distinct `weeks`, by person."""
    if unit == "times":
        counts = _aggregate_by_account(snap, fact_filter, window, "count(*)")
        # Counted by account in DuckDB and added up here, since aliases change without
        # the mirror.
        return BitCounter.from_arrays(*_sum_by_person(*counts))
    # Distinct days of a person cannot be added over accounts, so facts are counted here.
    people, micros = list_times(snap, fact_filter, window)
    pairs = np.unique(np.stack([people, _to_units(snap, micros, unit)]), axis=1)
    return BitCounter.from_arrays(*np.unique(pairs[0], return_counts=True))


DayOrDays = TypeVar("DayOrDays", int, "NDArray[np.int64]")


def week_of(day: DayOrDays, today: int) -> DayOrDays:
    """The week of a day: blocks of seven days back from today, of which 0 is the newest."""
    return (today - day) // 7


def _to_units(snap: Snapshot, micros: Ints, unit: str) -> Ints:
    zone, start = snap.community.timezone, snap.community.day_start
    days = community_days.days_of(zone, start, micros)
    return days if unit == "days" else week_of(days, snap.today)


def select_by_sum(
    snap: Snapshot,
    fact_filter: FactFilter,
    window: Window,
    name: str,
    required: Comparison,
) -> BitMap:
    """The people whose sum of a payload field holds; without any fact it is 0."""
    total = f"coalesce(sum({_whole_number(name)}), 0)"
    people, sums = _sum_by_person(
        *_aggregate_by_account(snap, fact_filter, window, total)
    )
    minimum, maximum = required.bounds()
    selected = bitmaps.of(people[(sums >= minimum) & (sums <= maximum)])
    # People without any fact are not in the query's result.
    if minimum <= 0 <= maximum:
        selected = selected | (snap.everyone(with_left=True) - bitmaps.of(people))
    return selected


def select_by_first_or_last(
    snap: Snapshot, fact_filter: FactFilter, window: Window, edge: str
) -> BitMap:
    """The people whose first (`min`) or last (`max`) fact up to today is in the window."""
    # Over all time, because a fact outside the window decides whether one inside is the
    # first.
    people, micros = _aggregate_by_account(
        snap, fact_filter, EVER, f"{edge}(happened_at)"
    )
    # Of a person with several accounts, the fact that is first in this order counts.
    order = np.lexsort((micros if edge == "min" else -micros, people))
    people, micros = people[order], micros[order]
    is_first = np.ones(len(people), dtype=bool)
    is_first[1:] = people[1:] != people[:-1]
    people, micros = people[is_first], micros[is_first]
    return bitmaps.of(people[in_window(snap, micros, window)])


def in_window(snap: Snapshot, micros: Ints, window: Window) -> NDArray[np.bool_]:
    """Which times are in the window, same shape."""
    is_inside = np.ones(len(micros), dtype=bool)
    for sign, bound in _bounds(snap, window):
        if sign == ">":
            is_inside &= micros > bound
        elif sign == ">=":
            is_inside &= micros >= bound
        elif sign == "<":
            is_inside &= micros < bound
        else:
            is_inside &= micros <= bound
    return is_inside


# Of one person


def count_of_person(
    snap: Snapshot, fact_filter: FactFilter, window: Window, unit: str, person: int
) -> int:
    where, params = _where(snap, fact_filter, window)
    where += _of_person(snap, person)
    rows = _query(f"SELECT happened_at FROM facts WHERE {where}", params)  # noqa: S608
    micros = rows.column(0).to_numpy().astype(np.int64)
    if unit == "times":
        return len(micros)
    return len(np.unique(_to_units(snap, micros, unit)))


def sum_of_person(
    snap: Snapshot, fact_filter: FactFilter, window: Window, name: str, person: int
) -> int:
    where, params = _where(snap, fact_filter, window)
    where += _of_person(snap, person)
    rows = _query(
        f"SELECT CAST(coalesce(sum({_whole_number(name)}), 0) AS BIGINT) FROM facts"  # noqa: S608
        f" WHERE {where}",
        params,
    )
    return int(rows.column(0)[0].as_py())


def _of_person(snap: Snapshot, person: int) -> str:
    accounts = snap.aliases.account_ids(person)
    return f" AND account IN ({', '.join(str(account) for account in accounts)})"
