"""Queries over the facts of the mirror: by payload, by group, to the microsecond."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from django.utils.translation import gettext as _
from pyroaring import BitMap

from qunce.core import community_days, exchange_rates, money, revisions, timestamps
from qunce.core.communities import zone
from qunce.core.facts import facts
from qunce.sets import amounts
from qunce.sets.bitmaps import bitmaps
from qunce.sets.bitmaps.bit_counters import BitCounter
from qunce.sets.rules import (
    base,
    comparisons,
    payload_fields,
    payload_numbers,
    references,
    times_of_day,
    weekdays,
)
from qunce.sets.rules.base import RulePath
from qunce.sets.rules.comparisons import DecimalComparison
from qunce.sets.rules.payload_fields import Condition
from qunce.sets.rules.time_windows import EVER, NEVER, Window
from qunce.sets.rules.times_of_day import TimesOfDay
from qunce.sets.rules.weekdays import Weekdays

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from qunce.core.communities import Community
    from qunce.sets.rules.snapshots import Snapshot

    Ints = NDArray[np.int64]

COST = 60
"""What a query over the mirror costs, as `Clause.cost`: some 20 ms of CPU."""


@dataclass(frozen=True)
class PersonFact:
    """One fact as an explanation shows it."""

    kind: str
    label: str
    micros: int
    payload: str | None

    def format(self, community: Community) -> str:
        """When it happened by the community's clock, with its amounts of money."""
        time = format_time(self.micros, community)
        payload = payload_fields.load(self.payload) if self.payload else {}
        amounts = [
            format_money(payload[name], payload.get("currency"), community)
            for name in facts.money_fields(self.kind)
            if isinstance(payload.get(name), int)
        ]
        if not amounts:
            return time
        return _("%(time)s (%(amounts)s)") % {
            "time": time,
            "amounts": base.format_list(amounts),
        }


def format_time(micros: int, community: Community) -> str:
    """The moment by the community's clock, to the minute."""
    moment = timestamps.from_micros(micros).astimezone(zone(community))
    return moment.strftime("%Y-%m-%d %H:%M")


def format_money(units: int | Decimal, currency: object, community: Community) -> str:
    """The amount with its currency, which is the community's if none is given."""
    code = str(currency or community.currency)
    return money.format_with_currency(round(units), code)


@dataclass(frozen=True)
class FactFilter:
    """Facts of one kind, optionally only those in some groups or with some payload.

    `where` pairs the names of payload fields with their conditions. `hours` are times
    of day by the community's local clock, `weekdays` those of its days.
    """

    kind: int
    name: str
    label: str
    groups: tuple[int, ...] = ()
    where: tuple[tuple[str, Condition], ...] = ()
    hours: TimesOfDay | None = None
    weekdays: Weekdays = ()

    @property
    def needs_mirror(self) -> bool:
        """Whether the counts of days do not say which facts match."""
        return bool(self.where or self.groups or self.hours)

    def dependencies(self) -> list[revisions.Key]:
        """The revisions that conditions on money depend on: those of exchange rates."""
        is_money = any(name == amounts.FIELD for name, _condition in self.where)
        return [(exchange_rates.REVISION, 0)] if is_money else []


# From the wire format

FIELDS = ("kind", "where", "hours", "weekdays")


def parse(args: Mapping[str, Any], path: RulePath) -> FactFilter:
    kind = args.get("kind")
    kind_id = facts.find_kind(kind) if isinstance(kind, str) else None
    if kind_id is None or not isinstance(kind, str):
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
        field = payload_fields.check_name(name, here)
        condition = payload_fields.parse_condition(value, here.child(name))
        payload_fields.check_exists(field, kind=kind, path=here.child(name))
        conditions.append((field, condition))
    groups: tuple[int, ...] = ()
    if "group" in where:
        group_path = here.child("group")
        keys = base.parse_strings(where["group"], group_path)
        # An empty list of groups matches no fact, while no list matches all.
        groups = base.resolve_keys("group", keys, group_path) or (-1,)
    hours = None
    if "hours" in args:
        hours = times_of_day.parse(args["hours"], path.child("hours"))
    days: Weekdays = ()
    if "weekdays" in args:
        days = weekdays.parse(args["weekdays"], path.child("weekdays"))
    label = _label(kind, where, conditions, path.community, hours, days)
    return FactFilter(kind_id, kind, label, groups, tuple(conditions), hours, days)


