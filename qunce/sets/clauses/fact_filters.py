"""How a filter of facts reads and what it mentions, for clauses over facts."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.translation import get_language, gettext_noop
from django.utils.translation import gettext as _

from qunce.core import money
from qunce.core.decimals import EXACT
from qunce.core.facts import facts, reported_kinds
from qunce.sets.rules import base, phrasing, references, time_windows, weekdays
from qunce.sets.rules.grammar.days import TIMES_OF_DAY, WEEKDAYS, WINDOW, Literal
from qunce.sets.rules.grammar.forms import (
    SLOT,
    Choice,
    Fields,
    Form,
    ListOf,
    Part,
    Several,
    Slot,
    Unfit,
    literal_words,
)
from qunce.sets.rules.grammar.reader import OPEN, Found, Reader, fold
from qunce.sets.rules.grammar.values import (
    NUMBER,
    Comparison,
    Name,
    Text,
    canonical_number,
    quote,
    scan_number,
)
from qunce.sets.rules.phrasing import Names, Piece, Pieces
from qunce.sets.rules.references import Mention

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff


CURRENCY: Mention = ("currency", "community")
"""Stands for the currency in which amounts of rules are."""


FIELDS = ("kind", "where", "hours", "weekdays")


@dataclass(frozen=True, eq=False)
class Kind(Name):
    """A kind of fact; in quotation marks if its label is what another clause says."""

    kind: str = "kind"

    def write(self, value: Any, names: Names, about: Fields) -> Pieces:
        known = ("kind", str(value)) in names
        label = facts.label_of(str(value))
        if label in _texts_of_clauses(get_language()):
            label = quote(label)
        return (Piece(label, "value" if known else "unknown"),)

    def scan(self, reader: Reader, at: int, about: Fields) -> Found:
        found = reader.names(self.kind, at)
        if reader.text.startswith(OPEN, reader.skip_spaces(at)):
            return found
        said_by_clauses = _texts_of_clauses(get_language())
        return [
            each for each in found if facts.label_of(each[0]) not in said_by_clauses
        ]


@functools.cache
def _texts_of_clauses(language: str | None) -> frozenset[str]:
    """What clauses say whose slots are empty, in the active language `language`."""
    templates = (
        _(form.template)
        for declaration in base.DECLARATIONS.values()
        for form in declaration.forms
        if form.is_translated
    )
    return frozenset(SLOT.sub("", template).strip() for template in templates)


@dataclass(frozen=True, eq=False)
class FieldName(Part):
    """A field of the payload of the facts of a kind, by its label if it has one."""

    depends_on: ClassVar[tuple[str, ...]] = ("kind",)  # type: ignore[misc]

    def write(self, value: Any, names: Names, about: Fields) -> Pieces:
        labels = labels_of(about)
        if value in labels:
            return phrasing.value(labels[value])
        if value in labels.values():
            return phrasing.value(quote(value))
        return Text().write(value, names, about)

    def scan(self, reader: Reader, at: int, about: Fields) -> Found:
        labels, start = labels_of(about), reader.skip_spaces(at)
        ends = (
            (field, reader.literal(literal_words(label), at))
            for field, label in labels.items()
        )
        found: Found = [(field, end) for field, end in ends if end >= 0]
        texts = Text().scan(reader, at, about)
        if reader.text.startswith(OPEN, start):
            return found + texts
        # In Chinese a word may follow a name without a space.
        parts = (text[:n] for text, _end in texts for n in range(len(text), 0, -1))
        return found + [
            (name, start + len(name)) for name in parts if name not in labels.values()
        ]


def labels_of(about: Fields) -> dict[str, str]:
    kind = facts.declared().get(str(about.get("kind")))
    return {name: str(label) for name, label in kind.labels.items()} if kind else {}


@dataclass(frozen=True, eq=False)
class FieldNumber(Part):
    """A number of a field; money in the community's currency, such as CNY 12.50."""

    depends_on: ClassVar[tuple[str, ...]] = ("kind", "field")  # type: ignore[misc]

    def write(self, value: Any, names: Names, about: Fields) -> Pieces:
        currency = names.get(CURRENCY)
        if currency is None or not is_money(about):
            return NUMBER.write(value, names, about)
        return phrasing.value(money.format_exactly(canonical_number(value), currency))

    def scan(self, reader: Reader, at: int, about: Fields) -> Found:
        currency = reader.lexicon.currency
        if currency is None or not is_money(about):
            return NUMBER.read(reader, at, about)
        at = reader.literal((fold(currency),), at)
        found = scan_number(reader.text, reader.skip_spaces(at)) if at >= 0 else None
        if found is None:
            return []
        units = found[0].scaleb(money.decimal_places(currency), EXACT)
        return [(canonical_number(units), found[1])]

    def canonical(self, value: Any, about: Fields) -> Any:
        return canonical_number(value)


