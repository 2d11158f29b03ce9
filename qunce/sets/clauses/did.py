"""The clause `did`: how often, on how many days, how much, when first and last."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from pyroaring import BitMap

from qunce.core import exchange_rates, money, revisions
from qunce.core.decimals import EXACT
from qunce.core.facts import facts
from qunce.sets import amounts
from qunce.sets.clauses import fact_filters
from qunce.sets.clauses.fact_filters import (
    FIELD_AMOUNT,
    KIND,
    TIME_WINDOW,
    FieldName,
)
from qunce.sets.rules import (
    base,
    comparisons,
    fact_counts,
    fact_queries,
    payload_fields,
    payload_numbers,
    time_windows,
)
from qunce.sets.rules.base import Clause, RulePath
from qunce.sets.rules.comparisons import Comparison, Counts, DecimalComparison
from qunce.sets.rules.fact_queries import FactFilter
from qunce.sets.rules.grammar.days import WINDOW
from qunce.sets.rules.grammar.forms import Choice, Form, Part, Slot, Unfit
from qunce.sets.rules.grammar.values import COUNT
from qunce.sets.rules.references import Mention
from qunce.sets.rules.time_windows import Window

if TYPE_CHECKING:
    from qunce.sets.rules.snapshots import Snapshot

EXPLANATIONS = {
    "times": gettext_noop("times: %(n)s (required %(wanted)s)"),
    "days": gettext_noop("days: %(n)s (required %(wanted)s)"),
    "weeks": gettext_noop("weeks: %(n)s (required %(wanted)s)"),
    "days_in_a_row": gettext_noop("days in a row: %(n)s (required %(wanted)s)"),
    "weeks_in_a_row": gettext_noop("weeks in a row: %(n)s (required %(wanted)s)"),
}
AGGREGATE_EXPLANATIONS = {
    "sum": gettext_noop("total %(field)s is %(n)s (required: %(wanted)s)"),
    "average": gettext_noop("average %(field)s is %(n)s (required: %(wanted)s)"),
    "min": gettext_noop("lowest %(field)s is %(n)s (required: %(wanted)s)"),
    "max": gettext_noop("highest %(field)s is %(n)s (required: %(wanted)s)"),
}
AGGREGATE_TEMPLATES = {
    "sum": gettext_noop("%(kind)s with a total %(field)s of %(n)s %(window)s"),
    "average": gettext_noop("%(kind)s with an average %(field)s of %(n)s %(window)s"),
    "min": gettext_noop("%(kind)s with a lowest %(field)s of %(n)s %(window)s"),
    "max": gettext_noop("%(kind)s with a highest %(field)s of %(n)s %(window)s"),
}
EDGE_EXPLANATIONS = {
    "first": gettext_noop("the first time was %(found)s (required: %(when)s)"),
    "last": gettext_noop("the last time was %(found)s (required: %(when)s)"),
}
UNIT_TEMPLATES = {
    "times": gettext_noop("%(n)s times"),
    "days": gettext_noop("on %(n)s different days"),
    "weeks": gettext_noop("in %(n)s different weeks"),
    "days_in_a_row": gettext_noop("on %(n)s days in a row"),
    "weeks_in_a_row": gettext_noop("in %(n)s weeks in a row"),
}
UNITS = tuple(UNIT_TEMPLATES)
"""What can be counted; each is a field of the clause."""
NEVER = ({"eq": 0}, {"lte": 0}, {"lt": 1})
AT_LEAST_ONCE = ({"gte": 1}, {"gt": 0})
EDGE_TEMPLATES = {
    "first": gettext_noop("%(kind)s for the first time %(window)s"),
    "last": gettext_noop("%(kind)s for the last time %(window)s"),
}


def _unpack_never(args: dict[str, Any]) -> dict[str, Any]:
    if args.pop("times") not in NEVER:
        raise Unfit(args)
    return args


def _unpack_once(args: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in args.items() if k != "times" or v not in AT_LEAST_ONCE}


def _aggregate_form(name: str) -> Form:
    def unpack(args: dict[str, Any]) -> dict[str, Any]:
        bounds = dict(args.pop(name))
        return {**args, "field": bounds.pop("field"), "bounds": bounds}

    def pack(args: dict[str, Any]) -> dict[str, Any]:
        bounds = {"field": args["field"], **args["bounds"]}
        rest = {k: v for k, v in args.items() if k not in ("field", "bounds")}
        return {**rest, name: bounds}

    slots: dict[str, Slot | Part] = {
        "kind": KIND,
        "field": FieldName(),
        "n": Slot(FIELD_AMOUNT, "bounds"),
        "window": TIME_WINDOW,
    }
    return Form(AGGREGATE_TEMPLATES[name], slots, unpack=unpack, pack=pack)


FORMS = (
    Form(
        gettext_noop("never %(kind)s %(window)s"),
        {"kind": KIND, "window": TIME_WINDOW},
        unpack=_unpack_never,
        pack=lambda args: {**args, "times": {"eq": 0}},
    ),
    Form(
        gettext_noop("%(kind)s %(times)s %(window)s"),
        {
            "kind": KIND,
            "times": Slot(
                Choice(
                    [
                        Form(template, {"n": Slot(COUNT, unit)})
                        for unit, template in UNIT_TEMPLATES.items()
                    ]
                ),
                fields=UNITS,
                optional=True,
            ),
            "window": TIME_WINDOW,
        },
        unpack=_unpack_once,
    ),
    *(_aggregate_form(name) for name in AGGREGATE_TEMPLATES),
    *(
        Form(template, {"kind": KIND, "window": Slot(WINDOW, edge)})
        for edge, template in EDGE_TEMPLATES.items()
    ),
)


@base.register
@dataclass(frozen=True)
class DidClause(Clause):
    """Answered from the bit counters of days where possible, else from the mirror.

    The mirror is needed for payloads (`where`, `sum`) and for exact hours.
    """

    name: ClassVar[str] = "did"
    knows_past: ClassVar[bool] = True
    description: ClassVar[str] = (
        "Members by what they did: how often, on how many days or in how many weeks, also"
        " in a row, the sum, average, lowest or highest number of a field, and when it"
        " first or last happened. `hours` are times of day by the community's clock, the"
        " second one excluded; they may go over midnight. `weekdays` are those of the"
        " community's days, from 0 (Monday) to 6 (Sunday). `where` compares fields of the"
        " payload."
        " Members without a number in the field have the sum 0 and no average. Amounts"
        " of money are in the smallest unit of the community's currency."
    )
    fields: ClassVar[tuple[str, ...]] = (
        "kind",
        "where",
        "hours",
        "weekdays",
        *payload_numbers.AGGREGATES,
        "first",
        "last",
        *UNITS,
        *time_windows.KINDS,
    )
    examples: ClassVar[tuple[dict[str, Any], ...]] = (
        {"kind": "order.paid", "times": {"gte": 2}, "within": "30d"},
        {"kind": "order.paid", "days": {"gte": 3}, "since": "2026-01-01"},
        {"kind": "order.paid", "days": {"gte": 3}, "during": "last month"},
        {"kind": "order.paid", "weeks": {"gte": 10}, "within": "84d"},
        {"kind": "order.paid", "days_in_a_row": {"gte": 7}, "within": "30d"},
        {"kind": "order.paid", "weeks_in_a_row": {"gte": 4}},
        {
            "kind": "order.paid",
            "sum": {"field": "amount", "gte": 10000},
            "between": ["2026-01-01", "2026-01-31"],
        },
        {"kind": "order.paid", "where": {"currency": ["CNY"]}, "before": "30d"},
        {"kind": "order.paid", "average": {"field": "amount", "gte": 99.5}},
        {"kind": "order.paid", "min": {"field": "amount", "gt": 0}},
        {"kind": "order.paid", "max": {"field": "amount", "lt": 100000}},
        {"kind": "order.paid", "hours": [0, 6], "within": "30d"},
        {"kind": "order.paid", "hours": ["22:30", "06:00"]},
        {"kind": "order.paid", "weekdays": [5, 6], "times": {"gte": 2}},
        {"kind": "order.paid", "first": {"within": "7d"}},
        {"kind": "order.paid", "last": {"before": "30d"}},
    )

    forms: ClassVar = FORMS

    facts: FactFilter
    window: Window
    counts: tuple[tuple[str, Comparison], ...]
    aggregates: tuple[tuple[str, str, DecimalComparison], ...] = ()
    """Which aggregate, of which field, and what is required of it."""
    first: Window | None = None
    last: Window | None = None

    @classmethod
    def parse(cls, args: Any, path: RulePath) -> DidClause:
        base.check_fields(args, path, cls.fields)
        counts = tuple(
            (unit, comparisons.parse(args[unit], path.child(unit)))
            for unit in UNITS
            if unit in args
        )
        edges_or_numbers = (*payload_numbers.AGGREGATES, "first", "last")
        others = [name for name in edges_or_numbers if name in args]
        # A clause without any condition means that it happened at all.
        if not counts and not others:
            counts = (("times", comparisons.AT_LEAST_ONCE),)
        fact_filter = fact_queries.parse(args, path)
        window = time_windows.parse(args, path)
        aggregates = tuple(
            (name, *_parse_aggregate(args[name], fact_filter, path.child(name)))
            for name in payload_numbers.AGGREGATES
            if name in args
        )
        return cls(
            facts=fact_filter,
            window=window,
            counts=counts,
            aggregates=aggregates,
            first=_parse_edge(args, "first", path),
            last=_parse_edge(args, "last", path),
        )

    @classmethod
    def split(cls, args: dict[str, Any]) -> list[dict[str, Any]]:
        filters = {name: args[name] for name in fact_filters.FIELDS if name in args}
        window = {name: args[name] for name in time_windows.KINDS if name in args}
        edges = {name: args[name] for name in EDGE_TEMPLATES if name in args}
        counted = (*UNITS, *AGGREGATE_TEMPLATES)
        parts = [{**filters, **window, n: args[n]} for n in counted if n in args]
        # When it first or last happened does not depend on the window of the clause.
        parts += [{**filters, name: edge} for name, edge in edges.items()]
        known = {*filters, *window, *edges, *counted}
        return parts if parts and known >= set(args) else [args]

    @classmethod
    def mentions(cls, args: Any) -> Iterator[Mention]:
        yield from fact_filters.mentions(args)

    def dependencies(self) -> Iterable[revisions.Key]:
        # Money is converted at exchange rates, which staff may change.
        return [(exchange_rates.REVISION, 0)] if self._has_money() else []

    def _has_money(self) -> bool:
        fields = [field for _name, field, _required in self.aggregates]
        return amounts.FIELD in fields or bool(self.facts.dependencies())

    @property
    def cost(self) -> int:
        return fact_queries.COST if self._needs_mirror() else 1

    def cache_key(self, snap: Snapshot) -> Hashable:
        """Today, and the state of the days, or of the log, that the set is read from."""
        if self._needs_mirror():
            now = snap.at if self._is_exact() else snap.today
            return (now, snap.token(), snap.reached())
        # A fact outside the window may be the first or the last one.
        window = time_windows.EVER if self.first or self.last else self.window
        return fact_counts.version(snap, self.facts, window)

    def _needs_mirror(self) -> bool:
        return self.facts.needs_mirror or bool(self.aggregates) or self._is_exact()

    def _is_exact(self) -> bool:
        windows = (self.window, self.first, self.last)
        return any(window.hours for window in windows if window)

    def resolve(self, snap: Snapshot) -> BitMap:
        # Former members included: `with_left` decides about them, outside of the
        # clause.
        everyone = snap.known()
        people = everyone
        for unit, comparison in self.counts:
            if (unit, comparison) == ("times", comparisons.AT_LEAST_ONCE):
                # The union of days is enough, which is cheaper than their sum.
                people = people & fact_counts.people(snap, self.facts, self.window)
            else:
                people = people & comparison.select(self._count(snap, unit), everyone)
        totals = {
            field: fact_queries.numbers_by_person(snap, self.facts, self.window, field)
            for field in {field for _name, field, _required in self.aggregates}
        }
        for aggregate, field, required in self.aggregates:
            people = people & payload_numbers.select(
                snap, totals[field], aggregate, required
            )
        if self.first:
            people = people & self._people_by_edge(snap, self.first, "min")
        if self.last:
            people = people & self._people_by_edge(snap, self.last, "max")
        return people

    def _count(self, snap: Snapshot, unit: str) -> Counts:
        """What is counted of each person in the window."""
        if unit in fact_counts.STREAKS:
            return fact_counts.streaks_by_person(snap, self.facts, self.window, unit)
        return fact_counts.by_person(snap, self.facts, self.window, unit)

    def _people_by_edge(self, snap: Snapshot, window: Window, edge: str) -> BitMap:
        """People whose first (`min`) or last (`max`) fact is in the window."""
        if self._needs_mirror():
            return fact_queries.select_by_first_or_last(snap, self.facts, window, edge)
        first, last = window.range(snap.today)
        outside = (time_windows.NEVER, first - 1)
        if edge == "max":
            outside = (last + 1, snap.today)
        # The first fact is in the window if one is inside and none before; so bitmaps
        # are enough and no time is read.
        inside = fact_counts.people(snap, self.facts, window)
        return inside - fact_counts.people_on_days(snap, self.facts, *outside)

    def explain(self, snap: Snapshot, person: int) -> str:
        parts = []
        for unit, comparison in self.counts:
            n = fact_counts.of_person(snap, self.facts, self.window, unit, person)
            parts.append(
                _(EXPLANATIONS[unit]) % {"n": n, "wanted": comparison.format()}
            )
        parts += self._explain_numbers(snap, person)
        parts += self._explain_left_out(snap, person)
        parts += self._explain_edges(snap, person)
        return _("%(kind)s %(when)s: %(what)s") % {
            "kind": self.facts.label,
            "when": self.window.describe(),
            "what": base.join_sentences(parts),
        }

    def _explain_numbers(self, snap: Snapshot, person: int) -> Iterator[str]:
        for aggregate, field, required in self.aggregates:
            totals = fact_queries.numbers_of_person(
                snap, self.facts, self.window, field, person
            )
            number = totals.get(aggregate)
            format_: Callable[[Decimal], str] = comparisons.format_number
            if field in facts.money_fields(self.facts.name):
                format_ = partial(
                    money.format_exactly, currency=snap.community.currency
                )
                # An average may have more digits than anybody wants to read.
                number = number and number.quantize(Decimal("0.01"), context=EXACT)
            yield _(AGGREGATE_EXPLANATIONS[aggregate]) % {
                "field": facts.field_label(self.facts.name, field),
                "n": _("not known") if number is None else format_(number),
                "wanted": required.format(format_),
            }

    def _explain_edges(self, snap: Snapshot, person: int) -> Iterator[str]:
        """When the first and the last fact were that the clause asks for."""
        edges = {"first": (self.first, 0), "last": (self.last, -1)}
        if not self.first and not self.last:
            return
        found = fact_queries.facts_of_person(snap, self.facts, person)
        for name, (window, index) in edges.items():
            if window:
                yield _(EDGE_EXPLANATIONS[name]) % {
                    "found": found[index].format(snap.community)
                    if found
                    else _("never"),
                    "when": window.describe(),
                }

    def _explain_left_out(self, snap: Snapshot, person: int) -> list[str]:
        """Say which money has no exchange rate and therefore does not count."""
        if not self._has_money():
            return []
        left_out = fact_queries.left_out_of_person(
            snap, self.facts, self.window, person
        )
        return [
            _("%(amount)s does not count, as %(currency)s has no exchange rate")
            % {
                "amount": money.format_with_currency(units, currency),
                "currency": currency,
            }
            for currency, units in left_out.items()
        ]


def _parse_aggregate(
    args: Any, fact_filter: FactFilter, path: RulePath
) -> tuple[str, DecimalComparison]:
    """The field, and what is required of its sum, average, lowest or highest number."""
    base.check_fields(args, path, ("field", *comparisons.SIGNS))
    bounds = dict(args)
    here = path.child("field")
    field = payload_fields.check_name(bounds.pop("field", None), here)
    required = comparisons.parse_decimals(bounds, path)
    payload_fields.check_exists(field, kind=fact_filter.name, path=here, is_number=True)
    return field, required


def _parse_edge(args: dict[str, Any], name: str, path: RulePath) -> Window | None:
    if name not in args:
        return None
    here = path.child(name)
    base.check_fields(args[name], here, time_windows.KINDS)
    window = time_windows.parse(args[name], here)
    if window == time_windows.EVER:
        here.fail(_("Specify a time span, such as {“within”: “30d”}."))
    return window