def _label(
    kind: str,
    where: dict[str, Any],
    conditions: Sequence[tuple[str, Condition]],
    community: Community,
    hours: TimesOfDay | None,
    days: Weekdays,
) -> str:
    """The kind with its conditions in brackets, such as "order paid [channel: app]"."""
    labels = []
    for name, condition in conditions:
        format_number: Callable[[Decimal], str] = comparisons.format_number
        if name in facts.money_fields(kind):
            format_number = partial(money.format_exactly, currency=community.currency)
        if isinstance(condition, DecimalComparison):
            text = condition.format(format_number)
        else:
            text = base.format_list(condition.format(format_number))
        labels.append(f"{facts.field_label(kind, name)}: {text}")
    if "group" in where:
        keys = [where["group"]] if isinstance(where["group"], str) else where["group"]
        names = references.list_names(community, "group", keys)
        labels.insert(0, f"{_('group')}: {base.format_list(names)}")
    if days:
        labels.append(weekdays.describe(days))
    if hours:
        labels.append(times_of_day.describe(hours))
    if not labels:
        return facts.label_of(kind)
    return _("%(kind)s [%(where)s]") % {
        "kind": facts.label_of(kind),
        "where": base.join_sentences(labels),
    }


# To SQL


def _where(
    snap: Snapshot, fact_filter: FactFilter, window: Window
) -> tuple[str, list[Any]]:
    """The WHERE clause that selects these facts, and its parameters."""
    parts = ["community = ?", "kind = ?", "account IS NOT NULL"]
    params: list[Any] = [snap.community.pk, fact_filter.kind]
    for sign, micros in _bounds(snap, window):
        parts.append(f"happened_at {sign} ?")
        params.append(micros)
    if fact_filter.groups:
        parts.append(
            f"grp IN ({', '.join(str(group) for group in fact_filter.groups)})"
        )
    if fact_filter.hours:
        parts.append(times_of_day.to_sql(snap, fact_filter.kind, fact_filter.hours))
    if fact_filter.weekdays:
        parts.append(weekdays.to_sql(snap, fact_filter.kind, fact_filter.weekdays))
    for name, condition in fact_filter.where:
        sql, more = payload_fields.condition_sql(
            snap, fact_filter.kind, name, condition
        )
        parts.append(sql)
        params += more
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


# Of all people


def list_times(
    snap: Snapshot, fact_filter: FactFilter, window: Window
) -> tuple[Ints, Ints]:
    """The person and microseconds of each fact, shapes (n,), in no order."""
    where, params = _where(snap, fact_filter, window)
    rows = payload_fields.query(
        f"SELECT account, happened_at FROM facts WHERE {where}",  # noqa: S608
        params,
    )
    return _people(snap, rows.column(0)), rows.column(1).to_numpy().astype(np.int64)


def aggregate_by_account(
    snap: Snapshot, fact_filter: FactFilter, window: Window, aggregate: str
) -> tuple[Ints, Ints]:
    """An aggregate per account, with its person, who repeats for several accounts."""
    where, params = _where(snap, fact_filter, window)
    rows = payload_fields.query(
        f"SELECT account, CAST({aggregate} AS BIGINT) FROM facts"  # noqa: S608
        f" WHERE {where} GROUP BY account",
        params,
    )
    return _people(snap, rows.column(0)), rows.column(1).to_numpy().astype(np.int64)


def _people(snap: Snapshot, accounts: pa.ChunkedArray) -> Ints:
    return snap.aliases.map_array(accounts.to_numpy().astype(np.int64))


def times_by_person(
    snap: Snapshot, fact_filter: FactFilter, window: Window
) -> BitCounter:
    """How many times, by person."""
    # Counted by account in DuckDB and added up here, since aliases change without the
    # mirror.
    people, numbers = aggregate_by_account(snap, fact_filter, window, "count(*)")
    people, index = np.unique(people, return_inverse=True)
    sums = np.zeros(len(people), dtype=np.int64)
    np.add.at(sums, index, numbers)
    return BitCounter.from_arrays(people, sums)


def recency_by_person(
    snap: Snapshot, fact_filter: FactFilter, window: Window
) -> tuple[Ints, Ints, Ints]:
    """People ascending, the day of the last fact of each, and how many they have."""
    where, params = _where(snap, fact_filter, window)
    rows = payload_fields.query(
        "SELECT account, max(happened_at), count(*) FROM facts"  # noqa: S608
        f" WHERE {where} GROUP BY account",
        params,
    )
    accounts, micros, counts = (
        column.to_numpy().astype(np.int64) for column in rows.columns
    )
    people, index = np.unique(snap.aliases.map_array(accounts), return_inverse=True)
    last, times = np.full(len(people), NEVER), np.zeros(len(people), dtype=np.int64)
    np.maximum.at(last, index, _days(snap, micros))
    np.add.at(times, index, counts)
    return people, last, times


