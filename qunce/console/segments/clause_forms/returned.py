"""The form of the clause `returned`."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy

from qunce.console.segments.clause_forms import facts as fact_forms
from qunce.console.segments.clause_forms import fields
from qunce.console.segments.clause_forms.facts import FactForm


class ReturnedForm(FactForm, fields.WindowForm):
    name = "returned"
    label = gettext_lazy("Came back to something")
    icon = "arrow-uturn-left"
    order = 24
    hint = gettext_lazy("Did it again after days without it.")
    field_order = ("kind", "days", "when", "span", "day", "until")
    days = fields.DaysField(
        label=gettext_lazy("After at least … days without it"), initial=90
    )

    def set_up(self) -> None:
        super().set_up()
        # Breaks are counted in days.
        windows = [each for each in fields.WINDOWS if each[0] != "hours"]
        self.set_choices("when", windows)

    @classmethod
    def to_fields(cls, args: Any) -> dict[str, Any]:
        values = fact_forms.filter_to_fields(args) | fields.window_to_fields(args)
        return {**values, "days": fields.days_to_field(args["after"])}

    def from_fields(self, cleaned: dict[str, Any]) -> Any:
        cleaned = self.in_units(cleaned)
        return {
            **fact_forms.filter_from_fields(cleaned),
            "after": f"{cleaned['days']}d",
            **fields.window_from_fields(cleaned),
        }
