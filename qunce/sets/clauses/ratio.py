"""The clause `ratio`: how often something was done for each time of something else."""

from __future__ import annotations

import operator
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from qunce.core import revisions
from qunce.sets.bitmaps import bitmaps
from qunce.sets.clauses import fact_filters
from qunce.sets.clauses.fact_filters import FACTS, TIME_WINDOW
from qunce.sets.rules import (
    base,
    comparisons,
    fact_counts,
    fact_queries,
    time_windows,
)
from qunce.sets.rules.base import Clause, RulePath
from qunce.sets.rules.comparisons import DecimalComparison
from qunce.sets.rules.fact_queries import FactFilter
from qunce.sets.rules.grammar.forms import Form, Slot
from qunce.sets.rules.grammar.values import AMOUNT, WHOLE
from qunce.sets.rules.references import Mention
from qunce.sets.rules.time_windows import Window

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pyroaring import BitMap

    from qunce.sets.rules.snapshots import Snapshot

    Ints = NDArray[np.int64]

OPERATORS = {
    "gte": operator.ge,
    "gt": operator.gt,
    "lte": operator.le,
    "lt": operator.lt,
    "eq": operator.eq,
}
MAX_PRODUCT = 2**62
"""Products up to here are compared as 64-bit integers."""


def _unpack(args: dict[str, Any]) -> dict[str, Any]:
    """Without `least` where it is what it is anyway."""
    return {k: v for k, v in args.items() if (k, v) != ("least", 1)}


RATIO = Form(
    gettext_noop("%(of)s %(n)s times for each “%(per)s” %(window)s"),
    {
        "of": FACTS,
        "n": Slot(AMOUNT, fields=tuple(comparisons.SIGNS)),
        "per": FACTS,
        "window": TIME_WINDOW,
    },
    unpack=_unpack,
)


@base.register
@dataclass(frozen=True)
class RatioClause(Clause):
    """`of` per `per` in the window, for people who have at least `least` of the latter."""

    name: ClassVar[str] = "ratio"
    knows_past: ClassVar[bool] = True
    description: ClassVar[str] = (
        "Members by the ratio of two counts in a time span: how often they did `of` for"
        " each time of `per`, such as clicks for each message received. Both are a `kind`"
        " with `where`, `hours` and `weekdays` as in `did`. Members with fewer than"
        " `least` of `per`, 1 if it is left out, have no ratio and never match."
    )
    fields: ClassVar[tuple[str, ...]] = (
        "of",
        "per",
        *comparisons.SIGNS,
        "least",
        *time_windows.KINDS,
    )
    examples: ClassVar[tuple[dict[str, Any], ...]] = (
        {
            "of": {"kind": "send.clicked"},
            "per": {"kind": "send.delivered"},
            "gte": 0.2,
            "least": 5,
            "within": "90d",
        },
        {
            "of": {"kind": "order.refunded"},
            "per": {"kind": "order.paid"},
            "gt": 0.5,
            "since": "2026-01-01",
        },
        {
            "of": {"kind": "order.refunded"},
            "per": {"kind": "order.paid"},
            "gt": 0.5,
            "during": "last month",
        },
        {
            "of": {"kind": "order.paid"},
            "per": {"kind": "send.clicked"},
            "lt": 0.1,
            "before": "30d",
        },
        {
            "of": {"kind": "order.paid"},
            "per": {"kind": "send.clicked"},
            "eq": 1,
            "between": ["2026-01-01", "2026-01-31"],
        },
        {
            "of": {"kind": "order.paid", "hours": [0, 6]},
            "per": {"kind": "order.paid"},
            "lte": 0.1,
        },
    )

    forms: ClassVar = (
        RATIO,
        Form(
            gettext_noop("%(ratio)s, out of at least %(least)s"),
            {
                "ratio": Slot(
                    RATIO,
                    fields=("of", "per", *comparisons.SIGNS, *time_windows.KINDS),
                ),
                "least": WHOLE,
            },
        ),
    )

    of: FactFilter
    per: FactFilter
    required: DecimalComparison
    least: int
    window: Window

    @classmethod
    def parse(cls, args: Any, path: RulePath) -> RatioClause:
        base.check_fields(args, path, cls.fields)
        filters = []
        for name in ("of", "per"):
            here = path.child(name)
            base.check_fields(args.get(name), here, fact_queries.FIELDS)
            filters.append(fact_queries.parse(args[name], here))
        bounds = {sign: args[sign] for sign in comparisons.SIGNS if sign in args}
        required = comparisons.parse_decimals(bounds, path)
        least, here = args.get("least", 1), path.child("least")
        if isinstance(least, bool) or not isinstance(least, int) or least < 1:
            here.fail(_("Write a whole number from 1 on."))
        if least > comparisons.MAX_NUMBER:
            here.fail(_("This number is too large."))
        window = time_windows.parse(args, path)
        return cls(filters[0], filters[1], required, least, window)

    @classmethod
    def mentions(cls, args: Any) -> Iterator[Mention]:
        for name in ("of", "per"):
            yield from fact_filters.mentions(args.get(name))

    def dependencies(self) -> Iterable[revisions.Key]:
        return [*self.of.dependencies(), *self.per.dependencies()]

    @property
    def cost(self) -> int:
        return sum(fact_counts.cost(each, self.window) for each in (self.of, self.per))

    def cache_key(self, snap: Snapshot) -> Hashable:
        return tuple(
            fact_counts.version(snap, each, self.window) for each in (self.of, self.per)
        )

    def resolve(self, snap: Snapshot) -> BitMap:
        people, per = fact_counts.by_person(snap, self.per, self.window).arrays()
        enough = per >= self.least
        people, per = people[enough], per[enough]
        of = np.zeros(len(people), dtype=np.int64)
        others, counts = fact_counts.by_person(snap, self.of, self.window).arrays()
        both = np.isin(others, people, assume_unique=True)
        of[np.searchsorted(people, others[both])] = counts[both]
        return bitmaps.of(people[compare(of, per, self.required)])

    def explain(self, snap: Snapshot, person: int) -> str:
        of, per = (
            fact_counts.of_person(snap, each, self.window, "times", person)
            for each in (self.of, self.per)
        )
        params = {
            "of": self.of.label,
            "per": self.per.label,
            "when": self.window.describe(),
            "n": of,
            "times": per,
        }
        if per < self.least:
            return _(
                "“%(per)s” %(when)s: %(times)s times (required ≥ %(least)s), so that"
                " there is no ratio"
            ) % {**params, "least": self.least}
        return _(
            "“%(of)s” %(n)s times and “%(per)s” %(times)s times %(when)s: ratio"
            " %(ratio)s (required %(wanted)s)"
        ) % {
            **params,
            "ratio": comparisons.format_number(Decimal(f"{of / per:.4f}")),
            "wanted": self.required.format(),
        }


def compare(of: Ints, per: Ints, required: DecimalComparison) -> NDArray[np.bool_]:
    """Which ratios `of` / `per` hold, exactly; `per` is positive. Shapes (n,)."""
    mask = np.ones(len(of), dtype=bool)
    for sign, bound in required.parts:
        exact = Fraction(bound)
        largest = max(of.max(initial=1), per.max(initial=1))
        size = int(largest) * max(abs(exact.numerator), exact.denominator)
        # Products instead of quotients, which would be rounded.
        kind = np.int64 if size < MAX_PRODUCT else object
        left = of.astype(kind) * exact.denominator
        right = per.astype(kind) * exact.numerator
        mask &= OPERATORS[sign](left, right).astype(bool)
    return mask
