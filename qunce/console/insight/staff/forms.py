from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from qunce.core import errors
from qunce.insight.first_answers import working_time

DAY_INPUT = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class StaffForm(forms.Form):
    """The days, and working hours such as 09:00-18:00 or nothing."""

    first = forms.DateField(label=gettext_lazy("First day"), widget=DAY_INPUT)
    last = forms.DateField(label=gettext_lazy("Last day"), widget=DAY_INPUT)
    hours = forms.CharField(
        label=gettext_lazy("Working hours"),
        required=False,
        max_length=20,
        widget=forms.TextInput(attrs={"placeholder": "09:00-18:00", "size": 12}),
    )

    def __init__(self, data: Any, *, default: tuple[date, date]) -> None:
        super().__init__(
            {
                "first": data.get("first", default[0].isoformat()),
                "last": data.get("last", default[1].isoformat()),
                "hours": data.get("hours", ""),
            }
        )

    def span(self) -> dict[str, date]:
        """The first and the last day; raises Invalid for a field that is not valid."""
        if not self.is_valid():
            name, messages = next(iter(self.errors.items()))
            raise errors.Invalid(f"{self[name].label}: {messages[0]}")
        return {name: self.cleaned_data[name] for name in ("first", "last")}

    def query(self) -> dict[str, Any]:
        """The days and the working hours; raises Invalid."""
        span = self.span()
        return {**span, "hours": working_time.parse(self.cleaned_data["hours"])}
