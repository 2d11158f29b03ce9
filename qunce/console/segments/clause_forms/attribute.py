"""The form of the clause `attr`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.console.segments.clause_forms import fields
from qunce.console.segments.clause_forms.base import PREFIX, ClauseForm
from qunce.members.attributes.attributes import Attribute
from qunce.sets.rules import calendar_periods, relative_days

DATE_FORMAT = re.compile(r"\d{4}-\d\d-\d\d")
ORDERED: fields.ChoiceList = (
    ("eq", gettext_lazy("is exactly")),
    ("ne", gettext_lazy("is not")),
    ("gte", gettext_lazy("is at least")),
    ("gt", gettext_lazy("is greater than")),
    ("lte", gettext_lazy("is at most")),
    ("lt", gettext_lazy("is less than")),
)
TIMED: fields.ChoiceList = (
    ("next", gettext_lazy("is in the next …")),
    ("last", gettext_lazy("was in the last …")),
    ("during", gettext_lazy("is in a calendar period")),
    ("eq", gettext_lazy("is on")),
    ("ne", gettext_lazy("is not on")),
    ("gte", gettext_lazy("is on or after")),
    ("gt", gettext_lazy("is after")),
    ("lte", gettext_lazy("is on or before")),
    ("lt", gettext_lazy("is before")),
)
KNOWN: fields.ChoiceList = (
    ("known", gettext_lazy("is known")),
    ("unknown", gettext_lazy("is not known")),
)
TEXTUAL: fields.ChoiceList = (
    ("in", gettext_lazy("is one of")),
    ("ne", gettext_lazy("is not")),
    ("contains", gettext_lazy("contains")),
    ("starts", gettext_lazy("starts with")),
    *KNOWN,
)
COMPARISONS: dict[str, fields.ChoiceList] = {
    "text": TEXTUAL,
    "choice": TEXTUAL,
    "multi": TEXTUAL,
    "number": (*ORDERED, *KNOWN),
    "instant": (*TIMED, *KNOWN),
    "date": (
        *TIMED,
        ("anniversary", gettext_lazy("has its anniversary")),
        *KNOWN,
    ),
    "lunar": (("anniversary", gettext_lazy("has its anniversary")), *KNOWN),
    "bool": (("eq", gettext_lazy("is")), *KNOWN),
}
UPPER: fields.ChoiceList = (
    ("", gettext_lazy("no upper bound")),
    ("lte", gettext_lazy("and at most")),
    ("lt", gettext_lazy("and less than")),
)
UPPER_DAYS: fields.ChoiceList = (
    ("", gettext_lazy("no last day")),
    ("lte", gettext_lazy("and on or before")),
    ("lt", gettext_lazy("and before")),
)
DAYS: fields.ChoiceList = (
    ("date", gettext_lazy("a date")),
    ("today", gettext_lazy("today")),
    ("ahead", gettext_lazy("… days from today")),
    ("ago", gettext_lazy("… days ago")),
)
YEARLY: fields.ChoiceList = (
    ("next", gettext_lazy("in the next … days")),
    ("eq", gettext_lazy("in exactly … days")),
    ("last", gettext_lazy("in the last … days")),
    ("during", gettext_lazy("in a calendar period")),
)
UNITS: fields.ChoiceList = (("d", gettext_lazy("days")), ("h", gettext_lazy("hours")))
PERIODS: fields.ChoiceList = tuple(
    (period, gettext_lazy(label)) for period, label in calendar_periods.PERIODS.items()
)
INPUTS = {
    "date": forms.DateInput(attrs={"type": "date"}),
    "instant": forms.TextInput(attrs={"placeholder": "2026-03-05 09:00"}),
    "number": forms.TextInput(attrs={"inputmode": "decimal"}),
}
YES_OR_NO: fields.ChoiceList = (
    ("yes", gettext_lazy("yes")),
    ("no", gettext_lazy("no")),
)


class AttributeForm(ClauseForm):
    """The type of the attribute decides which fields the form has."""

    name = "attr"
    label = gettext_lazy("Attribute")
    icon = "identification"
    order = 30
    attribute = forms.ChoiceField(label=gettext_lazy("Attribute"))
    sign = forms.ChoiceField(label=gettext_lazy("Comparison"))
    chosen: Attribute | None = None

    def set_up(self) -> None:
        known = {attribute.name: attribute for attribute in self.choices.attributes}
        labels = [(name, attribute.label) for name, attribute in known.items()]
        self.set_choices("attribute", labels)
        name = self.data.get(f"{PREFIX}-attribute") or self.initial.get("attribute")
        self.chosen = known.get(str(name)) or next(iter(known.values()), None)
        if self.chosen is None:
            return
        type_ = self.chosen.type
        self.set_choices("sign", COMPARISONS[type_])
        if type_ in ("text", "choice", "multi"):
            picker = self.choices.value_picker(self.chosen)
            self.fields["values"] = fields.PickField(
                label=_("Values"), required=False, widget=picker
            )
        elif type_ == "bool":
            self.fields["value"] = forms.ChoiceField(
                label=_("Value to compare with"), choices=YES_OR_NO, required=False
            )
        elif type_ == "number":
            self._add_value("value", _("Value to compare with"))
            self._add_choice("upper_sign", _("Upper bound"), UPPER)
            self._add_value("upper", _("Upper value"))
        elif type_ == "lunar":
            self._add_choice("yearly", _("When"), YEARLY)
            self._add_choice("period", _("Period"), PERIODS)
            self._add_days("days", _("How many"))
        else:
            if type_ == "date":
                self._add_choice("yearly", _("When"), YEARLY)
            self._add_choice("period", _("Period"), PERIODS)
            self._add_choice("day", _("Which day"), DAYS)
            self._add_value("value", _("Value to compare with"))
            self._add_days("days", _("How many"))
            if type_ == "instant":
                self._add_choice("unit", _("Days or hours"), UNITS)
            self._add_choice("upper_sign", _("Last day"), UPPER_DAYS)
            self._add_choice("upper_day", _("Which last day"), DAYS)
            self._add_value("upper", _("Last value"))
            self._add_days("upper_days", _("How many"))

    def _add_choice(self, name: str, label: str, choices: fields.ChoiceList) -> None:
        self.fields[name] = forms.ChoiceField(
            label=label, choices=choices, required=False
        )

    def _add_value(self, name: str, label: str) -> None:
        assert self.chosen  # noqa: S101 - only called with one
        self.fields[name] = forms.CharField(
            label=label, required=False, widget=INPUTS[self.chosen.type]
        )

    def _add_days(self, name: str, label: str) -> None:
        self.fields[name] = forms.IntegerField(
            label=label, required=False, min_value=0, max_value=3660
        )

    # From a rule to fields

    @classmethod
    def to_fields(cls, args: Any) -> dict[str, Any]:
        values = {"attribute": args["name"]}
        conditions = {key: value for key, value in args.items() if key != "name"}
        upper = {key: conditions[key] for key in ("lte", "lt") if key in conditions}
        if len(conditions) == 2 and upper:
            ((sign, required),) = upper.items()
            del conditions[sign]
            day = _day_to_fields(required)
            values |= {"upper_sign": sign, "upper": str(required)}
            values |= {"upper_day": day["day"], "upper_days": day.get("days", "")}
        ((sign, required),) = conditions.items()
        values["sign"] = sign
        if sign == "known":
            return values | {"sign": "known" if required else "unknown"}
        if sign == "anniversary":
            ((yearly, required),) = required.items()
            return values | {"yearly": yearly} | _span_to_fields(yearly, required)
        if sign in relative_days.SPANS:
            return values | _span_to_fields(sign, required)
        if isinstance(required, bool):
            return values | {"value": "yes" if required else "no"}
        texts = required if isinstance(required, list) else [required]
        values |= {"values": texts, "value": str(required)}
        return values | _day_to_fields(required)

    # From fields to a rule

    def from_fields(self, cleaned: dict[str, Any]) -> Any:
        sign, args = cleaned["sign"], {"name": cleaned["attribute"]}
        if sign in ("known", "unknown"):
            return args | {"known": sign == "known"}
        if sign == "anniversary":
            yearly = cleaned["yearly"] or "next"
            span = (
                _format_day(fields.require(cleaned, "days"))
                if yearly == "eq"
                else _span_from_fields(yearly, cleaned)
            )
            return args | {sign: {yearly: span}}
        if sign in relative_days.SPANS:
            return args | {sign: _span_from_fields(sign, cleaned)}
        if "values" not in cleaned:
            args |= {sign: self._bound(cleaned, "value", "day", "days")}
            upper = cleaned.get("upper_sign")
            if sign in ("gte", "gt") and upper:
                last = self._bound(cleaned, "upper", "upper_day", "upper_days")
                args |= {upper: last}
            return args
        values = fields.require(cleaned, "values")
        if sign != "in" and len(values) > 1:
            raise forms.ValidationError({"values": _("Choose one value only.")})
        return args | {sign: values if sign == "in" else values[0]}

    def _bound(
        self, cleaned: Mapping[str, Any], value: str, day: str, days: str
    ) -> str | int | bool:
        chosen = cleaned.get(day) or "date"
        if chosen == "date":
            return self._parse(value, fields.require(cleaned, value))
        offset = 0 if chosen == "today" else fields.require(cleaned, days)
        return _format_day(-offset if chosen == "ago" else offset)

    def _parse(self, field: str, text: str) -> str | int | bool:
        """The value as JSON writes it for the type of the attribute."""
        attribute_type = self.chosen.type if self.chosen else "text"
        if attribute_type == "date" and not DATE_FORMAT.fullmatch(text):
            message = _("Write a date like 2026-03-31.")
            raise forms.ValidationError({field: message})
        if attribute_type == "bool":
            return text == "yes"
        whole = re.fullmatch(r"-?(0|[1-9]\d{0,14})", text.strip())
        if attribute_type == "number" and whole:
            return int(Decimal(text))
        return text.strip()


def _day_to_fields(required: Any) -> dict[str, Any]:
    """A day relative to today as the fields `day` and `days`; others are a date."""
    is_text = isinstance(required, str)
    match = relative_days.DAY_FORMAT.fullmatch(required) if is_text else None
    if match is None:
        return {"day": "date"}
    if not match[2]:
        return {"day": "today", "value": ""}
    day = "ago" if match[1] == "-" else "ahead"
    return {"day": day, "days": int(match[2]), "value": ""}


def _format_day(offset: int) -> str:
    if not offset:
        return "today"
    return f"today{'-' if offset < 0 else '+'}{abs(offset)}d"


def _span_to_fields(field: str, value: str) -> dict[str, Any]:
    if field == "during":
        return {"period": value}
    if field == "eq":
        return {"days": _day_to_fields(value).get("days", 0)}
    span = re.fullmatch(r"(\d{1,5})([dh])", value)
    return {"days": int(span[1]), "unit": span[2]} if span else {}


def _span_from_fields(field: str, cleaned: Mapping[str, Any]) -> str:
    if field == "during":
        return str(fields.require(cleaned, "period"))
    return f"{fields.require(cleaned, 'days')}{cleaned.get('unit') or 'd'}"
