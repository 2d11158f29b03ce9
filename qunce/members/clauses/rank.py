"""The clause `rank`: the best members by a count, a sum or a numeric attribute."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from qunce.core import exchange_rates, money, revisions
from qunce.core.decimals import EXACT
from qunce.core.facts import facts
from qunce.members.attributes.attributes import Attribute, AttributeType
from qunce.members.clauses import attribute
from qunce.sets import amounts, ranking
from qunce.sets.bitmaps import attribute_columns, bitmaps
from qunce.sets.clauses import fact_filters
from qunce.sets.clauses.fact_filters import KIND, TIME_WINDOW, FieldName
from qunce.sets.rules import (
    base,
    comparisons,
    fact_counts,
    fact_queries,
    payload_fields,
    time_windows,
)
from qunce.sets.rules.base import Clause, RulePath
from qunce.sets.rules.fact_queries import FactFilter
from qunce.sets.rules.grammar.forms import Choice, Form, Slot, Unfit
from qunce.sets.rules.grammar.values import WHOLE, Name, Share
from qunce.sets.rules.time_windows import Window

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pyroaring import BitMap

    from qunce.sets.ranking import Part
    from qunce.sets.rules.payload_numbers import Totals
    from qunce.sets.rules.references import Mention
    from qunce.sets.rules.snapshots import Snapshot

    Ints = NDArray[np.int64]

MEASURES = ("times", "days", "sum")
MAX_TOP = 10_000_000
ATTRIBUTE_SCALE = 10_000
"""Numbers of attributes are stored as whole numbers of these parts."""


def _measure(by: str, template: str) -> Form:
    def unpack(args: dict[str, Any]) -> dict[str, Any]:
        if args.pop("by", MEASURES[0]) != by:
            raise Unfit(args)
        return args

    def pack(args: dict[str, Any]) -> dict[str, Any]:
        return args if by == MEASURES[0] else {**args, "by": by}

    slots: dict[str, Any] = {"kind": KIND, "window": TIME_WINDOW}
    if by == "sum":
        slots["field"] = FieldName()
    return Form(template, slots, unpack=unpack, pack=pack)


TOP = Choice(
    [
        Form(gettext_noop("is among the top %(top)s members"), {"top": WHOLE}),
        Form(gettext_noop("is in the top %(top)s of the members"), {"top": Share()}),
    ]
)
MEASURE = Choice(
    [
        Form(gettext_noop("by the attribute %(attr)s"), {"attr": Name("attr")}),
        _measure("times", gettext_noop("by how often they %(kind)s %(window)s")),
        _measure("days", gettext_noop("by the days on which they %(kind)s %(window)s")),
        _measure(
            "sum", gettext_noop("by the total %(field)s of “%(kind)s” %(window)s")
        ),
    ]
)


@dataclass(frozen=True)
class Top:
    """The best `count` members, or the best `share` of all members."""

    count: int | None = None
    share: Fraction | None = None

    def size(self, members: int) -> int:
        if self.share is not None:
            return math.ceil(self.share * members)
        return self.count or 0


@base.register
@dataclass(frozen=True)
class RankClause(Clause):
    """Members who equal the last of the best are among them, so that no chance decides.

    Members alone are ranked: neither former members nor staff.
    """

    name: ClassVar[str] = "rank"
    description: ClassVar[str] = (
        "The best members: `top` is a number of them (100) or a share of all members"
        " (“20%”). They are ranked `by` how many `times` or on how many `days` they did a"
        " `kind` of fact, or by the `sum` of its number `field`, with `where`, `hours`"
        " and `weekdays` as in `did` in a time span, or by a numeric attribute (`attr`)."
        " Members who equal the last of them are among them, too. Members without such a"
        " fact, or without a value, are not ranked. Money is in the community's currency;"
        " whoever paid in a currency without an exchange rate is ranked among those who"
        " paid in the same one."
    )
    fields: ClassVar[tuple[str, ...]] = (
        "top",
        *fact_queries.FIELDS,
        "by",
        "field",
        *time_windows.KINDS,
        "attr",
    )
    examples: ClassVar[tuple[dict[str, Any], ...]] = (
        {
            "top": "20%",
            "kind": "order.paid",
            "by": "sum",
            "field": "amount",
            "within": "365d",
        },
        {"top": 100, "kind": "order.paid", "by": "times", "since": "2026-01-01"},
        {"top": 100, "kind": "order.paid", "by": "times", "during": "last month"},
        {"top": "12.5%", "kind": "order.paid", "by": "days", "before": "30d"},
        {
            "top": 10,
            "kind": "order.paid",
            "where": {"currency": ["CNY"]},
            "between": ["2026-01-01", "2026-01-31"],
        },
        {"top": 10, "kind": "order.paid", "hours": ["06:00", "12:00"]},
        {"top": 10, "kind": "order.paid", "weekdays": [5, 6]},
        {"top": "10%", "attr": "points"},
    )

    forms: ClassVar = (
        Form(
            gettext_noop("%(top)s %(measure)s"),
            {
                "top": Slot(TOP, fields=("top",)),
                "measure": Slot(
                    MEASURE,
                    fields=(
                        *fact_filters.FIELDS,
                        "by",
                        "field",
                        *time_windows.KINDS,
                        "attr",
                    ),
                ),
            },
        ),
    )

    top: Top
    shows_places: bool = field(compare=False)
    """False for an author with a scope, who sees only some of the ranked members."""

    @classmethod
    def parse(cls, args: Any, path: RulePath) -> Clause:
        base.check_fields(args, path, cls.fields)
        top = _parse_top(args.get("top"), path.child("top"))
        if "attr" in args:
            if others := set(args) - {"top", "attr"}:
                path.child(min(others)).fail(
                    _("This does not go together with an attribute.")
                )
            found = _find_attribute(args["attr"], path.child("attr"))
            label = found.label or found.name
            return AttributeRankClause(top, path.sees_all, found.pk, label)
        by, here = args.get("by", MEASURES[0]), path.child("by")
        if by not in MEASURES:
            here.fail(_("Write one of these: %(all)s.") % {"all": ", ".join(MEASURES)})
        filter_ = fact_queries.parse(args, path)
        name, here = "", path.child("field")
        if by == "sum":
            name = payload_fields.check_name(args.get("field"), here)
            payload_fields.check_exists(
                name, kind=filter_.name, path=here, is_number=True
            )
        elif "field" in args:
            here.fail(_("A field is only needed for a sum."))
        window = time_windows.parse(args, path)
        return FactRankClause(top, path.sees_all, filter_, window, by, name)

    @classmethod
    def mentions(cls, args: Any) -> Iterator[Mention]:
        if "attr" in args:
            yield from base.mentions_of("attr", args["attr"])
        else:
            yield from fact_filters.mentions(args)

    @abstractmethod
    def parts(self, snap: Snapshot) -> list[Part]:
        """The ranked people with their numbers; several parts where these cannot be compared."""

    def members(self, snap: Snapshot) -> BitMap:
        return snap.everyone() - snap.uncounted

    def only_members(self, snap: Snapshot, people: Ints, values: Ints) -> Part:
        here = np.isin(people, bitmaps.array_of(self.members(snap)))
        return people[here], values[here]

    def resolve(self, snap: Snapshot) -> BitMap:
        size = self.top.size(len(self.members(snap)))
        return ranking.best_of_parts(self.parts(snap), size)

    def explain_place(
        self, snap: Snapshot, person: int, format_: Callable[[Decimal], str]
    ) -> str:
        """The number of one person, and their place by it if places can be compared."""
        parts = self.parts(snap)
        people, values = parts[0]
        own = values[people == person].tolist()
        if not own:
            is_in = any(person in part_people for part_people, _values in parts[1:])
            return _("ranked by another currency") if is_in else _("is not ranked")
        number = format_(Decimal(own[0]))
        if not self.shows_places or len(parts) > 1:
            return number
        return _(
            "%(number)s, place %(place)s of %(ranked)s (required: up to %(size)s)"
        ) % {
            "number": number,
            "place": f"{ranking.place(values, own[0]):,}",
            "ranked": f"{len(values):,}",
            "size": f"{self.top.size(len(self.members(snap))):,}",
        }


@dataclass(frozen=True)
class FactRankClause(RankClause):
    """By facts in a window; `measure` is one of MEASURES, `number` the field of a sum."""

    knows_past: ClassVar[bool] = True

    facts: FactFilter
    window: Window
    measure: str
    number: str

    def dependencies(self) -> Iterable[revisions.Key]:
        # Money is converted at exchange rates, which staff may change.
        is_money = self._is_money() or bool(self.facts.dependencies())
        return [(exchange_rates.REVISION, 0)] if is_money else []

    def _is_money(self) -> bool:
        return self.number == amounts.FIELD

    @property
    def cost(self) -> int:
        if self.measure == "sum":
            return fact_queries.COST
        return fact_counts.cost(self.facts, self.window)

    def cache_key(self, snap: Snapshot) -> Hashable:
        if self.measure == "sum":
            now = snap.at if self.window.hours else snap.today
            return (now, snap.token(), snap.reached())
        return fact_counts.version(snap, self.facts, self.window)

    def parts(self, snap: Snapshot) -> list[Part]:
        if self.measure != "sum":
            counter = fact_counts.by_person(snap, self.facts, self.window, self.measure)
            return [self.only_members(snap, *counter.arrays())]
        totals = self._totals(snap)
        unrated: Iterable[Part] = ()
        if self._is_money():
            left_out = fact_queries.left_out_by_person(snap, self.facts, self.window)
            unrated = left_out.values()
        parts = [
            self.only_members(snap, people[values > 0], values[values > 0])
            for people, values in ((totals.people, totals.sums), *unrated)
        ]
        # A currency in which nobody paid is no part to be ranked in.
        return parts[:1] + [part for part in parts[1:] if len(part[0])]

    def _totals(self, snap: Snapshot) -> Totals:
        return fact_queries.numbers_by_person(
            snap, self.facts, self.window, self.number
        )

    def explain(self, snap: Snapshot, person: int) -> str:
        format_: Callable[[Decimal], str] = comparisons.format_number
        unit = self._totals(snap).unit if self.measure == "sum" else 1
        if self.number in facts.money_fields(self.facts.name):
            format_ = partial(money.format_exactly, currency=snap.community.currency)
        place = self.explain_place(
            snap, person, lambda number: format_(EXACT.divide(number, Decimal(unit)))
        )
        return _("%(kind)s %(when)s: %(place)s") % {
            "kind": self.facts.label,
            "when": self.window.describe(),
            "place": place,
        }


@dataclass(frozen=True)
class AttributeRankClause(RankClause):
    attribute: int
    label: str

    def dependencies(self) -> Iterable[revisions.Key]:
        return [(attribute_columns.KIND, self.attribute)]

    def parts(self, snap: Snapshot) -> list[Part]:
        column = attribute.by_person(snap, self.attribute, multi=False)
        return [self.only_members(snap, column.accounts, column.numbers)]

    def explain(self, snap: Snapshot, person: int) -> str:
        def format_(number: Decimal) -> str:
            exact = EXACT.divide(number, Decimal(ATTRIBUTE_SCALE))
            return comparisons.format_number(exact)

        place = self.explain_place(snap, person, format_)
        return _("%(name)s: %(place)s") % {"name": self.label, "place": place}


def _parse_top(value: Any, path: RulePath) -> Top:
    if isinstance(value, str) and value.endswith("%"):
        share = comparisons.parse_decimal(value[:-1], path)
        if not 0 < share <= 100:
            path.fail(_("Write a share above 0% and up to 100%."))
        return Top(share=Fraction(share) / 100)
    if type(value) is not int or not 1 <= value <= MAX_TOP:
        path.fail(
            _("Write a number of members, such as 100, or a share such as “20%”.")
        )
    return Top(count=value)


def _find_attribute(name: Any, path: RulePath) -> Attribute:
    rows = Attribute.objects.filter(community=path.community, name=str(name))
    found = rows.first() if isinstance(name, str) else None
    if found is None:
        path.fail(_("There is no attribute “%(name)s”.") % {"name": name})
    if found.type != AttributeType.NUMBER or found.is_contact:
        path.fail(_("Members can only be ranked by an attribute that is a number."))
    return found
