"""The forms of the content calendar: where to move an entry, and the limits."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy

from qunce.outreach.content.materials.models import ContentType
from qunce.outreach.content_calendar.limits import (
    MAX_PER_DAY,
    MAX_SILENT_DAYS,
    Limits,
)


class MoveForm(forms.Form):
    """The day and the time on the clock of the community."""

    day = forms.DateField(
        label=gettext_lazy("Day"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        input_formats=["%Y-%m-%d"],
    )
    time = forms.TimeField(
        label=gettext_lazy("Time"),
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        input_formats=["%H:%M"],
    )

    def to_moment(self) -> datetime:
        values = self.cleaned_data
        naive = datetime.combine(values["day"], values["time"])
        return naive.replace(tzinfo=timezone.get_current_timezone())


class LimitsForm(forms.Form):
    max_per_day = forms.IntegerField(
        label=gettext_lazy("Messages per day in a group, at most"),
        min_value=1,
        max_value=MAX_PER_DAY,
    )
    silent_days = forms.IntegerField(
        label=gettext_lazy("A group is silent after so many days without a message"),
        min_value=1,
        max_value=MAX_SILENT_DAYS,
    )

    def __init__(self, data: Any = None, *, limits: Limits) -> None:
        initial = {
            "max_per_day": limits.max_per_day,
            "silent_days": limits.silent_days,
            **{f"mix_{name}": share for name, share in limits.target_mix.items()},
        }
        super().__init__(data, initial=initial)
        for each in ContentType:
            self.fields[f"mix_{each.value}"] = forms.IntegerField(
                label=each.label, required=False, min_value=0, max_value=100
            )

    def mix_fields(self) -> list[Any]:
        return [self[f"mix_{each.value}"] for each in ContentType]

    def to_limits(self) -> Limits:
        values = self.cleaned_data
        mix = {
            each.value: share
            for each in ContentType
            if (share := values[f"mix_{each.value}"])
        }
        return Limits(values["max_per_day"], values["silent_days"], mix)
