"""Definitions of scores: the parts that a score adds up, as JSON.

    {"parts": [
        {"name": "Days with a message", "area": "interaction", "kind": "message.posted",
         "by": "days", "within": "28d", "weight": 3, "cap": 10},
        {"name": "Orders", "area": "service", "kind": "order.paid", "by": "times",
         "within": "90d", "weight": "2.5", "cap": 4, "half_life": 30},
        {"name": "Membership", "area": "service", "by": "tenure", "weight": "0.05",
         "cap": 400}]}

A part measures how many `times` or on how many `days` a member did a `kind` of fact, with
`where`, `hours` and `weekdays` as in the clause `did`, how often after the first time
(`repeats`), the `sum` of a number `field`, or the days since the member joined (`tenure`).
At most `cap` of it counts, each with `weight` points. With `half_life`, a fact counts half
after so many days.

All of it is exact: measures are whole hundredths and weights are, too, so that points are
whole ten-thousandths. A score is the share of the highest possible points, from 0 to 100,
rounded to one decimal; it is stored, compared and shown in tenths.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from qunce.core import decimals, errors, money, names, text_validation
from qunce.core.facts import facts
from qunce.sets.rules import base, comparisons, fact_queries, payload_fields
from qunce.sets.rules.base import RuleError, RulePath
from qunce.sets.rules.fact_queries import FactFilter
from qunce.sets.rules.time_windows import SPAN_FORMAT

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from qunce.core.communities import Community

    Number = TypeVar("Number", int, NDArray[np.int64])
else:
    Number = TypeVar("Number")

AREAS = {
    "service": pgettext_lazy("area of a score", "service"),
    "content": pgettext_lazy("area of a score", "content"),
    "interaction": pgettext_lazy("area of a score", "interaction"),
}
TIMES, DAYS, REPEATS, SUM, TENURE = "times", "days", "repeats", "sum", "tenure"
MEASURES = {
    TIMES: gettext_lazy("how many times"),
    DAYS: gettext_lazy("on how many days"),
    REPEATS: gettext_lazy("how often after the first time"),
    SUM: gettext_lazy("sum of a field"),
    TENURE: gettext_lazy("days since they joined"),
}
FADING = (TIMES, DAYS)
"""Measures that may have a half-life."""
MAX_PARTS, MAX_NAME = 20, 60
MAX_WEIGHT, MAX_CAP, MAX_WITHIN, MAX_HALF_LIFE = 100, 1_000_000, 366, 365
FADING_DIGITS = Context(prec=28)
SCALE = 100
"""Measures and weights are whole numbers of these parts."""
TENTHS = 1_000
"""The highest score in tenths."""
FIELDS = (
    "name",
    "area",
    *fact_queries.FIELDS,
    "by",
    "field",
    "within",
    "weight",
    "cap",
    "half_life",
)


class InvalidScore(errors.Invalid):
    """The definition or the name of a score is not valid."""


@dataclass(frozen=True)
class Part:
    """`facts` is None for a tenure, and for facts that the community has none of.

    `weight` is in hundredths of a point. `places` are the decimals of a currency whose
    amounts are added up in whole units.
    """

    by: str
    facts: FactFilter | None
    field: str
    within: int
    weight: int
    cap: int
    half_life: int | None = None
    places: int = 0

    @property
    def highest(self) -> int:
        """The most points that it gives, in ten-thousandths."""
        return self.weight * self.cap * SCALE

    @property
    def needs_mirror(self) -> bool:
        """Whether facts are read one by one, as the counts of days do not suffice."""
        if self.facts is None:
            return False
        return self.by == SUM or self.facts.needs_mirror

    @property
    def cost(self) -> int:
        return fact_queries.COST if self.needs_mirror else 1

    def factor(self, age: int) -> int:
        """How much a fact of so many days ago counts, in hundredths."""
        return SCALE if self.half_life is None else fade(age, self.half_life)


@cache
def fade(age: int, half_life: int) -> int:
    """A half to the power of `age` / `half_life`, rounded to hundredths."""
    exponent = FADING_DIGITS.divide(Decimal(-age), Decimal(half_life))
    factor = FADING_DIGITS.power(Decimal(2), exponent)
    return round(factor * SCALE)


@dataclass(frozen=True)
class Definition:
    parts: tuple[Part, ...]

    @property
    def highest(self) -> int:
        return sum(part.highest for part in self.parts)

    def to_tenths(self, points: Number) -> Number:
        """The score of points, which may be an array, rounded half up."""
        return (2 * TENTHS * points + self.highest) // (2 * self.highest)


def format_tenths(tenths: int) -> str:
    """A score as it is shown everywhere, such as 42.5."""
    return f"{tenths // 10}.{tenths % 10}"


def format_hundredths(number: int, scale: int = SCALE) -> str:
    """An exact number without zeros at its end, such as 3 or 2.75."""
    exact = decimals.EXACT.divide(Decimal(number), Decimal(scale))
    text = comparisons.format_number(exact)
    whole, point, rest = text.partition(".")
    return f"{int(whole):,}{point}{rest}"


def format_points(points: int) -> str:
    return format_hundredths(points, SCALE * SCALE)


# Parsing


def parse(spec: Any, path: RulePath) -> Definition:
    """The definition with its names resolved; raises InvalidScore if that fails."""
    try:
        base.check_fields(spec, path, ("parts",))
        parts, here = spec.get("parts"), path.child("parts")
        if not isinstance(parts, list) or not 1 <= len(parts) <= MAX_PARTS:
            here.fail(_("Write a list of 1 to %(n)s parts.") % {"n": MAX_PARTS})
        found = tuple(_parse_part(p, here.child(n)) for n, p in enumerate(parts))
    except RuleError as error:
        raise InvalidScore(_describe_place(error)) from None
    if len(set(found)) < len(found):
        raise InvalidScore(_("Two parts are the same. Leave one of them out."))
    return Definition(found)


def _describe_place(error: RuleError) -> str:
    """The message with the number of the part, as pages count them, and the field."""
    step, _bracket, rest = error.path.partition("[")
    number, _close, field = rest.partition("]")
    if step != "parts" or not number:
        return error.message
    where = _("Part %(n)s") % {"n": int(number) + 1}
    if field:
        where = _("Part %(n)s, “%(field)s”") % {
            "n": int(number) + 1,
            "field": field.lstrip("."),
        }
    return _("%(where)s: %(message)s") % {"where": where, "message": error.message}


def canonical(spec: Mapping[str, Any]) -> dict[str, Any]:
    """The one way of writing a valid spec, so that equal ones can be compared."""
    return {"parts": [_canonical_part(part) for part in spec["parts"]]}


def _canonical_part(part: Mapping[str, Any]) -> dict[str, Any]:
    weight = int(decimals.EXACT.multiply(Decimal(str(part["weight"])), Decimal(SCALE)))
    written = {
        **part,
        "name": names.clean(part["name"]),
        "by": part.get("by", TIMES),
        "weight": format_hundredths(weight),
    }
    if not written.get("where"):
        written.pop("where", None)
    return {field: written[field] for field in FIELDS if field in written}


def load(spec: Mapping[str, Any], community: Community) -> Definition:
    """A stored definition. Facts of which the community has none count nothing."""
    parts, path = [], RulePath(community)
    for part in spec["parts"]:
        try:
            parts.append(_parse_part(part, path))
        except RuleError:
            # It was valid when it was stored: the last of such facts has been erased.
            parts.append(_parse_numbers(part, path, None))
    return Definition(tuple(parts))


def _parse_part(args: Any, path: RulePath) -> Part:
    base.check_fields(args, path, FIELDS)
    check_name(args.get("name"), path.child("name"))
    _check_choice(args.get("area"), tuple(AREAS), path.child("area"))
    by = args.get("by", TIMES)
    _check_choice(by, tuple(MEASURES), path.child("by"))
    if by == TENURE:
        for name in (*fact_queries.FIELDS, "field", "within"):
            if name in args:
                path.child(name).fail(_("This does not go together with a tenure."))
        return _parse_numbers(args, path, None)
    # Without the label, which is in the language of whoever asks first.
    found = dataclasses.replace(fact_queries.parse(args, path), label="")
    if by == SUM:
        here = path.child("field")
        field = payload_fields.check_name(args.get("field"), here)
        payload_fields.check_exists(field, kind=found.name, path=here, is_number=True)
    elif "field" in args:
        path.child("field").fail(_("A field is only needed for a sum."))
    return _parse_numbers(args, path, found)


def _parse_numbers(args: Any, path: RulePath, found: FactFilter | None) -> Part:
    by, half_life, within = args.get("by", TIMES), None, 0
    if "half_life" in args:
        here = path.child("half_life")
        if by not in FADING:
            here.fail(_("Only times and days can have a half-life."))
        half_life = _parse_whole(args["half_life"], MAX_HALF_LIFE, here)
    if by != TENURE:
        within = _parse_within(args.get("within"), path.child("within"))
    field = args.get("field", "")
    is_money = found is not None and field in facts.money_fields(found.name)
    return Part(
        by=by,
        facts=found,
        field=field,
        within=within,
        weight=_parse_weight(args.get("weight"), path.child("weight")),
        cap=_parse_whole(args.get("cap"), MAX_CAP, path.child("cap")),
        half_life=half_life,
        places=money.decimal_places(path.community.currency) if is_money else 0,
    )


def check_name(name: Any, path: RulePath) -> None:
    is_text = isinstance(name, str) and text_validation.is_valid(name)
    if not is_text or not 1 <= len(names.clean(name)) <= MAX_NAME or "\n" in name:
        path.fail(_("A name has 1 to %(n)s characters.") % {"n": MAX_NAME})


def _check_choice(value: Any, choices: Sequence[str], path: RulePath) -> None:
    if not isinstance(value, str) or value not in choices:
        path.fail(_("Write one of these: %(all)s.") % {"all": ", ".join(choices)})


def _parse_within(value: Any, path: RulePath) -> int:
    match = SPAN_FORMAT.fullmatch(value) if isinstance(value, str) else None
    if match is None or match[2] != "d" or int(match[1]) > MAX_WITHIN:
        path.fail(
            _("Write a span of at most %(n)s days, such as 30d.") % {"n": MAX_WITHIN}
        )
    return int(match[1])


def _parse_whole(value: Any, limit: int, path: RulePath) -> int:
    # `type`, because True is an instance of int.
    if type(value) is not int or not 1 <= value <= limit:
        path.fail(_("Write a whole number from 1 to %(n)s.") % {"n": f"{limit:,}"})
    return value


def _parse_weight(value: Any, path: RulePath) -> int:
    number = comparisons.parse_decimal(value, path)
    hundredths = decimals.EXACT.multiply(number, Decimal(SCALE))
    if not 0 < number <= MAX_WEIGHT or hundredths != int(hundredths):
        path.fail(
            _("Write a number above 0 and up to %(n)s with at most two decimals.")
            % {"n": MAX_WEIGHT}
        )
    return int(hundredths)