def is_money(about: Fields) -> bool:
    return about.get("field") in facts.money_fields(str(about.get("kind")))


@dataclass(frozen=True, eq=False)
class FieldValue(Literal):
    """One value of a field; a number may be money."""

    depends_on: ClassVar[tuple[str, ...]] = ("kind", "field")  # type: ignore[misc]

    def write(self, value: Any, names: Names, about: Fields) -> Pieces:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return FieldNumber().write(value, names, about)
        return super().write(value, names, about)

    def scan(self, reader: Reader, at: int, about: Fields) -> Found:
        if not is_money(about) or reader.lexicon.currency is None:
            return super().scan(reader, at, about)
        amounts = FieldNumber().scan(reader, at, about)
        values = super().scan(reader, at, about)
        code = fold(reader.lexicon.currency)
        return amounts + [
            (value, end)
            for value, end in values
            if isinstance(value, bool)
            or (isinstance(value, str) and fold(value) != code)
        ]


FIELD_AMOUNT = Comparison(FieldNumber())
_FIELD = Form(
    gettext_noop("%(field)s: %(wanted)s"),
    {
        "field": FieldName(),
        "wanted": Choice([FIELD_AMOUNT, ListOf(FieldValue())], ("kind", "field")),
    },
)
_GROUP = Form(
    gettext_noop("in the group %(groups)s"),
    {"groups": Slot(ListOf(Name("group")), "group")},
)
_CLOCK = Several([WEEKDAYS, TIMES_OF_DAY], "; ")


@dataclass(frozen=True, eq=False)
class Conditions(Part):
    """The fields `where`, `hours` and `weekdays`, as texts with semicolons."""

    depends_on: ClassVar[tuple[str, ...]] = ("kind",)  # type: ignore[misc]

    def write(self, value: Any, names: Names, about: Fields) -> Pieces:
        written = []
        for field, wanted in dict(value.get("where") or {}).items():
            form, args = self._form(field, wanted)
            written.append(form.write(args, names, about))
        for form in (WEEKDAYS, TIMES_OF_DAY):
            try:
                written.append(form.write(self._only(form, value), names, about))
            except Unfit:
                continue
        if not written:
            raise Unfit(value)
        return phrasing.join(written, _("; "))

    @staticmethod
    def _form(field: str, wanted: Any) -> tuple[Form, dict[str, Any]]:
        if field == "group":
            return _GROUP, {"group": wanted}
        return _FIELD, {"field": field, "wanted": wanted}

    @staticmethod
    def _only(form: Form, value: Fields) -> dict[str, Any]:
        name = "weekdays" if form is WEEKDAYS else "hours"
        return {name: value[name]} if name in value else {}

    def scan(self, reader: Reader, at: int, about: Fields) -> Found:
        found: Found = []
        separator = literal_words(_("; "))
        states: Found = [({}, at)]
        while states:
            longer: Found = []
            for values, start in states:
                begin = reader.literal(separator, start) if values else start
                if begin >= 0:
                    longer += self._scan_one(values, reader, begin, about)
            reader.spend(len(longer))
            found += longer
            states = longer
        return found[::-1]

    @staticmethod
    def _scan_one(
        values: dict[str, Any], reader: Reader, at: int, about: Fields
    ) -> Found:
        where, found = values.get("where", {}), []
        pairs = [
            ({"group": args["group"]}, end)
            for args, end in _GROUP.read(reader, at, about)
        ]
        pairs += [
            ({args["field"]: args["wanted"]}, end)
            for args, end in _FIELD.scan(reader, at, about)
        ]
        for condition, end in pairs:
            if not where.keys() & condition.keys():
                found.append(({**values, "where": {**where, **condition}}, end))
        for value, end in _CLOCK.read(reader, at, about):
            if not values.keys() & value.keys():
                found.append(({**values, **value}, end))
        return found

    def canonical(self, value: Any, about: Fields) -> dict[str, Any]:
        where = {}
        for field, wanted in dict(value.get("where") or {}).items():
            form, args = self._form(field, wanted)
            args = form.canonical(args, about)
            where[field] = args["group" if field == "group" else "wanted"]
        result: dict[str, Any] = {"where": where} if where else {}
        for form in (WEEKDAYS, TIMES_OF_DAY):
            if args := self._only(form, value):
                result |= form.canonical(args, about)
        return result


