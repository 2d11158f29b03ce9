"""Facts asked of the mirror: by payload, by group, to the microsecond."""

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
from qunce.sets.rules.time_windows import NEVER, Window

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from qunce.sets.rules.snapshots import Snapshot

FIELD_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,60}")
WHOLE_NUMBER_TYPES = "('BIGINT', 'UBIGINT', 'HUGEINT', 'UHUGEINT')"


Wanted = tuple[str, Comparison | tuple[str, ...]]


@dataclass(frozen=True)
class FactFilter:
    """One kind, perhaps only those in some groups or with some payload.

    `where` holds (field, wanted): wanted is a Comparison or JSON texts, any of which the
    field equals or, as a list, contains.
    """

    kind: int
    spoken: str
    groups: tuple[int, ...] = ()
    where: tuple[Wanted, ...] = ()

    def say(self) -> str:
        return self.spoken


def parse(args: Mapping[str, Any], path: RulePath) -> FactFilter:
    kind = args.get("kind")
    known = facts.find_kind(kind) if isinstance(kind, str) else None
    if known is None:
        path.child("kind").fail(
            _("There is no kind of fact “%(kind)s”.") % {"kind": kind}
        )
    where, here = args.get("where", {}), path.child("where")
    if not isinstance(where, dict):
        here.fail(_("Write an object with fields."))
    wanted = [
        (parse_field_name(name, here), _wanted(value, here.child(name)))
        for name, value in sorted(where.items())
        if name != "group"
    ]
    groups = _groups(where, here)
    return FactFilter(known, _spoken(str(kind), where, wanted), groups, tuple(wanted))


def _spoken(kind: str, where: dict[str, Any], wanted: Sequence[Wanted]) -> str:
    """The kind in words, with what its facts have to say."""
    said = [f"{name}: {_spoken_value(value)}" for name, value in wanted]
    if "group" in where:
        keys = [where["group"]] if isinstance(where["group"], str) else where["group"]
        said.insert(0, f"{_('group')}: {base.format_list(keys)}")
    if not said:
        return facts.label_of(kind)
    return _("%(kind)s [%(where)s]") % {
        "kind": facts.label_of(kind),
        "where": base.join_sentences(said),
    }


def _spoken_value(value: Comparison | tuple[str, ...]) -> str:
    if isinstance(value, Comparison):
        return value.say()
    return base.format_list(str(json.loads(one)) for one in value)


def parse_field_name(name: Any, path: RulePath) -> str:
    if not isinstance(name, str) or not FIELD_NAME.fullmatch(name):
        path.fail(_("“%(name)s” is not the name of a field.") % {"name": name})
    return name


def _groups(where: dict[str, Any], path: RulePath) -> tuple[int, ...]:
    if "group" not in where:
        return ()
    here = path.child("group")
    return base.resolve_keys(
        "group", base.parse_strings(where["group"], here), here
    ) or (-1,)


def _wanted(value: Any, path: RulePath) -> Comparison | tuple[str, ...]:
    if isinstance(value, dict):
        return comparisons.parse(value, path)
    several = value if isinstance(value, list) else [value]
    for one in several:
        if not isinstance(one, str | int | bool):
            path.fail(_("Compare with a text, a whole number, true or false."))
    return tuple(sorted(json.dumps(one, ensure_ascii=False) for one in several))


DayOrDays = TypeVar("DayOrDays", int, "NDArray[np.int64]")


def week_of(day: DayOrDays, today: int) -> DayOrDays:
    """Weeks are blocks of seven days counted back from today: 0 is the newest."""
    return (today - day) // 7


def condition(
    snap: Snapshot, what: FactFilter, window: Window
) -> tuple[str, list[str | int]]:
    """The WHERE of these facts, and its parameters."""
    parts = ["community = ?", "kind = ?", "account IS NOT NULL"]
    params: list[str | int] = [snap.community.pk, what.kind]
    for bound, value in bounds(snap, window):
        parts.append(f"happened_at {bound} ?")
        params.append(value)
    if what.groups:
        parts.append(f"grp IN ({', '.join(str(group) for group in what.groups)})")
    for name, wanted in what.where:
        sql, more = _payload(name, wanted)
        parts.append(sql)
        params += more
    return " AND ".join(parts), params


def bounds(snap: Snapshot, window: Window) -> list[tuple[str, int]]:
    """The window as comparisons with microseconds."""
    if window.hours:
        after, upto = window.span(snap.at)
        return [(">", after), ("<=", upto)]
    first, last = window.range(snap.today)
    zone, start = snap.community.timezone, snap.community.day_start
    found = [("<", community_days.begin(zone, start, last + 1))]
    if first > NEVER:
        found.append((">=", community_days.begin(zone, start, first)))
    return found


def _payload(
    name: str, wanted: Comparison | tuple[str, ...]
) -> tuple[str, list[str | int]]:
    if isinstance(wanted, Comparison):
        least, most = wanted.bounds()
        return f"{_number(name)} BETWEEN ? AND ?", [least, most]
    if not wanted:
        return "FALSE", []
    one = f"json_contains(json_extract(payload, '$.{name}'), ?)"
    return f"({' OR '.join([one] * len(wanted))})", list(wanted)


def _number(name: str) -> str:
    """The field as a whole number, or NULL."""
    return (
        f"CASE WHEN json_type(payload, '$.{name}') IN {WHOLE_NUMBER_TYPES}"
        f" THEN TRY_CAST(payload ->> '$.{name}' AS BIGINT) END"
    )


