"""Forms of reports: which period to print."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy, pgettext_lazy

from qunce.core import errors
from qunce.insight.reports.models import Kind

DAY_INPUT = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class PeriodForm(forms.Form):
    kind = forms.ChoiceField(
        label=pgettext_lazy("report", "Period"), choices=Kind.choices
    )
    day = forms.DateField(
        label=gettext_lazy("A day of it"),
        required=False,
        widget=DAY_INPUT,
        help_text=gettext_lazy("Empty for the last complete one."),
    )

    def period(self) -> dict[str, Any]:
        """The arguments of `reports.create`; raises Invalid for a field that is not valid."""
        if not self.is_valid():
            name, messages = next(iter(self.errors.items()))
            raise errors.Invalid(f"{self[name].label}: {messages[0]}")
        return dict(self.cleaned_data)
