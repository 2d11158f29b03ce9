"""Forms of reports: which period to print."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy, pgettext_lazy

from qunce.core import errors, permissions
from qunce.core.staff.models import Staff
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


class SubscribersForm(forms.Form):
    """The subscribers of one kind of reports."""

    roles = forms.MultipleChoiceField(
        label=gettext_lazy("Roles"),
        required=False,
        choices=permissions.Role.choices,
        widget=forms.CheckboxSelectMultiple,
    )
    staff = forms.MultipleChoiceField(
        label=gettext_lazy("Staff"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(
        self, data: Any = None, *, choices: Sequence[Staff], **options: Any
    ) -> None:
        super().__init__(data, **options)
        fields: Any = self.fields
        fields["staff"].choices = [(str(each.pk), each.name) for each in choices]

    def chosen(self) -> dict[str, Any]:
        """The arguments of `set_subscribers`; raises Invalid."""
        if not self.is_valid():
            name, messages = next(iter(self.errors.items()))
            raise errors.Invalid(f"{self[name].label}: {messages[0]}")
        return {
            "roles": self.cleaned_data["roles"],
            "staff": [int(pk) for pk in self.cleaned_data["staff"]],
        }
