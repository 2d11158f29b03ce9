"""The forms of care: a rule with the fields of its occasion, and the budget."""

from __future__ import annotations

import re
from datetime import date, time
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.channels import channel_contract
from qunce.console import http
from qunce.console.materials import picker_views
from qunce.console.outreach import forms as campaign_forms
from qunce.core import errors, label_texts, money
from qunce.members.attributes.attributes import Attribute, AttributeType
from qunce.members.layers import layers
from qunce.members.rule_text import contact_masks
from qunce.members.segments import segments
from qunce.outreach import task_permissions
from qunce.outreach.care import occasions
from qunce.outreach.care.models import Action, CareRule
from qunce.outreach.care.occasions import (
    Birthday,
    Festival,
    FirstOrder,
    Joined,
    Surprise,
    Unit,
)
from qunce.outreach.playbooks import calendars
from qunce.outreach.sending.ledger import Priority, Purpose
from qunce.sets.rules import tree

FIELDS_OF = {
    Birthday.on: ("attributes",),
    Joined.on: ("unit", "numbers"),
    FirstOrder.on: ("unit", "numbers"),
    Festival.on: ("festivals", "dates", "offset"),
    Surprise.on: ("members", "month_day"),
}
OCCASION_FIELDS = tuple(
    dict.fromkeys(name for each in FIELDS_OF.values() for name in each)
)
LAYER_PREFIX = "layer:"
SEPARATORS = re.compile(r"[\s,，、;；]+")
COMMUNITY, MEMBER = "community", "member"


class AmountField(forms.CharField):
    """An amount of the community's currency, in its smallest unit once it is cleaned."""

    currency = "CNY"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=20, **kwargs)

    def clean(self, value: Any) -> int:
        text = super().clean(value)
        try:
            return money.parse_units(text, self.currency) if text else 0
        except errors.QunceError as error:
            raise forms.ValidationError(str(error)) from None


class RuleForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=80)
    attributes = forms.MultipleChoiceField(
        label=gettext_lazy("Birthdays are in"),
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy(
            "Of a member with several of them the lunar one counts, so that there is one "
            "birthday a year."
        ),
    )
    unit = forms.ChoiceField(label=gettext_lazy("Counted in"), choices=Unit.choices)
    numbers = forms.CharField(
        label=gettext_lazy("After how many"),
        required=False,
        max_length=120,
        help_text=gettext_lazy("Such as 1, 3, 5. Left empty, each year counts."),
    )
    festivals = forms.MultipleChoiceField(
        label=gettext_lazy("Festivals"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    dates = forms.CharField(
        label=gettext_lazy("Dates of your own"),
        required=False,
        max_length=400,
        help_text=gettext_lazy("Such as 2026-11-11, 2026-12-12."),
    )
    offset = forms.IntegerField(
        label=gettext_lazy("Days later, earlier if negative"),
        required=False,
        min_value=-calendars.MAX_OFFSET,
        max_value=calendars.MAX_OFFSET,
    )
    members = forms.IntegerField(
        label=gettext_lazy("Members who are drawn each month"),
        min_value=1,
        max_value=occasions.MAX_MEMBERS,
    )
    month_day = forms.IntegerField(
        label=gettext_lazy("Day of the month"),
        min_value=1,
        max_value=occasions.LAST_MONTH_DAY,
        initial=15,
    )
    audience = forms.ChoiceField(label=gettext_lazy("For whom"))
    rule = forms.CharField(required=False, widget=forms.HiddenInput)
    time = forms.TimeField(
        label=gettext_lazy("Time of day"),
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        initial=time(9),
    )
    clock = forms.ChoiceField(
        label=gettext_lazy("By which clock"),
        choices=[
            (COMMUNITY, gettext_lazy("the community’s")),
            (MEMBER, gettext_lazy("each member’s, where their time zone is known")),
        ],
        initial=COMMUNITY,
    )
    late_hours = forms.IntegerField(
        label=gettext_lazy("Hours after which it is too late"),
        min_value=1,
        max_value=72,
        initial=12,
        help_text=gettext_lazy("After an outage, older occasions are left out."),
    )
    action = forms.ChoiceField(
        label=gettext_lazy("What happens"),
        choices=Action.choices,
        widget=forms.RadioSelect,
        initial=Action.MESSAGE,
    )
    text = forms.CharField(
        label=gettext_lazy("Text"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=gettext_lazy("In a message, {name|friend} is the member’s name."),
    )
    materials = picker_views.MaterialsField()
    channel = forms.ChoiceField(label=gettext_lazy("Channel"))
    staff = forms.TypedChoiceField(
        label=gettext_lazy("Done by"), coerce=int, required=False, empty_value=None
    )
    prefers_in_charge = forms.BooleanField(
        label=gettext_lazy("By the member’s staff in charge, if there is one"),
        required=False,
        initial=True,
    )
    purpose = forms.ChoiceField(label=gettext_lazy("Purpose"))
    priority = forms.TypedChoiceField(
        label=gettext_lazy("Priority"),
        coerce=int,
        choices=Priority.choices,
        initial=Priority.NORMAL,
    )
    amount = AmountField(
        label=gettext_lazy("Cost per member"),
        required=False,
        help_text=gettext_lazy("It is reserved from the budget of the month."),
    )

    def __init__(
        self,
        request: http.Request,
        kind: str,
        data: Any = None,
        *,
        rule: CareRule | None = None,
    ) -> None:
        super().__init__(data, initial={} if rule is None else _initial(request, rule))
        self.request, self.kind = request, kind
        fields: Any = self.fields
        for name in set(OCCASION_FIELDS) - set(FIELDS_OF[kind]):
            del fields[name]
        self._set_choices(fields)
        fields["amount"].currency = request.community.currency
        fields["amount"].label = _("Cost per member, in %(currency)s") % {
            "currency": request.community.currency
        }

    def _set_choices(self, fields: Any) -> None:
        request = self.request
        if "attributes" in fields:
            rows = Attribute.objects.filter(
                community=request.community,
                type__in=(AttributeType.DATE, AttributeType.LUNAR),
            )
            # The lunar ones first: the first value counts.
            found = sorted(rows, key=lambda row: (row.type != "lunar", row.label))
            fields["attributes"].choices = [
                (row.name, f"{row.label} · {row.get_type_display()}") for row in found
            ]
        if "festivals" in fields:
            fields["festivals"].choices = [
                (name, each.label) for name, each in calendars.FESTIVALS.items()
            ]
        fields["audience"].choices = self._audiences()
        channels = [
            each
            for each in channel_contract.list_channels(request.community.pk)
            if each.capabilities.to_member
        ]
        fields["channel"].choices = [(each.name, each.label) for each in channels]
        staff = task_permissions.list_assignable_staff(request.community)
        fields["staff"].choices = [
            ("", _("choose …")),
            *((row.pk, row.name) for row in staff),
        ]
        fields["purpose"].choices = [
            (each.value, each.label) for each in (Purpose.MARKETING, Purpose.SERVICE)
        ]

    def _audiences(self) -> list[tuple[str, Any]]:
        community = self.request.community
        choices: list[tuple[str, Any]] = [
            (campaign_forms.EVERYONE, _("everyone")),
            *(
                (f"{campaign_forms.SEGMENT_PREFIX}{segment.key}", segment.name)
                for segment in segments.list_active(community)
            ),
        ]
        for layering in layers.list_active(community):
            choices += [
                (
                    f"{LAYER_PREFIX}{layering.key}:{layer['key']}",
                    label_texts.with_label(
                        layering.name, layer.get("name") or layer["key"]
                    ),
                )
                for layer in layering.spec["layers"]
            ]
        if self["rule"].value():
            choices.append((campaign_forms.OWN_RULE, _("the rule that it has")))
        return choices

    def to_arguments(self) -> dict[str, Any]:
        """The arguments of `rules.create` and `rules.update`."""
        values = self.cleaned_data
        pk = values["staff"]
        staff = task_permissions.list_assignable_staff(self.request.community)
        same = (
            "name",
            "late_hours",
            "action",
            "text",
            "channel",
            "prefers_in_charge",
            "purpose",
            "priority",
            "amount",
        )
        is_task = values["action"] == Action.TASK
        return {
            **{name: values[name] for name in same},
            "materials": [] if is_task else values["materials"],
            "occasion": self._occasion(),
            "audience": self._rule(values["audience"]),
            "minute": values["time"].hour * 60 + values["time"].minute,
            "member_clock": values["clock"] == MEMBER,
            "staff": next((row for row in staff if row.pk == pk), None),
        }

    def _rule(self, audience: str) -> Any:
        if audience == campaign_forms.EVERYONE:
            return None
        if audience.startswith(LAYER_PREFIX):
            layering, _colon, layer = audience.removeprefix(LAYER_PREFIX).partition(":")
            return {"layer": {"of": layering, "in": [layer]}}
        if audience == campaign_forms.OWN_RULE:
            return tree.parse_json(self.cleaned_data["rule"])
        key = audience.removeprefix(campaign_forms.SEGMENT_PREFIX)
        return {"segment": {"any": [key]}}

    def _occasion(self) -> dict[str, Any]:
        values, occasion = self.cleaned_data, {"on": self.kind}
        if self.kind == Birthday.on:
            order = [name for name, _label in self._choices_of("attributes")]
            chosen = set(values["attributes"])
            return {
                **occasion,
                "attributes": [each for each in order if each in chosen],
            }
        if self.kind in (Joined.on, FirstOrder.on):
            numbers = [_whole(part) for part in _parts(values["numbers"])]
            return {**occasion, "unit": values["unit"], "numbers": numbers}
        if self.kind == Surprise.on:
            wanted = {"members": values["members"], "month_day": values["month_day"]}
            return {**occasion, **wanted}
        days = {
            "festivals": values["festivals"],
            "dates": _parts(values["dates"]),
            "offset": values["offset"] or 0,
        }
        return {**occasion, "days": days}

    def _choices_of(self, name: str) -> list[tuple[str, Any]]:
        field: Any = self.fields[name]
        return list(field.choices)


def _parts(text: str) -> list[str]:
    return [part for part in SEPARATORS.split(text.strip()) if part]


def _whole(text: str) -> int | str:
    """The number, or the text, which the occasion then refuses."""
    is_number = text.isascii() and text.isdecimal() and len(text) < 10
    return int(text) if is_number else text


def _initial(request: http.Request, rule: CareRule) -> dict[str, Any]:
    contact_masks.check_readable(rule.audience, request.staff)
    audience, own = _audience_of(rule.audience)
    occasion = rule.occasion
    days = occasion.get("days", {})
    same = (
        "name",
        "late_hours",
        "action",
        "text",
        "materials",
        "channel",
        "prefers_in_charge",
        "purpose",
        "priority",
    )
    return {
        **{name: getattr(rule, name) for name in same},
        "attributes": occasion.get("attributes"),
        "unit": occasion.get("unit"),
        "numbers": ", ".join(map(str, occasion.get("numbers", ()))),
        "festivals": days.get("festivals"),
        "dates": ", ".join(map(_iso, days.get("dates", ()))),
        "offset": days.get("offset"),
        "members": occasion.get("members"),
        "month_day": occasion.get("month_day"),
        "audience": audience,
        "rule": own,
        "time": time(*divmod(rule.minute, 60)),
        "clock": MEMBER if rule.member_clock else COMMUNITY,
        "staff": rule.staff_id,
        "amount": money.format_amount(rule.amount, request.community.currency),
    }


def _iso(day: date | str) -> str:
    return str(day)


def _audience_of(rule: Any) -> tuple[str, str]:
    if rule is None:
        return campaign_forms.EVERYONE, ""
    match rule:
        case {"layer": {"of": str() as layering, "in": [str() as layer], **more}} if (
            not more and len(rule) == 1
        ):
            return f"{LAYER_PREFIX}{layering}:{layer}", ""
    return campaign_forms.choice_of(rule)


class BudgetForm(forms.Form):
    amount = AmountField(label=gettext_lazy("Budget per month"))

    def __init__(self, request: http.Request, data: Any = None, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        field: Any = self.fields["amount"]
        field.currency = request.community.currency
        field.label = _("Budget per month, in %(currency)s") % {
            "currency": request.community.currency
        }
