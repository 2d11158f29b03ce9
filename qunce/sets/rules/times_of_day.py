"""Times of day in a rule, such as `[0, 6]` or `["22:30", "06:00"]`, by the local clock."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
from django.utils.translation import gettext as _

from qunce.core import community_days
from qunce.sets.rules import payload_fields, phrasing

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from qunce.sets.rules.base import RulePath
    from qunce.sets.rules.phrasing import Pieces
    from qunce.sets.rules.snapshots import Snapshot

    Ints = NDArray[np.int64]

TIME_FORMAT = re.compile(r"([01]?[0-9]|2[0-4]):([0-5][0-9])")
MINUTES_OF_DAY = 24 * 60
MICROS_OF_MINUTE = 60_000_000
MICROS_OF_DAY = MINUTES_OF_DAY * MICROS_OF_MINUTE

TimesOfDay = tuple[int, int]
"""Minutes after midnight, of which the last is excluded; a span over midnight ends
before it starts."""


def parse(value: Any, path: RulePath) -> TimesOfDay:
    if not isinstance(value, list) or len(value) != 2:
        path.fail(_("Write two times of day: [0, 6] or [“22:30”, “06:00”]."))
    first, last = (_parse_time(time, path.child(n)) for n, time in enumerate(value))
    if first in (last, MINUTES_OF_DAY):
        path.fail(
            _(
                "There is no time between these times of day. For the whole day, leave them out."
            )
        )
    return first, last


def _parse_time(value: Any, path: RulePath) -> int:
    minutes = None
    if isinstance(value, int) and not isinstance(value, bool):
        minutes = value * 60
    elif isinstance(value, str) and (match := TIME_FORMAT.fullmatch(value.strip())):
        minutes = int(match[1]) * 60 + int(match[2])
    if minutes is None or not 0 <= minutes <= MINUTES_OF_DAY:
        path.fail(_("Write an hour from 0 to 24 or a time like “06:30”."))
    return minutes


def format_times(times: TimesOfDay) -> tuple[str, str]:
    first, last = (f"{minutes // 60:02}:{minutes % 60:02}" for minutes in times)
    return first, last


def describe(times: TimesOfDay) -> str:
    first, last = format_times(times)
    return _("between %(first)s and %(last)s") % {"first": first, "last": last}


def phrase(value: Any) -> Pieces:
    """The piece of text for valid JSON; raises TypeError or ValueError for other JSON."""
    texts = []
    for time in value:
        match = TIME_FORMAT.fullmatch(time if isinstance(time, str) else f"{time}:00")
        if match is None:
            raise ValueError(value)
        texts.append(f"{int(match[1]):02}:{match[2]}")
    first, last = texts
    return phrasing.fill(
        _("between %(first)s and %(last)s"),
        first=phrasing.value(first),
        last=phrasing.value(last),
    )


def to_sql(snap: Snapshot, kind: int, times: TimesOfDay) -> str:
    """SQL of whether a fact of the kind happened at these times of day."""
    time = local_time_sql(snap, kind)
    if time is None:
        return "FALSE"
    first, last = (minutes * MICROS_OF_MINUTE for minutes in times)
    joined = "AND" if first < last else "OR"
    return f"({time} >= {first} {joined} {time} < {last})"


def local_time_sql(snap: Snapshot, kind: int) -> str | None:
    """SQL of the microseconds since midnight of a fact; None if the kind has no facts."""
    span = span_of_kind(snap, kind)
    if span is None:
        return None
    # The offset changes with daylight saving time, so that each period has its own.
    (_start, offset), *later = community_days.utc_offsets(
        snap.community.timezone, *span
    )
    local = f"happened_at + {offset}"
    for start, offset in later:
        local = f"CASE WHEN happened_at >= {start} THEN happened_at + {offset} ELSE {local} END"
    # DuckDB's remainder has the sign of the dividend, which is negative before 1970.
    return f"((({local}) % {MICROS_OF_DAY} + {MICROS_OF_DAY}) % {MICROS_OF_DAY})"


def span_of_kind(snap: Snapshot, kind: int) -> tuple[int, int] | None:
    """The times of the first and the last fact of a kind."""

    def read() -> tuple[int, int] | None:
        rows = payload_fields.query(
            "SELECT min(happened_at), max(happened_at) FROM facts"
            " WHERE community = ? AND kind = ?",
            [snap.community.pk, kind],
        )
        first, last = (column[0].as_py() for column in rows.columns)
        return None if first is None else (first, last)

    return snap.memoize(("span", kind), (snap.token(), snap.reached()), read)
