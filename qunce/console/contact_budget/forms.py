"""The forms of the contact budget: one row per limit, then gaps, quiet hours and waiting."""

from __future__ import annotations

from datetime import time, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy, pgettext_lazy
from django_stubs_ext import StrOrPromise

from qunce.channels import channel_contract
from qunce.core.communities import Community
from qunce.outreach.contact_budget import member_zones, phrases
from qunce.outreach.contact_budget.limits import (
    Budget,
    Limit,
    Mode,
    QuietHours,
)
from qunce.outreach.contact_budget.policies import LIMITED_PURPOSES, Policy
from qunce.outreach.sending.ledger import Purpose

WINDOWS = {
    f"{span.value}-{'rolling' if rolling else 'calendar'}": (span, rolling)
    for span, rolling in phrases.WINDOWS
}


class LimitForm(forms.Form):
    """One limit. The last, empty row adds one if its mode is not off."""

    purpose = forms.ChoiceField(label=gettext_lazy("Messages"))
    channel = forms.ChoiceField(label=gettext_lazy("Channel"), required=False)
    window = forms.ChoiceField(label=gettext_lazy("Within"))
    mode = forms.ChoiceField(label=gettext_lazy("Allowed"))
    count = forms.IntegerField(
        label=pgettext_lazy("limit", "Number"),
        required=False,
        min_value=1,
        max_value=100,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        fields["purpose"].choices = [
            (purpose, Purpose(purpose).label) for purpose in LIMITED_PURPOSES
        ]
        fields["channel"].choices = [
            ("", gettext_lazy("any channel")),
            *((each.name, each.label) for each in channel_contract.list_channels()),
        ]
        fields["window"].choices = [
            (key, phrases.WINDOWS[window]) for key, window in WINDOWS.items()
        ]
        fields["mode"].choices = [
            (mode.value, text) for mode, text in phrases.MODES.items()
        ]

    @staticmethod
    def initial_of(limit: Limit) -> dict[str, Any]:
        kind = "rolling" if limit.rolling else "calendar"
        return {
            "purpose": limit.purpose,
            "channel": limit.channel,
            "window": f"{limit.span.value}-{kind}",
            "mode": limit.mode.value,
            "count": limit.count or None,
        }

    def to_limit(self) -> Limit:
        values = self.cleaned_data
        span, rolling = WINDOWS[values["window"]]
        return Limit(
            span=span,
            mode=Mode(values["mode"]),
            count=values["count"] or 0,
            rolling=rolling,
            channel=values["channel"],
            purpose=values["purpose"],
        )


LimitForms = forms.formset_factory(LimitForm, extra=1, max_num=40)


def gap_field(help_text: StrOrPromise = "") -> forms.IntegerField:
    return forms.IntegerField(
        label=gettext_lazy("Hours between two messages, at least"),
        min_value=0,
        max_value=168,
        required=False,
        help_text=help_text,
    )


def quiet_hours_field(
    label: StrOrPromise, help_text: StrOrPromise = ""
) -> forms.TimeField:
    return forms.TimeField(
        label=label,
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        help_text=help_text,
    )


class BudgetForm(forms.Form):
    gap_hours = gap_field()
    quiet_start = quiet_hours_field(gettext_lazy("Quiet hours from"))
    quiet_end = quiet_hours_field(
        gettext_lazy("Quiet hours until"),
        gettext_lazy("Nothing is sent then. They may span midnight."),
    )
    hold_hours = forms.IntegerField(
        label=gettext_lazy("Hours that a message waits until it is allowed"),
        min_value=0,
        max_value=168,
        required=False,
        help_text=gettext_lazy("With 0 it is skipped immediately."),
    )
    counts_assisted = forms.BooleanField(
        label=gettext_lazy("Count messages that staff send by hand"), required=False
    )

    @staticmethod
    def initial_of(policy: Policy) -> dict[str, Any]:
        quiet = policy.budget.quiet
        return {
            "gap_hours": policy.budget.gap // timedelta(hours=1),
            "quiet_start": quiet and time(*divmod(quiet.start, 60)),
            "quiet_end": quiet and time(*divmod(quiet.end, 60)),
            "hold_hours": policy.budget.hold // timedelta(hours=1),
            "counts_assisted": policy.counts_assisted,
        }

    def clean(self) -> dict[str, Any]:
        values = self.cleaned_data
        if (values.get("quiet_start") is None) != (values.get("quiet_end") is None):
            self.add_error(
                "quiet_end",
                gettext_lazy("Quiet hours need a start and an end that differ."),
            )
        return values

    def to_budget(self, limits: list[Limit]) -> Budget:
        values, quiet = self.cleaned_data, None
        if values["quiet_start"] is not None:
            start, end = values["quiet_start"], values["quiet_end"]
            quiet = QuietHours(
                start.hour * 60 + start.minute, end.hour * 60 + end.minute
            )
        return Budget(
            limits=tuple(limits),
            gap=timedelta(hours=values["gap_hours"] or 0),
            quiet=quiet,
            hold=timedelta(hours=values["hold_hours"] or 0),
        )


class ZoneForm(forms.Form):
    attribute = forms.ChoiceField(
        label=gettext_lazy("Attribute with the time zone of members"),
        required=False,
        help_text=gettext_lazy(
            "Such as Asia/Shanghai. The quiet hours of a member, and the times of day of "
            "care, campaigns and playbooks, are in this zone. Members without a "
            "valid zone have the community’s clock."
        ),
    )

    def __init__(self, community: Community, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["attribute"]
        field.choices = [
            ("", gettext_lazy("none: everyone has the community’s clock")),
            *((row.name, row.label) for row in member_zones.list_attributes(community)),
        ]


class HoldOutForm(forms.Form):
    percent = forms.DecimalField(
        label=gettext_lazy("Members who are held out, in percent"),
        min_value=0,
        max_value=50,
        max_digits=4,
        decimal_places=1,
    )


class ApprovalForm(forms.Form):
    from_size = forms.IntegerField(
        label=gettext_lazy("Campaigns to this many recipients or more"),
        min_value=1,
        max_value=100_000_000,
        required=False,
        help_text=gettext_lazy("Leave it empty if no campaign needs an approval."),
    )


def limit_forms_of(policy: Policy) -> Any:
    shown = [LimitForm.initial_of(limit) for limit in policy.budget.limits]
    return LimitForms(initial=shown, prefix="limits")
