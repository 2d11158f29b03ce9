"""The form of the clause `stopped`."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from qunce.console.segments.clause_forms import facts as fact_forms
from qunce.console.segments.clause_forms import fields
from qunce.console.segments.clause_forms.facts import FactForm


class StoppedForm(FactForm):
    name = "stopped"
    label = gettext_lazy("Stopped doing something")
    icon = "pause"
    order = 22
    hint = gettext_lazy("Did it before, and not in the last days, today included.")
    field_order = ("kind", "days", "sign", "number", "maximum", "before")
    days = fields.DaysField(label=gettext_lazy("Not in the last … days"), initial=30)
    sign = forms.ChoiceField(
        label=gettext_lazy("How often before"),
        choices=[("once", gettext_lazy("at least once")), *fields.COMPARISONS],
        required=False,
    )
    number = forms.IntegerField(
        label=gettext_lazy("Times"), required=False, min_value=1
    )
    maximum = forms.IntegerField(
        label=gettext_lazy("Maximum"), required=False, min_value=1
    )
    before = fields.DaysField(
        label=gettext_lazy("In how many days before"),
        required=False,
        help_text=gettext_lazy("Empty: at any time before"),
    )

    @classmethod
    def to_fields(cls, args: Any) -> dict[str, Any]:
        values = {"sign": "once", **fact_forms.filter_to_fields(args)}
        values["days"] = fields.days_to_field(args["for"])
        if "times" in args:
            values |= fields.comparison_to_fields(args["times"])
        if "within" in args:
            values["before"] = fields.days_to_field(args["within"])
        return values

    def from_fields(self, cleaned: dict[str, Any]) -> Any:
        cleaned = self.in_units(cleaned)
        args = {**fact_forms.filter_from_fields(cleaned), "for": f"{cleaned['days']}d"}
        if cleaned["sign"] not in ("", "once"):
            args["times"] = fields.comparison_from_fields(cleaned)
        if cleaned["before"]:
            args["within"] = f"{cleaned['before']}d"
        return args
