"""The clause `stopped`: did something often enough, and then not for some days."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from qunce.core import revisions
from qunce.sets.clauses import fact_filters
from qunce.sets.clauses.fact_filters import KIND
from qunce.sets.rules import (
    base,
    comparisons,
    fact_counts,
    fact_queries,
    time_windows,
)
from qunce.sets.rules.base import Clause, RulePath
from qunce.sets.rules.comparisons import Comparison
from qunce.sets.rules.fact_queries import FactFilter
from qunce.sets.rules.grammar.days import DAYS
from qunce.sets.rules.grammar.forms import Form, Slot
from qunce.sets.rules.grammar.values import COUNT
from qunce.sets.rules.references import Mention
from qunce.sets.rules.time_windows import NEVER, Window

if TYPE_CHECKING:
    from pyroaring import BitMap

    from qunce.sets.rules.snapshots import Snapshot


TIMES = Slot(
    Form(gettext_noop("%(n)s times"), {"n": Slot(COUNT, "times")}),
    fields=("times",),
    optional=True,
)


def _unpack(args: dict[str, Any]) -> dict[str, Any]:
    """Without `times` where once is enough, which is what it means to stop."""
    is_once = args.get("times") in ({"gte": 1}, {"gt": 0})
    return {k: v for k, v in args.items() if k != "times" or not is_once}


@base.register
@dataclass(frozen=True)
class StoppedClause(Clause):
    """`silent` and `within` count community days; without `within`, all days before."""

    name: ClassVar[str] = "stopped"
    knows_past: ClassVar[bool] = True
    description: ClassVar[str] = (
        "Members who did something, and then not in the last days `for` which it has been"
        " missing, today included. `times` says how often before that, once if it is left"
        " out, and `within` in how many days before that. `where`, `hours` and `weekdays`"
        " are those of `did`."
    )
    fields: ClassVar[tuple[str, ...]] = (*fact_queries.FIELDS, "for", "times", "within")
    examples: ClassVar[tuple[dict[str, Any], ...]] = (
        {"kind": "order.paid", "for": "60d"},
        {"kind": "order.paid", "for": "30d", "times": {"gte": 3}, "within": "90d"},
        {"kind": "order.paid", "for": "30d", "where": {"currency": ["CNY"]}},
        {"kind": "order.paid", "for": "30d", "hours": ["06:00", "12:00"]},
        {"kind": "order.paid", "for": "30d", "weekdays": [5, 6]},
    )

    forms: ClassVar = (
        Form(
            gettext_noop(
                "%(kind)s %(times)s before, but not in the last %(days)s days"
            ),
            {"kind": KIND, "times": TIMES, "days": Slot(DAYS, "for")},
            unpack=_unpack,
        ),
        Form(
            gettext_noop(
                "%(kind)s %(times)s in %(before)s days, but not in the %(days)s days"
                " since"
            ),
            {
                "kind": KIND,
                "times": TIMES,
                "before": Slot(DAYS, "within"),
                "days": Slot(DAYS, "for"),
            },
            unpack=_unpack,
        ),
    )

    facts: FactFilter
    silent: int
    times: Comparison
    within: int | None

    @classmethod
    def parse(cls, args: Any, path: RulePath) -> StoppedClause:
        base.check_fields(args, path, cls.fields)
        times, here = comparisons.AT_LEAST_ONCE, path.child("times")
        if "times" in args:
            times = comparisons.parse(args["times"], here)
            if times.bounds()[0] < 1:
                here.fail(
                    _("Members who never did something cannot stop. Ask for 1 or more.")
                )
        within = None
        if "within" in args:
            within = time_windows.parse_days(args["within"], path.child("within"))
        silent = time_windows.parse_days(args.get("for"), path.child("for"))
        return cls(fact_queries.parse(args, path), silent, times, within)

    @classmethod
    def mentions(cls, args: Any) -> Iterator[Mention]:
        yield from fact_filters.mentions(args)

    def dependencies(self) -> Iterable[revisions.Key]:
        return self.facts.dependencies()

    @property
    def cost(self) -> int:
        return 2 * fact_counts.cost(self.facts, time_windows.EVER)

    def cache_key(self, snap: Snapshot) -> Hashable:
        return fact_counts.version(snap, self.facts, time_windows.EVER)

    def _windows(self, snap: Snapshot) -> tuple[Window, Window]:
        """The days before, and the days since then."""
        last = snap.today - self.silent
        first = NEVER if self.within is None else last - self.within + 1
        return (
            time_windows.between_days(first, last),
            time_windows.between_days(last + 1, snap.today),
        )

    def resolve(self, snap: Snapshot) -> BitMap:
        before, since = self._windows(snap)
        counter = fact_counts.by_person(snap, self.facts, before)
        active = self.times.select(counter, snap.known())
        return active - fact_counts.people(snap, self.facts, since)

    def explain(self, snap: Snapshot, person: int) -> str:
        before, since = self._windows(snap)
        counts = [
            fact_counts.of_person(snap, self.facts, window, "times", person)
            for window in (before, since)
        ]
        sentence = _(
            "%(kind)s: %(n)s times before (required %(wanted)s), %(since)s times in the"
            " last %(days)s days (required = 0)"
        )
        if self.within is not None:
            sentence = _(
                "%(kind)s: %(n)s times in the %(within)s days before (required"
                " %(wanted)s), %(since)s times in the last %(days)s days (required = 0)"
            )
        return sentence % {
            "kind": self.facts.label,
            "n": counts[0],
            "wanted": self.times.format(),
            "since": counts[1],
            "days": self.silent,
            "within": self.within,
        }
