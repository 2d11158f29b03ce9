"""The form of the clause `did`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.console.segments.clause_forms import facts as fact_forms
from qunce.console.segments.clause_forms import fields
from qunce.console.segments.clause_forms.facts import FactForm
from qunce.core.facts import facts
from qunce.sets.clauses import did
from qunce.sets.rules import payload_numbers

AGGREGATES = payload_numbers.AGGREGATES
MEASURES: fields.ChoiceList = (
    ("times", gettext_lazy("how many times")),
    ("days", gettext_lazy("on how many days")),
    ("weeks", gettext_lazy("in how many weeks")),
    ("days_in_a_row", gettext_lazy("on how many days in a row")),
    ("weeks_in_a_row", gettext_lazy("in how many weeks in a row")),
    ("sum", gettext_lazy("sum of a field")),
    ("average", gettext_lazy("average of a field")),
    ("min", gettext_lazy("lowest number of a field")),
    ("max", gettext_lazy("highest number of a field")),
    ("first", gettext_lazy("when it first happened")),
    ("last", gettext_lazy("when it last happened")),
)
COUNT_COMPARISONS: fields.ChoiceList = (
    ("once", gettext_lazy("at least once")),
    ("never", gettext_lazy("never")),
    *fields.COMPARISONS,
)


class DidForm(FactForm, fields.WindowForm):
    """One measure; a clause with several can be split into lines."""

    name = "did"
    label = gettext_lazy("Did something")
    icon = "bolt"
    order = 20
    field_order = ("kind", "measure", "field", "sign", "number", "maximum", "when")
    measure = forms.ChoiceField(label=gettext_lazy("Measure"), choices=MEASURES)
    sign = forms.ChoiceField(
        label=gettext_lazy("How much"), choices=COUNT_COMPARISONS, required=False
    )
    number = fields.NumberField(label=gettext_lazy("Number"), required=False)
    maximum = fields.NumberField(label=gettext_lazy("Maximum"), required=False)
    field = forms.CharField(label=gettext_lazy("Field"), required=False, max_length=100)

    @classmethod
    def money_of(cls, values: Mapping[str, Any], prefix: str = "") -> list[str]:
        names = super().money_of(values, prefix)
        money_fields = facts.money_fields(str(values.get(f"{prefix}kind")))
        is_number = values.get(f"{prefix}measure") in AGGREGATES
        if is_number and values.get(f"{prefix}field") in money_fields:
            names += ["number", "maximum"]
        return names

    @classmethod
    def to_fields(cls, args: Any) -> dict[str, Any]:
        values = {"measure": "times", "sign": "once"}
        values |= fact_forms.filter_to_fields(args) | fields.window_to_fields(args)
        for measure in did.UNITS:
            if measure in args:
                sign = {"sign": "never"}
                if args[measure] != {"eq": 0}:
                    sign = fields.comparison_to_fields(args[measure])
                values |= {"measure": measure, **sign}
        for measure in AGGREGATES:
            if measure in args:
                bounds = {k: n for k, n in args[measure].items() if k != "field"}
                values |= {"measure": measure, "field": args[measure]["field"]}
                values |= fields.comparison_to_fields(bounds)
        for edge in ("first", "last"):
            if edge in args:
                values |= {"measure": edge, **fields.window_to_fields(args[edge])}
        return values

    def from_fields(self, cleaned: dict[str, Any]) -> Any:
        cleaned = self.in_units(cleaned)
        measure = cleaned["measure"]
        args = fact_forms.filter_from_fields(cleaned)
        window = fields.window_from_fields(cleaned)
        if measure in ("first", "last"):
            if not window:
                raise forms.ValidationError({"when": _("Choose a time range.")})
            args[measure] = window
        else:
            args |= window
        if measure in AGGREGATES:
            if cleaned["sign"] in ("once", "never"):
                message = _("Choose how to compare the number.")
                raise forms.ValidationError({"sign": message})
            bounds = fields.comparison_from_fields(cleaned)
            args[measure] = {"field": fields.require(cleaned, "field"), **bounds}
        elif measure in did.UNITS and (measure, cleaned["sign"]) != ("times", "once"):
            fixed = {"once": {"gte": 1}, "never": {"eq": 0}}
            count = fixed.get(cleaned["sign"])
            args[measure] = count or fields.comparison_from_fields(cleaned)
        return args
