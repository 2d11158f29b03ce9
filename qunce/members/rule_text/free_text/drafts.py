"""One clause while it is put together from the items of a sentence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from qunce.core import money
from qunce.core.facts import facts
from qunce.members.rule_text.free_text.items import Item, Measure, Span
from qunce.members.rule_text.free_text.words import Verb
from qunce.sets import amounts
from qunce.sets.rules import time_windows
from qunce.sets.rules.grammar.values import canonical_number

BIRTHDAYS = ("生日", "birthday")
"""Dates of attributes with this in their name are asked for by day and month."""


ORDERS = Verb(("order.paid",), is_money=True)


class NotUnderstood(Exception):
    """Why some items make no clause together, as a sentence for the user."""

    def __init__(self, items: Iterable[Item], note: str = "") -> None:
        super().__init__(note)
        self.items = tuple(items)
        self.note = note


@dataclass(frozen=True)
class About:
    """What clauses need to know of the community."""

    currency: str
    attribute_types: dict[str, str]


@dataclass
class Draft:
    """`head` is what the clause is about, with its kind in `kind`.

    The kind is `verb`, or the kind of thing of a name, whose key is `key`.
    """

    about: About
    head: Item | None = None
    kind: str = ""
    key: str = ""
    negation: Item | None = None
    span: Item | None = None
    sign: Item | None = None
    aggregate: Item | None = None
    measure: Item | None = None
    objects: list[tuple[str, str, Item]] = field(default_factory=list)
    value: Any = None
    is_unknown_value: Item | None = None

    @property
    def items(self) -> list[Item]:
        own = (self.negation, self.span, self.sign, self.aggregate, self.measure)
        found = [item for item in (self.head, *own, self.is_unknown_value) if item]
        return found + [item for _kind, _key, item in self.objects]

    @property
    def is_empty(self) -> bool:
        return not self.items

    @property
    def is_negative(self) -> bool:
        return self.negation is not None

    def fail(self, note: str = "", *items: Item | None) -> NotUnderstood:
        return NotUnderstood([item for item in items if item] or self.items, note)

    def build(self) -> Any:
        """The clause; raises NotUnderstood."""
        if self.head is None and self.is_about_orders():
            return self._build_verb(ORDERS)
        if self.head is None:
            raise self.fail(_("Say what this is about."))
        if self.sign is not None and (self.measure is None or self.measure.value.sign):
            raise self.fail(_("Say which number."), self.sign)
        if self.kind == "verb":
            self._allow("span", "sign", "aggregate", "measure", "objects")
            return self._build_verb(self.head.value)
        if self.kind in ("attr", "score"):
            return self._negated(self._build_value())
        return self._negated(self._build_name())

    def _allow(self, *names: str) -> None:
        """Refuse everything that was said besides: no word is dropped."""
        parts = ("span", "sign", "aggregate", "measure", "objects", "is_unknown_value")
        for name in parts:
            if name not in names and (said := getattr(self, name)):
                items = [each[-1] for each in said] if name == "objects" else [said]
                raise self.fail("", *items)

    def is_about_orders(self) -> bool:
        """“A single order of more than 500” needs no verb."""
        is_money = self.measure is not None and self.measure.value.unit == "money"
        is_of_orders = self.aggregate is not None and self.aggregate.value != "sum"
        return is_money and is_of_orders

    def _negated(self, clause: Any) -> Any:
        return {"not": clause} if self.is_negative else clause

    # Names

    def _build_name(self) -> Any:
        if self.kind == "tag":
            self._allow("measure", "sign")
            depth = {"depth": self._bounds("times")} if self.measure else {}
            return {"tag": {"any": [self.key], **depth}}
        self._allow()
        before, _slash, after = self.key.partition("/")
        clauses: dict[str, Any] = {
            "layer": {"layer": {"of": before, "in": [after]}},
            "value": {"attr": {"name": before, "in": [after]}},
            "frozen": {"segment": {"frozen": [self.key]}},
            "untagged": {"tag": {"untagged": self.key or True}},
            "me": {"staff": {"me": True}},
            "nobody": {"staff": {"nobody": True}},
            "brackets": self.value,
        }
        if self.kind in ("group", "segment", "source", "staff"):
            return {self.kind: {"any": [self.key]}}
        if self.kind not in clauses:
            raise self.fail()
        return clauses[self.kind]

    # Attributes and scores

    def _build_value(self) -> Any:
        if self.kind == "score":
            self._allow("measure", "sign")
            return {"score": {"name": self.key, **self._bounds("")}}
        name = {"name": self.key}
        if self.is_unknown_value is not None:
            self._allow("is_unknown_value")
            return {"attr": {**name, "known": False}}
        if self.value is not None:
            self._allow()
            return {"attr": {**name, "in": [self.value]}}
        if self.span is not None:
            self._allow("span")
            return {"attr": {**name, **self._date_condition(self.span.value)}}
        if self.measure is None:
            raise self.fail(_("Say which value it should have."))
        self._allow("measure", "sign")
        if self.about.attribute_types.get(self.key) != "number":
            raise self.fail(_("This attribute holds no numbers."), self.measure)
        bounds = self._bounds("")
        if "eq" in bounds:
            bounds = {"in": [bounds["eq"]]}
        return {"attr": {**name, **bounds}}

    def _date_condition(self, span: Span) -> dict[str, Any]:
        kind = self.about.attribute_types.get(self.key)
        is_yearly = kind == "lunar" or (
            kind == "date" and any(word in self.key.lower() for word in BIRTHDAYS)
        )
        if kind not in ("date", "instant", "lunar"):
            raise self.fail(_("This attribute holds no dates."), self.span)
        if not span.span and is_yearly:
            raise self.fail(_("Say a week, a month or the next days."), self.span)
        if is_yearly:
            return {"anniversary": _today(span.span, "eq")}
        if span.span:
            return _today(span.span, "in")
        ((field_name, value),) = span.window.items()
        if field_name == "between":
            return {"gte": value[0], "lte": value[1]}
        return {"gte" if field_name == "since" else "lt": value}

    # Numbers

    def _sign(self, measure: Measure) -> str:
        return measure.sign or (self.sign.value if self.sign else "eq")

    def _bounds(self, unit: str) -> dict[str, Any]:
        """The sign and number of the only measure, which must be of this unit."""
        if self.measure is None or self.measure.value.unit != unit:
            raise self.fail("", self.measure)
        return self._limits(self.measure.value)

    def _limits(self, measure: Measure, places: int = 0) -> dict[str, Any]:
        """The sign with the number, or both ends of a range, in the smallest units."""
        limits = {self._sign(measure): measure.number}
        if measure.maximum is not None:
            limits["lte"] = measure.maximum
        return {
            sign: canonical_number(number.scaleb(places))
            for sign, number in limits.items()
        }

    # Verbs

    def _build_verb(self, verb: Verb) -> Any:
        is_negative = self.is_negative != verb.is_negative
        groups = [key for kind, key, _item in self.objects if kind == "group"]
        categories = [key for kind, key, _item in self.objects if kind == "category"]
        kinds = verb.with_group if groups else verb.kinds
        if not kinds and verb.clause and not groups:
            clause = self._build_lifecycle(verb)
            return {"not": clause} if is_negative else clause
        if not kinds:
            raise self.fail(_("Say which group."), self.head)
        has_span = self.span is not None or (is_negative and self._days_as_span())
        if verb.needs_span and not has_span:
            raise self.fail(_("Say for how many days."), self.head)
        args = {**self._window(is_negative=is_negative), **self._condition(verb, kinds)}
        where = {"group": groups} if groups else {}
        where |= {"categories": categories} if categories else {}
        if where:
            args["where"] = where
        return self._facts(kinds, args, is_negative=is_negative)

    def _facts(
        self, kinds: tuple[str, ...], args: dict[str, Any], *, is_negative: bool
    ) -> Any:
        has_condition = bool(args.keys() - {*time_windows.KINDS, "where"})
        if is_negative and not has_condition and len(kinds) == 1:
            return {"did": {"kind": kinds[0], **args, "times": {"eq": 0}}}
        clauses = [{"did": {"kind": kind, **args}} for kind in kinds]
        clause = clauses[0] if len(clauses) == 1 else {"any": clauses}
        return {"not": clause} if is_negative else clause

    def _days_as_span(self) -> bool:
        measure = self.measure.value if self.measure else None
        return measure is not None and measure.unit == "days" and bool(measure.days)

    def _window(self, *, is_negative: bool) -> dict[str, Any]:
        if self.span is not None:
            if not self.span.value.window:
                raise self.fail(_("Facts are in the past."), self.span)
            return dict(self.span.value.window)
        # “Has not bought for more than 90 days” is a span, not a number of days.
        if is_negative and self._days_as_span() and self.measure is not None:
            measure: Measure = self.measure.value
            if self._sign(measure) in ("gt", "gte", "eq"):
                return {"within": f"{measure.days}d"}
        return {}

    def _condition(self, verb: Verb, kinds: tuple[str, ...]) -> dict[str, Any]:
        """How often or for how much; nothing if once is enough."""
        is_negative = self.is_negative != verb.is_negative
        if self.measure is None:
            if self.aggregate is not None:
                raise self.fail("", self.aggregate)
            return {}
        measure: Measure = self.measure.value
        if is_negative and self.span is None and self._days_as_span():
            return {}
        number = canonical_number(measure.number)
        if measure.unit == "money" or (not measure.unit and verb.is_money):
            return self._amount(kinds, measure)
        if measure.unit in (
            "times",
            "days",
            "weeks",
            "days_in_a_row",
            "weeks_in_a_row",
        ):
            if self.aggregate is not None and self.aggregate.value != "sum":
                raise self.fail("", self.aggregate)
            if measure.unit.endswith("_in_a_row") and not (measure.sign or self.sign):
                return {measure.unit: {"gte": number}}
            return {measure.unit: self._limits(measure)}
        raise self.fail(_("Say whether these are times, days or money."), self.measure)

    def _amount(self, kinds: tuple[str, ...], measure: Measure) -> dict[str, Any]:
        if any(amounts.FIELD not in facts.money_fields(kind) for kind in kinds):
            raise self.fail(_("There are no amounts of money of this."), self.measure)
        aggregate = self.aggregate.value if self.aggregate else "sum"
        places = money.decimal_places(self.about.currency)
        bounds = {"field": amounts.FIELD, **self._limits(measure, places)}
        return {aggregate: bounds}

    def _build_lifecycle(self, verb: Verb) -> Any:
        if self.aggregate is not None:
            raise self.fail("", self.aggregate)
        if verb.clause == "opted_out":
            if self.span is not None or self.measure is not None:
                raise self.fail("", self.span, self.measure)
            return {"opted_out": {"of": "messages"}}
        window: dict[str, Any] = {}
        if self.span is not None:
            if self.span.value.is_bare or not self.span.value.window:
                note = _("Say whether it was in these days, or before them.")
                raise self.fail(note, self.span)
            window = dict(self.span.value.window)
        elif self.measure is not None:
            measure: Measure = self.measure.value
            if not self._days_as_span() or self._sign(measure) == "eq":
                raise self.fail("", self.measure)
            is_before = self._sign(measure) in ("gt", "gte")
            window = {"before" if is_before else "within": f"{measure.days}d"}
        if verb.clause == "left":
            return {"with_left": {"left": window}}
        return {"joined": window}


def _today(span: dict[str, Any], equal: str) -> dict[str, Any]:
    """Today is a day, which is said in one way only."""
    if span != {"during": "today"}:
        return dict(span)
    return {equal: "today" if equal == "eq" else ["today"]}
