"""Fields that several clause forms share: time windows, comparisons, picked things."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from qunce.console.segments.builder_choices import Picker
from qunce.core import decimals, money
from qunce.sets.rules.calendar_periods import PAST_PERIODS

ChoiceList = Sequence[tuple[str, StrOrPromise]]

QUANTIFIERS: ChoiceList = (
    ("any", gettext_lazy("any of them")),
    ("all", gettext_lazy("all of them")),
    ("none", gettext_lazy("none of them")),
)


class PickField(forms.Field):
    widget = Picker

    def clean(self, value: Any) -> list[str]:
        return list(value or [])


def require(cleaned: Mapping[str, Any], field: str) -> Any:
    """The value of a field; raises ValidationError for the field if it is empty."""
    value = cleaned.get(field)
    if value in (None, "", []):
        raise forms.ValidationError({field: _("Fill in this field.")})
    return value


class NumberField(forms.CharField):
    """A decimal number as JSON writes it: whole if it is, else with all its digits."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.TextInput(attrs={"inputmode": "decimal"})
        super().__init__(**kwargs, max_length=60, widget=widget)

    def clean(self, value: Any) -> int | float | str | None:
        text = super().clean(value)
        if not text:
            return None
        try:
            number = decimals.parse(text)
        except decimals.NotADecimal:
            raise forms.ValidationError(_("Write a number, such as 12.5.")) from None
        return to_json_number(number, text)


def to_json_number(number: Decimal, text: str) -> int | float | str:
    if number == number.to_integral_value():
        return int(number)
    # A binary fraction only where it is exactly this number.
    return float(text) if Decimal(repr(float(text))) == number else str(text)


# Money


def to_amount(units: Any, currency: str) -> str:
    """Units of a rule as people write them: 10000 → `"100.00"`."""
    return f"{money.to_exact_amount(units, currency):f}"


def from_amount(amount: Any, currency: str) -> int | float | str:
    places = money.decimal_places(currency)
    exact = decimals.EXACT
    units = decimals.parse(amount).scaleb(places, exact).normalize(exact)
    return to_json_number(units, f"{units:f}")


# Time windows

WINDOWS: ChoiceList = (
    ("ever", gettext_lazy("at any time")),
    ("within", gettext_lazy("in the last … days")),
    ("hours", gettext_lazy("in the last … hours")),
    ("ago", gettext_lazy("more than … days ago")),
    ("since", gettext_lazy("since a date")),
    ("before", gettext_lazy("before a date")),
    ("between", gettext_lazy("between two dates")),
    *((name, gettext_lazy(label)) for name, label in PAST_PERIODS.items()),
)
DAY_INPUT = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class WindowForm(forms.Form):
    """`span` counts days or hours; `day` and `until` are dates of the community."""

    when = forms.ChoiceField(label=gettext_lazy("When"), choices=WINDOWS)
    span = forms.IntegerField(
        label=gettext_lazy("How many"), required=False, min_value=1, max_value=3660
    )
    day = forms.DateField(label=gettext_lazy("Day"), required=False, widget=DAY_INPUT)
    until = forms.DateField(
        label=gettext_lazy("Until (inclusive)"), required=False, widget=DAY_INPUT
    )


def window_to_fields(args: Mapping[str, Any]) -> dict[str, Any]:
    for name in ("within", "before"):
        span = re.fullmatch(r"(\d{1,5})([dh])", str(args.get(name, "")))
        if span:
            when = {"withind": "within", "withinh": "hours", "befored": "ago"}
            return {"when": when.get(name + span[2], "ever"), "span": int(span[1])}
    for name in ("since", "before"):
        if name in args:
            return {"when": name, "day": args[name]}
    if "between" in args:
        first, last = args["between"]
        return {"when": "between", "day": first, "until": last}
    if args.get("during") in PAST_PERIODS:
        return {"when": args["during"]}
    return {"when": "ever"}


def window_from_fields(cleaned: Mapping[str, Any]) -> dict[str, Any]:
    when = cleaned.get("when")
    if when in ("within", "hours", "ago"):
        span = require(cleaned, "span")
        return {
            "within": {"within": f"{span}d"},
            "hours": {"within": f"{span}h"},
            "ago": {"before": f"{span}d"},
        }[str(when)]
    if when in ("since", "before"):
        return {str(when): require(cleaned, "day").isoformat()}
    if when == "between":
        first, last = require(cleaned, "day"), require(cleaned, "until")
        return {"between": [first.isoformat(), last.isoformat()]}
    return {"during": when} if when in PAST_PERIODS else {}


def days_to_field(span: str) -> int:
    """The number of days of a span such as `30d`; raises ValueError for hours."""
    number, unit = int(span[:-1]), span[-1]
    if unit != "d":
        raise ValueError(span)
    return number


class DaysField(forms.IntegerField):
    """A number of days, as many as a time span may have."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_value=1, max_value=3660, **kwargs)


# Times of day

TIME_INPUT = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")


def hours_from_fields(
    cleaned: Mapping[str, Any], first: str, last: str
) -> dict[str, list[str]]:
    """The field `hours` of a rule; nothing if both fields are empty."""
    if cleaned.get(first) is None and cleaned.get(last) is None:
        return {}
    return {
        "hours": [require(cleaned, name).strftime("%H:%M") for name in (first, last)]
    }


# Comparisons with numbers

COMPARISONS: ChoiceList = (
    ("gte", gettext_lazy("at least")),
    ("lte", gettext_lazy("at most")),
    ("eq", gettext_lazy("exactly")),
    ("gt", gettext_lazy("more than")),
    ("lt", gettext_lazy("fewer than")),
    ("between", gettext_lazy("from … to")),
)


def comparison_to_fields(bounds: Mapping[str, Any]) -> dict[str, Any]:
    """Two bounds other than “from … to” do not fit the fields: one is left out."""
    if set(bounds) == {"gte", "lte"}:
        return {"sign": "between", "number": bounds["gte"], "maximum": bounds["lte"]}
    sign = next(iter(bounds))
    return {"sign": sign, "number": bounds[sign]}


def comparison_from_fields(
    cleaned: Mapping[str, Any], prefix: str = ""
) -> dict[str, Any]:
    """From the fields `sign`, `number` and `maximum`, with a prefix to their names."""
    sign, number = cleaned[f"{prefix}sign"], require(cleaned, f"{prefix}number")
    if sign == "between":
        return {"gte": number, "lte": require(cleaned, f"{prefix}maximum")}
    return {sign: number}
