"""Parts that several forms of playbooks have: a delay, and the choice of an event."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.outreach.playbooks import calendars, delays
from qunce.outreach.playbooks.calendars import Calendar
from qunce.outreach.playbooks.delays import After, Delay, OnDay, OnWeekday

MINUTES_PER_UNIT = {"minutes": 1, "hours": 60, "days": 1440}


class TimeInput(forms.TimeInput):
    input_type = "time"

    def __init__(self) -> None:
        super().__init__(format="%H:%M")


def time_field(label: Any, *, required: bool = False) -> forms.TimeField:
    return forms.TimeField(
        label=label, required=required, widget=TimeInput(), input_formats=["%H:%M"]
    )


class DelayForm(forms.Form):
    """A delay in one of three words."""

    word = forms.ChoiceField(
        label=gettext_lazy("How long"),
        choices=[
            ("after", gettext_lazy("a time span, to the minute")),
            ("day", gettext_lazy("until a time some days later")),
            ("weekday", gettext_lazy("until a weekday")),
        ],
        widget=forms.RadioSelect,
        initial="day",
    )
    amount = forms.IntegerField(
        label=gettext_lazy("Time span"), required=False, min_value=0, initial=24
    )
    unit = forms.ChoiceField(
        label=gettext_lazy("Unit"),
        required=False,
        choices=[
            ("minutes", gettext_lazy("minutes")),
            ("hours", gettext_lazy("hours")),
            ("days", gettext_lazy("days")),
        ],
        initial="hours",
    )
    days = forms.IntegerField(
        label=gettext_lazy("Days later (0: the next time it is that time)"),
        required=False,
        min_value=0,
        max_value=delays.MAX_DAYS,
        initial=1,
    )
    weekday = forms.TypedChoiceField(
        label=gettext_lazy("Weekday"),
        required=False,
        coerce=int,
        choices=list(enumerate(delays.WEEKDAYS)),
    )
    time = time_field(gettext_lazy("At"))

    def to_delay(self) -> Delay:
        """Raises InvalidDelay with a sentence."""
        values = self.cleaned_data
        if values["word"] == "after":
            unit = MINUTES_PER_UNIT[values["unit"] or "hours"]
            return delays.parse({"minutes": (values["amount"] or 0) * unit})
        at = values["time"]
        if at is None:
            raise delays.InvalidDelay(_("Write the time of the day."))
        time = f"{at:%H:%M}"
        if values["word"] == "weekday":
            return delays.parse({"weekday": int(values["weekday"] or 0), "time": time})
        return delays.parse({"days": values["days"] or 0, "time": time})


def initial_of(delay: Delay | None) -> dict[str, Any]:
    if isinstance(delay, After):
        unit = next(
            name
            for name in ("days", "hours", "minutes")
            if delay.minutes % MINUTES_PER_UNIT[name] == 0
        )
        amount = delay.minutes // MINUTES_PER_UNIT[unit]
        return {"word": "after", "amount": amount, "unit": unit}
    if isinstance(delay, OnDay):
        return {"word": "day", "days": delay.days, "time": delay.time}
    if isinstance(delay, OnWeekday):
        return {"word": "weekday", "weekday": delay.weekday, "time": delay.time}
    return {"word": "day", "days": 1, "time": "09:00"}


def where_text(where: tuple[tuple[str, str], ...]) -> str:
    return "\n".join(f"{name} = {value}" for name, value in where)


def parse_where(text: str) -> Mapping[str, str]:
    """Lines such as `shop = north`. Raises a ValidationError."""
    found = {}
    for line in text.splitlines():
        name, sign, value = line.partition("=")
        if not line.strip():
            continue
        if not sign or not name.strip() or not value.strip():
            raise forms.ValidationError(
                _("Write a field and its value per line, such as: shop = north")
            )
        found[name.strip()] = value.strip()
    return found


class CalendarForm(forms.Form):
    """Days of the calendar, as `calendars.Calendar` has them."""

    weekdays = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Weekdays"),
        required=False,
        coerce=int,
        choices=list(enumerate(delays.WEEKDAYS)),
        widget=forms.CheckboxSelectMultiple,
    )
    month_days = forms.CharField(
        label=gettext_lazy("Days of the month"),
        required=False,
        max_length=100,
        help_text=gettext_lazy("Such as 1, 15; -1 is the last day."),
    )
    festivals = forms.MultipleChoiceField(
        label=gettext_lazy("Festivals"),
        required=False,
        choices=[(key, each.label) for key, each in calendars.FESTIVALS.items()],
        widget=forms.CheckboxSelectMultiple,
    )
    dates = forms.CharField(
        label=gettext_lazy("Dates"),
        required=False,
        max_length=2_000,
        help_text=gettext_lazy("Such as 2026-11-11, 2026-12-12."),
    )

    def to_days(self) -> dict[str, Any]:
        """The JSON form of the chosen days."""
        values = self.cleaned_data
        lists = {
            "weekdays": values["weekdays"],
            "month_days": [_number(text) for text in split(values["month_days"])],
            "festivals": values["festivals"],
            "dates": split(values["dates"]),
        }
        return {name: each for name, each in lists.items() if each}

    @staticmethod
    def initial_of(days: Calendar) -> dict[str, Any]:
        return {
            "weekdays": list(days.weekdays),
            "month_days": ", ".join(map(str, days.month_days)),
            "festivals": list(days.festivals),
            "dates": ", ".join(day.isoformat() for day in days.dates),
        }


def split(text: str) -> list[str]:
    """The parts of a text between commas and spaces."""
    return text.replace(",", " ").replace("，", " ").replace("、", " ").split()


def _number(text: str) -> Any:
    # What is no number is refused by the calendar, with its sentence.
    is_number = text.removeprefix("-").isdigit() and text.isascii() and len(text) < 10
    return int(text) if is_number else text