def people_by_block(
    snap: Snapshot, fact_filter: FactFilter, window: Window, unit: str
) -> dict[int, BitMap]:
    """Each day, or each week counted back from today → its people."""
    # Distinct days of a person cannot be added over accounts, so facts are read here.
    people, micros = list_times(snap, fact_filter, window)
    blocks = _days(snap, micros)
    if unit.startswith("weeks"):
        blocks = week_of(blocks, snap.today)
    order = np.argsort(blocks, kind="stable")
    blocks, people = blocks[order], people[order]
    found, starts = np.unique(blocks, return_index=True)
    parts = np.split(people, starts[1:])
    return {
        block: bitmaps.of(part)
        for block, part in zip(found.tolist(), parts, strict=False)
    }


DayOrDays = TypeVar("DayOrDays", int, "NDArray[np.int64]")


def week_of(day: DayOrDays, today: int) -> DayOrDays:
    """The week of a day: blocks of seven days back from today, of which 0 is the newest."""
    return (today - day) // 7


def _days(snap: Snapshot, micros: Ints) -> Ints:
    zone, start = snap.community.timezone, snap.community.day_start
    return community_days.days_of(zone, start, micros)


def numbers_by_person(
    snap: Snapshot, fact_filter: FactFilter, window: Window, name: str
) -> payload_numbers.Totals:
    """The numbers in a payload field, added up by person."""
    where, params = _where(snap, fact_filter, window)
    return payload_numbers.load(snap, where, params, name)


def select_by_first_or_last(
    snap: Snapshot, fact_filter: FactFilter, window: Window, edge: str
) -> BitMap:
    """The people whose first (`min`) or last (`max`) fact up to today is in the window."""
    # Over all time, because a fact outside the window decides whether one inside is the
    # first.
    people, micros = aggregate_by_account(
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


def left_out_by_person(
    snap: Snapshot, fact_filter: FactFilter, window: Window
) -> dict[str, tuple[Ints, Ints]]:
    """Currency → people and their money that has no exchange rate, so that no sum has it."""
    where, params = _where(snap, fact_filter, window)
    rows = payload_fields.query(
        "SELECT account, currency, CAST(sum(amount) AS BIGINT) FROM facts"  # noqa: S608
        f" WHERE {where} AND {amounts.left_out(snap.community)} GROUP BY ALL",
        params,
    )
    accounts, currencies, sums = (column.to_numpy() for column in rows.columns)
    by_currency = {}
    for currency in sorted(set(currencies)):
        chosen = currencies == currency
        people, index = np.unique(
            snap.aliases.map_array(accounts[chosen].astype(np.int64)),
            return_inverse=True,
        )
        totals = np.zeros(len(people), dtype=np.int64)
        np.add.at(totals, index, sums[chosen].astype(np.int64))
        by_currency[currency] = people, totals
    return by_currency


# Of one person


def days_of_person(
    snap: Snapshot, fact_filter: FactFilter, window: Window, person: int
) -> dict[int, int]:
    """Each day on which the person did it → how often."""
    where, params = _where(snap, fact_filter, window)
    where += _of_person(snap, person)
    rows = payload_fields.query(f"SELECT happened_at FROM facts WHERE {where}", params)  # noqa: S608
    days = _days(snap, rows.column(0).to_numpy().astype(np.int64))
    return dict(
        zip(*(a.tolist() for a in np.unique(days, return_counts=True)), strict=True)
    )


def numbers_of_person(
    snap: Snapshot, fact_filter: FactFilter, window: Window, name: str, person: int
) -> payload_numbers.Totals:
    """Like `numbers_by_person` for one person, with at most one row."""
    where, params = _where(snap, fact_filter, window)
    return payload_numbers.load(snap, where + _of_person(snap, person), params, name)


def facts_of_person(
    snap: Snapshot, fact_filter: FactFilter, person: int, window: Window = EVER
) -> list[PersonFact]:
    """The person's facts in the order in which they happened."""
    where, params = _where(snap, fact_filter, window)
    rows = payload_fields.query(
        "SELECT happened_at, payload FROM facts"  # noqa: S608
        f" WHERE {where}{_of_person(snap, person)} ORDER BY happened_at, id",
        params,
    )
    return [
        PersonFact(fact_filter.name, fact_filter.label, micros, payload)
        for micros, payload in zip(*(c.to_pylist() for c in rows.columns), strict=True)
    ]


def left_out_of_person(
    snap: Snapshot, fact_filter: FactFilter, window: Window, person: int
) -> dict[str, int]:
    """Currency → money of a person that has no exchange rate, so that no sum has it."""
    where, params = _where(snap, fact_filter, window)
    where += _of_person(snap, person)
    return amounts.list_left_out(snap.community, {fact_filter.kind: 1}, where, params)


def _of_person(snap: Snapshot, person: int) -> str:
    accounts = snap.aliases.account_ids(person)
    return f" AND account IN ({', '.join(str(account) for account in accounts)})"