def _query(sql: str, params: list[str | int]) -> pa.Table:
    from qunce.sets.mirror import (
        mirror,  # loads DuckDB, which most questions do without
    )

    return mirror.query(sql, params)


def list_times(
    snap: Snapshot, what: FactFilter, window: Window
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """People and microseconds of each fact, shapes (n,), in no order."""
    where, params = condition(snap, what, window)
    found = _query(
        f"SELECT account, happened_at FROM facts WHERE {where}",  # noqa: S608
        params,
    )
    return _people(snap, found.column(0)), found.column(1).to_numpy().astype(np.int64)


def _people(snap: Snapshot, accounts: Any) -> NDArray[np.int64]:
    return snap.aliases.map_array(accounts.to_numpy().astype(np.int64))


def _aggregate_by_account(
    snap: Snapshot, what: FactFilter, window: Window, aggregate: str
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """People (repeated for several accounts) and an aggregate of each account."""
    where, params = condition(snap, what, window)
    found = _query(
        f"SELECT account, CAST({aggregate} AS BIGINT) FROM facts"  # noqa: S608
        f" WHERE {where} GROUP BY account",
        params,
    )
    return _people(snap, found.column(0)), found.column(1).to_numpy().astype(np.int64)


def _sum_by_person(
    people: NDArray[np.int64], numbers: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Each person once, the numbers of its accounts added exactly."""
    unique, place = np.unique(people, return_inverse=True)
    sums = np.zeros(len(unique), dtype=np.int64)
    np.add.at(sums, place, numbers)
    return unique, sums


def count_by_person(
    snap: Snapshot, what: FactFilter, window: Window, name: str
) -> BitCounter:
    """Times, distinct days or weeks by person."""
    if name == "times":
        return BitCounter.from_arrays(
            *_sum_by_person(*_aggregate_by_account(snap, what, window, "count(*)"))
        )
    people, micros = list_times(snap, what, window)
    blocks = _blocks(snap, micros, name)
    pairs = np.unique(np.stack([people, blocks]), axis=1)
    return BitCounter.from_arrays(*np.unique(pairs[0], return_counts=True))


def _blocks(snap: Snapshot, micros: NDArray[np.int64], name: str) -> NDArray[np.int64]:
    zone, start = snap.community.timezone, snap.community.day_start
    found = community_days.days_of(zone, start, micros)
    return found if name == "days" else week_of(found, snap.today)


def select_by_sum(
    snap: Snapshot, what: FactFilter, window: Window, name: str, wanted: Comparison
) -> BitMap:
    """Those whose field adds up as wanted; whoever has no such fact has 0."""
    people, sums = _sum_by_person(
        *_aggregate_by_account(snap, what, window, f"coalesce(sum({_number(name)}), 0)")
    )
    least, most = wanted.bounds()
    picked = bitmaps.of(people[(sums >= least) & (sums <= most)])
    if least <= 0 <= most:
        picked = picked | (snap.everyone(with_left=True) - bitmaps.of(people))
    return picked


def select_by_first_or_last(
    snap: Snapshot, what: FactFilter, window: Window, edge: str
) -> BitMap:
    """Those whose first (`min`) or last (`max`) fact up to today is in the window."""
    ever = Window()
    people, micros = _aggregate_by_account(snap, what, ever, f"{edge}(happened_at)")
    order = np.lexsort((micros if edge == "min" else -micros, people))
    people, micros = people[order], micros[order]
    chosen = np.ones(len(people), dtype=bool)
    chosen[1:] = people[1:] != people[:-1]
    people, micros = people[chosen], micros[chosen]
    return bitmaps.of(people[in_window(snap, micros, window)])


def in_window(
    snap: Snapshot, micros: NDArray[np.int64], window: Window
) -> NDArray[np.bool_]:
    """Which instants lie in the window, same shape."""
    found = np.ones(len(micros), dtype=bool)
    for bound, value in bounds(snap, window):
        found &= _compare(micros, bound, value)
    return found


def _compare(micros: NDArray[np.int64], bound: str, value: int) -> NDArray[np.bool_]:
    if bound == ">":
        return micros > value
    if bound == ">=":
        return micros >= value
    return micros < value if bound == "<" else micros <= value


def _of_person(snap: Snapshot, person: int) -> str:
    accounts = snap.aliases.account_ids(person)
    return f" AND account IN ({', '.join(str(account) for account in accounts)})"


def count_of_person(
    snap: Snapshot, what: FactFilter, window: Window, name: str, person: int
) -> int:
    """Times, distinct days or weeks of one person."""
    where, params = condition(snap, what, window)
    found = _query(
        f"SELECT happened_at FROM facts WHERE {where}{_of_person(snap, person)}",  # noqa: S608
        params,
    )
    micros = found.column(0).to_numpy().astype(np.int64)
    if name == "times":
        return len(micros)
    return len(np.unique(_blocks(snap, micros, name)))


def sum_of(
    snap: Snapshot, what: FactFilter, window: Window, name: str, person: int
) -> int:
    where, params = condition(snap, what, window)
    found = _query(
        f"SELECT CAST(coalesce(sum({_number(name)}), 0) AS BIGINT) FROM facts"  # noqa: S608
        f" WHERE {where}{_of_person(snap, person)}",
        params,
    )
    return int(found.column(0)[0].as_py())