def _without_empty(args: dict[str, Any]) -> dict[str, Any]:
    """Without conditions that are none."""
    if not args.get("where", True):
        del args["where"]
    if len(set(args.get("weekdays", ()))) == len(weekdays.WEEK):
        del args["weekdays"]
    return args


FACTS = Choice(
    [
        Form("%(kind)s", {"kind": Kind()}, is_translated=False, unpack=_without_empty),
        Form(
            gettext_noop("%(kind)s [%(where)s]"),
            {"kind": Kind(), "where": Slot(Conditions(), fields=FIELDS[1:])},
            unpack=_without_empty,
        ),
    ]
)
"""A kind of fact, with the conditions on its group, its fields and its time."""
KIND = Slot(FACTS, fields=FIELDS)
TIME_WINDOW = Slot(WINDOW, fields=time_windows.KINDS, optional=True)


def phrase(args: Any, names: Names) -> Pieces:
    """A kind of fact, with its conditions."""
    return phrasing.tidy(FACTS.write(args, names, {}))


def mentions(args: Any) -> Iterator[Mention]:
    # Any JSON may come here, from a URL for example, and must not raise.
    if isinstance(args, dict):
        yield from base.mentions_of("kind", args.get("kind"))
        if facts.money_fields(str(args.get("kind"))):
            yield CURRENCY
        where = args.get("where")
        if isinstance(where, dict):
            yield from base.mentions_of("group", where.get("group"))


def find_kind_names(community: Community, keys: Sequence[str]) -> dict[str, str]:
    return {
        key: facts.label_of(key) for key in keys if facts.find_kind(key) is not None
    }


def list_kind_names(community: Community, by: Staff | None) -> list[tuple[str, str]]:
    """Those that Qunce declares and those that programs report, by their labels."""
    reported = reported_kinds.ReportedKind.objects.filter(community_id=community.pk)
    labels = list_labels(get_language())
    others = [
        key for key in reported.values_list("kind", flat=True) if key not in labels
    ]
    return [*labels.items(), *((key, key) for key in sorted(others))]


@functools.cache
def list_labels(language: str | None) -> dict[str, str]:
    """The label of every kind that Qunce declares in the active language, `language`."""
    return {key: facts.label_of(key) for key in sorted(facts.declared())}


references.register("kind", find_names=find_kind_names, list_names=list_kind_names)
references.register(
    CURRENCY[0],
    find_names=lambda community, keys: dict.fromkeys(keys, community.currency),
    list_names=lambda community, by: [(CURRENCY[1], community.currency)],
)
