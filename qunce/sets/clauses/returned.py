"""The clause `returned`: did something again after days without it."""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from qunce.core import community_days, revisions
from qunce.sets.bitmaps import bitmaps
from qunce.sets.clauses import fact_filters
from qunce.sets.clauses.fact_filters import KIND, TIME_WINDOW
from qunce.sets.rules import base, fact_counts, fact_queries, time_windows
from qunce.sets.rules.base import Clause, RulePath
from qunce.sets.rules.fact_queries import FactFilter
from qunce.sets.rules.grammar.days import DAYS
from qunce.sets.rules.grammar.forms import Form, Slot
from qunce.sets.rules.references import Mention
from qunce.sets.rules.time_windows import Window

if TYPE_CHECKING:
    from pyroaring import BitMap

    from qunce.sets.rules.snapshots import Snapshot

NONE = -(2**31)
"""No day yet, in an array of days."""


@base.register
@dataclass(frozen=True)
class ReturnedClause(Clause):
    """`gap` is the least number of whole community days without such a fact."""

    name: ClassVar[str] = "returned"
    knows_past: ClassVar[bool] = True
    description: ClassVar[str] = (
        "Members who did something again `after` at least so many days without it. The"
        " time span is that of coming back. `where`, `hours` and `weekdays` are those of"
        " `did`."
    )
    fields: ClassVar[tuple[str, ...]] = (
        *fact_queries.FIELDS,
        "after",
        *time_windows.KINDS,
    )
    examples: ClassVar[tuple[dict[str, Any], ...]] = (
        {"kind": "order.paid", "after": "90d", "within": "30d"},
        {"kind": "order.paid", "after": "90d", "since": "2026-01-01"},
        {"kind": "order.paid", "after": "90d", "during": "last month"},
        {"kind": "order.paid", "after": "60d", "before": "30d"},
        {
            "kind": "order.paid",
            "after": "60d",
            "between": ["2026-01-01", "2026-01-31"],
            "where": {"currency": ["CNY"]},
        },
        {"kind": "order.paid", "after": "60d", "hours": ["06:00", "12:00"]},
        {"kind": "order.paid", "after": "60d", "weekdays": [5, 6]},
    )

    forms: ClassVar = (
        Form(
            gettext_noop(
                "%(kind)s again %(window)s after at least %(days)s days without it"
            ),
            {"kind": KIND, "window": TIME_WINDOW, "days": Slot(DAYS, "after")},
        ),
    )

    facts: FactFilter
    gap: int
    window: Window

    @classmethod
    def parse(cls, args: Any, path: RulePath) -> ReturnedClause:
        base.check_fields(args, path, cls.fields)
        window = time_windows.parse(args, path)
        if window.hours:
            path.child("within").fail(_("Write a span of days, such as 30d."))
        gap = time_windows.parse_days(args.get("after"), path.child("after"))
        return cls(fact_queries.parse(args, path), gap, window)

    @classmethod
    def mentions(cls, args: Any) -> Iterator[Mention]:
        yield from fact_filters.mentions(args)

    def dependencies(self) -> Iterable[revisions.Key]:
        return self.facts.dependencies()

    @property
    def cost(self) -> int:
        return fact_queries.COST

    def cache_key(self, snap: Snapshot) -> Hashable:
        return fact_counts.version(snap, self.facts, time_windows.EVER)

    def resolve(self, snap: Snapshot) -> BitMap:
        days = fact_counts.people_by_block(snap, self.facts, time_windows.EVER)
        return people_who_return(days, self.gap, *self.window.range(snap.today))

    def explain(self, snap: Snapshot, person: int) -> str:
        days = sorted(
            fact_counts.days_of_person(snap, self.facts, time_windows.EVER, person)
        )
        first, last = self.window.range(snap.today)
        gaps = [
            (after - before - 1, after)
            for before, after in itertools.pairwise(days)
            if first <= after <= last
        ]
        # The longest break, of equal ones the latest.
        gap, day = max(gaps, default=(0, 0))
        found = _("%(n)s days without it before %(day)s") % {
            "n": gap,
            "day": community_days.to_date(day).isoformat(),
        }
        return _("%(kind)s again %(when)s: %(found)s (required ≥ %(n)s days)") % {
            "kind": self.facts.label,
            "when": self.window.describe(),
            "found": found if gaps else _("never"),
            "n": self.gap,
        }


def people_who_return(
    days: Mapping[int, BitMap], gap: int, first: int, last: int
) -> BitMap:
    """The people of a day from `first` to `last` whose day before is > `gap` earlier."""
    size = max((people.max() for people in days.values() if people), default=-1) + 1
    # One pass over the days with the last day of each person, since unions of the days
    # of every gap would be read again for each day.
    latest = np.full(size, NONE, dtype=np.int64)
    found = []
    for day in sorted(days):
        people = bitmaps.array_of(days[day])
        if first <= day <= last:
            before = latest[people]
            found.append(bitmaps.of(people[(before != NONE) & (day - before > gap)]))
        latest[people] = day
    return bitmaps.union(found)
