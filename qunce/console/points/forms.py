"""The forms of points: a rule with its caps in words, settings, and points by hand."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.activities.points import phrases, point_settings, rules
from qunce.activities.points.models import (
    MAX_POINTS,
    MAX_REASON,
    Event,
    PointRule,
    PointSettings,
)
from qunce.core import community_days, money, timestamps
from qunce.core.communities import Community

CAPS = ("day_cap", "week_cap", "month_cap")


class RuleForm(forms.Form):
    """A rule. Each cap is a word, and a number only with “at most”."""

    name = forms.CharField(label=rules.FIELDS["name"], max_length=200)
    event = forms.ChoiceField(label=rules.FIELDS["event"], choices=Event.choices)
    points = forms.IntegerField(label=rules.FIELDS["points"], min_value=1)
    per_amount = forms.CharField(
        label=rules.FIELDS["per_amount"],
        max_length=30,
        required=False,
        help_text=gettext_lazy("For orders: 10.00 earns the points for each 10.00."),
    )
    wait_days = forms.IntegerField(
        label=rules.FIELDS["wait_days"], min_value=0, max_value=rules.MAX_DAYS
    )
    valid_days = forms.IntegerField(
        label=rules.FIELDS["valid_days"],
        min_value=1,
        max_value=rules.MAX_DAYS,
        required=False,
        help_text=gettext_lazy("Empty: they never expire."),
    )
    is_multiplied = forms.BooleanField(
        label=rules.FIELDS["is_multiplied"],
        required=False,
        help_text=gettext_lazy("Before the caps, rounded down."),
    )
    starts_on = forms.DateField(
        label=rules.FIELDS["starts_at"],
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=gettext_lazy("What happened before earns nothing."),
    )

    def __init__(
        self,
        data: Any = None,
        *,
        community: Community,
        at: datetime,
        rule: PointRule | None = None,
    ) -> None:
        self.community, self.rule = community, rule
        super().__init__(data, initial=_initial_of(rule, community, at))
        for cap in CAPS:
            self.fields[f"{cap}_mode"] = forms.ChoiceField(
                label=rules.FIELDS[cap], choices=list(phrases.MODES.items())
            )
            self.fields[f"{cap}_count"] = forms.IntegerField(
                label=gettext_lazy("Points"),
                min_value=1,
                max_value=MAX_POINTS,
                required=False,
            )
        if rule is not None:
            self.fields["event"].disabled = True

    def cap_rows(self) -> list[tuple[Any, Any]]:
        """The fields of each cap: its word and its number."""
        return [(self[f"{cap}_mode"], self[f"{cap}_count"]) for cap in CAPS]

    def clean(self) -> dict[str, Any]:
        values = self.cleaned_data
        for cap in CAPS:
            mode, count = values.get(f"{cap}_mode"), values.get(f"{cap}_count")
            if mode == phrases.AT_MOST and count is None:
                text = _("Enter how many, or choose another word.")
                if f"{cap}_count" not in self.errors:
                    self.add_error(f"{cap}_count", text)
            elif mode != phrases.AT_MOST and count is not None:
                text = _("Choose “at most”, or remove the number.")
                self.add_error(f"{cap}_count", text)
        if values.get("event") == Event.ORDER and "per_amount" in values:
            self._clean_amount(values)
        return values

    def _clean_amount(self, values: dict[str, Any]) -> None:
        currency = self.rule.currency if self.rule else self.community.currency
        try:
            values["per_amount"] = money.parse_units(values["per_amount"], currency)
        except money.InvalidMoney as error:
            self.add_error("per_amount", str(error))

    def to_fields(self) -> dict[str, Any]:
        """The fields of the verb."""
        values = self.cleaned_data
        fields = {
            name: values[name]
            for name in (
                "name",
                "event",
                "points",
                "wait_days",
                "valid_days",
                "is_multiplied",
            )
        }
        for cap in CAPS:
            counts = {phrases.OFF: None, phrases.NONE: 0}
            mode = values[f"{cap}_mode"]
            fields[cap] = counts.get(mode, values[f"{cap}_count"])
        if fields["event"] == Event.ORDER:
            fields["per_amount"] = values["per_amount"]
        fields["starts_at"] = start_of(self.community, values["starts_on"])
        return fields


def start_of(community: Community, day: date) -> datetime:
    """The first moment of a community day."""
    number = community_days.from_date(day)
    return timestamps.from_micros(
        community_days.start_of(community.timezone, community.day_start, number)
    )


def _initial_of(
    rule: PointRule | None, community: Community, at: datetime
) -> dict[str, Any]:
    zone = ZoneInfo(community.timezone)
    if rule is None:
        return {
            "wait_days": 0,
            "is_multiplied": True,
            "valid_days": 365,
            "starts_on": at.astimezone(zone).date(),
            **{f"{cap}_mode": phrases.OFF for cap in CAPS},
        }
    names = ("name", "event", "points", "wait_days", "valid_days", "is_multiplied")
    initial = {name: getattr(rule, name) for name in names}
    for cap in CAPS:
        value = getattr(rule, cap)
        initial[f"{cap}_mode"] = phrases.mode_of(value)
        initial[f"{cap}_count"] = value or None
    if rule.per_amount is not None:
        initial["per_amount"] = money.format_amount(rule.per_amount, rule.currency)
    initial["starts_on"] = rule.starts_at.astimezone(zone).date()
    return initial


class PastRunForm(forms.Form):
    since = forms.DateField(
        label=gettext_lazy("Everything since"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )


class SettingsForm(forms.Form):
    hand_limit = forms.IntegerField(
        label=point_settings.FIELDS["hand_limit"],
        min_value=0,
        max_value=MAX_POINTS,
        help_text=gettext_lazy("Above it, a second person approves."),
    )
    hand_valid_days = forms.IntegerField(
        label=point_settings.FIELDS["hand_valid_days"],
        min_value=1,
        max_value=rules.MAX_DAYS,
        required=False,
        help_text=gettext_lazy("Empty: they never expire."),
    )
    cost = forms.CharField(label=point_settings.FIELDS["cost"], max_length=30)
    has_leaderboard = forms.BooleanField(
        label=point_settings.FIELDS["has_leaderboard"], required=False
    )

    def __init__(
        self, data: Any = None, *, community: Community, row: PointSettings
    ) -> None:
        self.currency = community.currency
        initial: dict[str, Any] = {
            name: getattr(row, name)
            for name in ("hand_limit", "hand_valid_days", "has_leaderboard")
        }
        initial["cost"] = money.format_amount(row.cost, self.currency)
        super().__init__(data, initial=initial)

    def clean_cost(self) -> int:
        try:
            return money.parse_units(self.cleaned_data["cost"], self.currency)
        except money.InvalidMoney as error:
            raise forms.ValidationError(str(error)) from error


class AdjustForm(forms.Form):
    """Points by hand; the key of the form lets it be sent twice and count once."""

    points = forms.IntegerField(
        label=rules.FIELDS["points"],
        min_value=-MAX_POINTS,
        max_value=MAX_POINTS,
        help_text=gettext_lazy("Below zero, such as −20, takes points."),
    )
    reason = forms.CharField(label=gettext_lazy("Reason"), max_length=2 * MAX_REASON)
    key = forms.CharField(max_length=40, widget=forms.HiddenInput)
