"""Forms of reports: which period to print, the settings, and the subscribers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils import dates
from django.utils.translation import gettext_lazy, pgettext_lazy

from qunce.core import errors, permissions
from qunce.core.staff.models import Staff
from qunce.insight.reports import report_settings
from qunce.insight.reports.models import Kind
from qunce.insight.reports.report_settings import SECTIONS, Settings

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


class SettingsForm(forms.Form):
    first_weekday = forms.TypedChoiceField(
        label=gettext_lazy("First day of the week"),
        choices=tuple(dates.WEEKDAYS.items()),
        coerce=int,
    )
    sections = forms.MultipleChoiceField(
        label=gettext_lazy("Sections of reports"),
        required=False,
        choices=tuple(SECTIONS.items()),
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("The numbers of the overview are always in."),
    )
    keep_days = forms.IntegerField(
        label=gettext_lazy("Days for which daily reports stay"),
        min_value=report_settings.MIN_KEEP_DAYS,
        max_value=report_settings.MAX_KEEP_DAYS,
        help_text=gettext_lazy(
            "180 unless you change it. Weekly and monthly reports stay, and so do daily "
            "ones with a dated note or a finding that staff acted on."
        ),
    )

    def __init__(self, data: Any, *, settings: Settings) -> None:
        initial = {
            "first_weekday": settings.first_weekday,
            "sections": settings.sections,
            "keep_days": settings.keep_days,
        }
        super().__init__(data, initial=initial)

    def to_changes(self) -> dict[str, Any]:
        """The arguments of `report_settings.change`."""
        chosen = set(self.cleaned_data["sections"])
        return {
            "first_weekday": self.cleaned_data["first_weekday"],
            "left_out": [name for name in SECTIONS if name not in chosen],
            "keep_days": self.cleaned_data["keep_days"],
        }


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
