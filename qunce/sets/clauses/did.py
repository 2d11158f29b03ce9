"""The clause `did`: how often, on how many days, how much, when first and last."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.translation import gettext as _
from pyroaring import BitMap

from qunce.core import revisions
from qunce.sets.bitmaps import bitmaps
from qunce.sets.bitmaps.bit_counters import BitCounter, sum_all
from qunce.sets.rules import base, comparisons, fact_queries, time_windows
from qunce.sets.rules.base import Clause, RulePath
from qunce.sets.rules.comparisons import Comparison
from qunce.sets.rules.fact_queries import FactFilter
from qunce.sets.rules.time_windows import Window

if TYPE_CHECKING:
    from qunce.sets.rules.snapshots import Snapshot

COUNTED = ("times", "days", "weeks")
FIELDS = ("kind", "where", "sum", "first", "last", *COUNTED, *time_windows.KINDS)


@base.register
@dataclass(frozen=True)
class DidClause(Clause):
    """Asked of stacks of days where it can be, of the mirror where it must be.

    The mirror is needed for payloads (`where`, `sum`) and for exact hours.
    """

    name: ClassVar[str] = "did"
    facts: FactFilter
    window: Window
    counted: tuple[tuple[str, Comparison], ...]
    sum: tuple[str, Comparison] | None = None
    first: Window | None = None
    last: Window | None = None

    @classmethod
    def parse(cls, args: Any, path: RulePath) -> DidClause:
        base.check_fields(args, path, FIELDS)
        counted = tuple(
            (name, comparisons.parse(args[name], path.child(name)))
            for name in COUNTED
            if name in args
        )
        extra = [name for name in ("sum", "first", "last") if name in args]
        if not counted and not extra:
            counted = (("times", comparisons.AT_LEAST_ONCE),)
        return cls(
            facts=fact_queries.parse(args, path),
            window=time_windows.parse(args, path),
            counted=counted,
            sum=_sum(args["sum"], path.child("sum")) if "sum" in args else None,
            first=_edge(args, "first", path),
            last=_edge(args, "last", path),
        )

    def dependencies(self) -> Iterable[revisions.Key]:
        return ()

    def cache_key(self, snap: Snapshot) -> Hashable:
        """Today, and the state of the days or of the log that is read."""
        if self._needs_mirror():
            exact = snap.at if self._is_exact() else snap.today
            return (exact, snap.token(), snap.reached())
        return (snap.today, snap.token(), tuple(self._all_days(snap).items()))

    def _needs_mirror(self) -> bool:
        return bool(self.facts.where or self.facts.groups or self.sum) or (
            self._is_exact()
        )

    def _is_exact(self) -> bool:
        spans = (self.window, self.first, self.last)
        return any(span.hours for span in spans if span)

    def _all_days(self, snap: Snapshot) -> dict[int, int]:
        """Every day that the answer looks at: all up to today for first and last."""
        if self.first or self.last:
            return snap.changed_days(self.facts.kind, time_windows.NEVER, snap.today)
        return snap.changed_days(self.facts.kind, *self.window.range(snap.today))

    def resolve(self, snap: Snapshot) -> BitMap:
        found = snap.everyone(with_left=True)
        for part in self._parts(snap):
            found = found & part
        return found

    def _parts(self, snap: Snapshot) -> Iterable[BitMap]:
        everyone = snap.everyone(with_left=True)
        for name, comparison in self.counted:
            if (name, comparison) == ("times", comparisons.AT_LEAST_ONCE):
                yield self._ever(snap, self.window)
            else:
                yield comparison.select(self._count(snap, name), everyone)
        if self.sum:
            yield fact_queries.select_by_sum(snap, self.facts, self.window, *self.sum)
        if self.first:
            yield self._first(snap, self.first)
        if self.last:
            yield self._last(snap, self.last)

    def _ever(self, snap: Snapshot, window: Window) -> BitMap:
        if self._needs_mirror():
            return fact_queries.count_by_person(
                snap, self.facts, window, "times"
            ).nonzero()
        stacks = self._stacks(snap, window)
        return snap.people(bitmaps.union(stack.nonzero() for _, stack in stacks))

    def _count(self, snap: Snapshot, name: str) -> BitCounter:
        """Times, distinct days or distinct weeks in the window, by person."""
        if self._needs_mirror():
            return fact_queries.count_by_person(snap, self.facts, self.window, name)
        if name == "times":
            inside = snap.changed_days(self.facts.kind, *self.window.range(snap.today))
            return snap.by_person(snap.sum_days(self.facts.kind, inside))
        blocks: dict[int, list[BitMap]] = {}
        for day, stack in self._stacks(snap, self.window):
            block = day if name == "days" else fact_queries.week_of(day, snap.today)
            blocks.setdefault(block, []).append(stack.nonzero())
        people = (snap.people(bitmaps.union(sets)) for sets in blocks.values())
        return sum_all(BitCounter.ones(some) for some in people)

    def _stacks(self, snap: Snapshot, window: Window) -> list[tuple[int, BitCounter]]:
        inside = snap.changed_days(self.facts.kind, *window.range(snap.today))
        return snap.day_counters(self.facts.kind, inside)

    def _first(self, snap: Snapshot, window: Window) -> BitMap:
        if self._needs_mirror():
            return fact_queries.select_by_first_or_last(snap, self.facts, window, "min")
        begin, _end = window.range(snap.today)
        earlier = self._between(snap, time_windows.NEVER, begin - 1)
        return self._ever(snap, window) - earlier

    def _last(self, snap: Snapshot, window: Window) -> BitMap:
        if self._needs_mirror():
            return fact_queries.select_by_first_or_last(snap, self.facts, window, "max")
        _begin, end = window.range(snap.today)
        return self._ever(snap, window) - self._between(snap, end + 1, snap.today)

    def _between(self, snap: Snapshot, begin: int, end: int) -> BitMap:
        inside = snap.changed_days(self.facts.kind, begin, end)
        stacks = snap.day_counters(self.facts.kind, inside)
        return snap.people(bitmaps.union(stack.nonzero() for _, stack in stacks))

    def explain(self, snap: Snapshot, person: int) -> str:
        parts = [self._say_counted(snap, person, *part) for part in self.counted]
        if self.sum:
            amount = fact_queries.sum_of(
                snap, self.facts, self.window, self.sum[0], person
            )
            parts.append(
                _("total %(field)s is %(n)s (required: %(wanted)s)")
                % {"field": self.sum[0], "n": amount, "wanted": self.sum[1].say()}
            )
        if self.first:
            parts.append(_("the first time %(when)s") % {"when": self.first.say()})
        if self.last:
            parts.append(_("the last time %(when)s") % {"when": self.last.say()})
        return _("%(kind)s %(when)s: %(what)s") % {
            "kind": self.facts.say(),
            "when": self.window.say(),
            "what": base.join_sentences(parts),
        }

    def _say_counted(
        self, snap: Snapshot, person: int, name: str, comparison: Comparison
    ) -> str:
        number = self._number(snap, person, name)
        return NUMBERED[name]() % {"n": number, "wanted": comparison.say()}

    def _number(self, snap: Snapshot, person: int, name: str) -> int:
        if self._needs_mirror():
            return fact_queries.count_of_person(
                snap, self.facts, self.window, name, person
            )
        accounts = snap.aliases.account_ids(person)
        counts = {
            day: sum(stack.get(account) for account in accounts)
            for day, stack in self._stacks(snap, self.window)
        }
        if name == "times":
            return sum(counts.values())
        done = [day for day, number in counts.items() if number]
        if name == "weeks":
            done = [fact_queries.week_of(day, snap.today) for day in done]
        return len(set(done))


NUMBERED: dict[str, Callable[[], str]] = {
    "times": lambda: _("times: %(n)s (required %(wanted)s)"),
    "days": lambda: _("days: %(n)s (required %(wanted)s)"),
    "weeks": lambda: _("weeks: %(n)s (required %(wanted)s)"),
}


def _edge(args: dict[str, Any], name: str, path: RulePath) -> Window | None:
    if name not in args:
        return None
    here = path.child(name)
    base.check_fields(args[name], here, time_windows.KINDS)
    window = time_windows.parse(args[name], here)
    if window == time_windows.EVER:
        here.fail(_("Specify a time span, such as {“within”: “30d”}."))
    return window


def _sum(args: Any, path: RulePath) -> tuple[str, Comparison]:
    base.check_fields(args, path, ("field", *comparisons.SIGNS))
    field = fact_queries.parse_field_name(args.get("field"), path.child("field"))
    bounds = {sign: value for sign, value in args.items() if sign != "field"}
    return field, comparisons.parse(bounds, path)
