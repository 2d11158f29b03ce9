"""The forms of styles of service: what a style sets, and who has which."""

from __future__ import annotations

from datetime import time
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.channels import channel_contract
from qunce.console import http
from qunce.console.contact_budget.forms import (
    LimitForm,
    LimitForms,
    gap_field,
    quiet_hours_field,
)
from qunce.console.outreach import labels
from qunce.core import label_texts
from qunce.core.facts import interned_names
from qunce.groups import visibility as group_visibility
from qunce.members.accounts import channel_labels
from qunce.members.accounts.accounts import SOURCE_NAMESPACE
from qunce.members.layers import layers
from qunce.members.segments import segments
from qunce.outreach.contact_budget import policies
from qunce.outreach.contact_budget.limits import Mode
from qunce.outreach.playbooks.definitions import Subject
from qunce.outreach.playbooks.models import Playbook
from qunce.outreach.service_styles import explanations, rules
from qunce.outreach.service_styles.models import ServiceStyle

EXTRA_RULES = 2
MAX_CHOICES = 200


class StyleForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=80)
    description = forms.CharField(
        label=gettext_lazy("What it means for staff"), required=False, max_length=300
    )
    own_limits = forms.BooleanField(
        label=gettext_lazy("Contact limits of its own"),
        required=False,
        help_text=gettext_lazy(
            "They replace the limits of the community, which hold if these are empty."
        ),
    )
    gap_hours = gap_field(gettext_lazy("Empty: as in the whole community."))
    quiet_start = quiet_hours_field(gettext_lazy("Quiet hours from"))
    quiet_end = quiet_hours_field(
        gettext_lazy("Quiet hours until"),
        gettext_lazy("Empty: as in the whole community."),
    )
    channel = forms.ChoiceField(
        label=gettext_lazy("Preferred channel"),
        required=False,
        help_text=gettext_lazy("Used for welcomes that name no channel."),
    )
    answer_minutes = forms.IntegerField(
        label=gettext_lazy("Minutes until an answer"),
        min_value=1,
        max_value=43_200,
        required=False,
        help_text=gettext_lazy(
            "Messages to post by hand are due after this time. Empty: no such time."
        ),
    )
    only_playbooks = forms.BooleanField(
        label=gettext_lazy("Only some playbooks"),
        required=False,
        help_text=gettext_lazy("Members of this style enter no others."),
    )
    playbooks = forms.TypedMultipleChoiceField(
        label=gettext_lazy("These playbooks"),
        coerce=int,
        required=False,
        widget=forms.SelectMultiple(attrs={"size": 5}),
        help_text=gettext_lazy("Ctrl chooses several. None chosen: no playbook."),
    )

    def __init__(
        self,
        request: http.Request,
        data: Any = None,
        *,
        style: ServiceStyle | None = None,
    ) -> None:
        super().__init__(data, initial=None if style is None else _initial(style))
        fields: Any = self.fields
        playbooks = Playbook.objects.filter(
            community=request.community, subject=Subject.MEMBER
        )
        fields["playbooks"].choices = list(
            playbooks.order_by("name").values_list("pk", "name")
        )
        fields["channel"].choices = [
            ("", _("none")),
            *(
                (each.name, each.label)
                for each in channel_contract.list_channels(request.community.pk)
                if each.capabilities.to_member
            ),
        ]

    def clean(self) -> dict[str, Any]:
        values = self.cleaned_data
        if (values.get("quiet_start") is None) != (values.get("quiet_end") is None):
            self.add_error(
                "quiet_end",
                gettext_lazy("Quiet hours need a start and an end that differ."),
            )
        return values

    def to_arguments(self, limits: Any) -> dict[str, Any]:
        """The arguments of `styles.create` and `update`; `limits` is the formset."""
        values = self.cleaned_data
        gap = values["gap_hours"]
        return {
            "name": values["name"],
            "description": values["description"],
            "limits": [
                policies.to_json(row.to_limit())
                for row in limits
                if row.cleaned_data and row.cleaned_data["mode"] != Mode.OFF
            ]
            if values["own_limits"]
            else None,
            "gap_minutes": None if gap is None else gap * 60,
            "quiet_start": _minute(values["quiet_start"]),
            "quiet_end": _minute(values["quiet_end"]),
            "channel": values["channel"],
            "answer_minutes": values["answer_minutes"],
            "playbooks": values["playbooks"] if values["only_playbooks"] else None,
        }


def _minute(moment: time | None) -> int | None:
    return None if moment is None else moment.hour * 60 + moment.minute


def _time(minute: int | None) -> time | None:
    return None if minute is None else time(*divmod(minute, 60))


def _initial(style: ServiceStyle) -> dict[str, Any]:
    return {
        "name": style.name,
        "description": style.description,
        "own_limits": style.limits is not None,
        "gap_hours": None if style.gap_minutes is None else style.gap_minutes // 60,
        "quiet_start": _time(style.quiet_start),
        "quiet_end": _time(style.quiet_end),
        "channel": style.channel,
        "answer_minutes": style.answer_minutes,
        "only_playbooks": style.playbooks is not None,
        "playbooks": style.playbooks or [],
    }


def limit_forms(data: Any = None, style: ServiceStyle | None = None) -> Any:
    if data is not None:
        return LimitForms(data, prefix="limits")
    stored = (style.limits if style else None) or []
    initial = [LimitForm.initial_of(policies.from_json(each)) for each in stored]
    return LimitForms(initial=initial, prefix="limits")


# Who has which


class RuleForm(forms.Form):
    """A rule of the list. One without anything chosen is taken away."""

    rule = forms.ChoiceField(label=gettext_lazy("Members"), required=False)
    style = forms.TypedChoiceField(
        label=gettext_lazy("Style"), coerce=int, required=False, empty_value=None
    )


class RulesForm:
    """The whole list: its rules in order, and the style of everyone else."""

    def __init__(
        self,
        request: http.Request,
        listed: list[ServiceStyle],
        overview: explanations.Overview,
        data: Any = None,
    ) -> None:
        self.styles = {style.pk: style for style in listed}
        self.stored = [count.rule for count in overview.rules]
        choices = self._choices(request)
        forms_class = forms.formset_factory(
            RuleForm, extra=EXTRA_RULES, max_num=rules.MAX_RULES, absolute_max=60
        )
        initial = [
            {"rule": to_choice(row.rule, row.pk), "style": row.style_id}
            for row in self.stored
        ]
        default = overview.default.pk if overview.default else None
        self.rows: Any = (
            forms_class(data, initial=initial, prefix="rules")
            if data is not None
            else forms_class(initial=initial, prefix="rules")
        )
        styles = [(style.pk, style.name) for style in listed]
        for row in self.rows:
            fields: Any = row.fields
            fields["rule"].choices = choices
            fields["style"].choices = [("", "—"), *styles]
        self.default = DefaultForm(data, initial={"default": default})
        default_fields: Any = self.default.fields
        default_fields["default"].choices = styles

    def _choices(self, request: http.Request) -> list[Any]:
        community = request.community
        names = interned_names.names_by_id(SOURCE_NAMESPACE, community.pk).values()
        groups = group_visibility.list_visible(request.staff).exclude(state="dead")
        kept = [
            (f"keep:{row.pk}", labels.describe_rule(request.staff, row.rule))
            for row in self.stored
            if to_choice(row.rule, row.pk).startswith("keep:")
        ]
        by_source = [
            (f"source:{name}", channel_labels.label_of(name))
            for name in sorted(names)[:MAX_CHOICES]
        ]
        by_layer = [
            (
                f"layer:{layering.key}:{layer['key']}",
                label_texts.with_label(
                    layering.name, layer.get("name") or layer["key"]
                ),
            )
            for layering in layers.list_active(community)
            for layer in layering.spec["layers"]
        ]
        by_group = [
            (f"group:{key}", name) for key, name in groups.values_list("key", "name")
        ]
        by_segment = [
            (f"segment:{segment.key}", segment.name)
            for segment in segments.list_active(community)
        ]
        labelled = [
            (_("Source"), by_source),
            (_("Layer"), by_layer),
            (_("Group"), by_group),
            (_("Segment"), by_segment),
        ]
        return [("", "—"), *kept, *(group for group in labelled if group[1])]

    def is_valid(self) -> bool:
        return bool(self.rows.is_valid() and self.default.is_valid())

    def drafts(self) -> list[rules.Draft]:
        stored = {row.pk: row.rule for row in self.stored}
        found = []
        for row in self.rows:
            values = row.cleaned_data
            if not values.get("rule"):
                continue
            style = self.styles.get(values.get("style") or 0)
            if style is None:
                raise rules.InvalidStyleRules(_("Choose a style for each rule."))
            found.append(rules.Draft(from_choice(values["rule"], stored), style))
        return found


class DefaultForm(forms.Form):
    default = forms.TypedChoiceField(label=gettext_lazy("Everyone else"), coerce=int)


def to_choice(rule: Any, pk: int) -> str:
    """The choice that matches a stored rule."""
    match rule:
        case {"source": {"any": [str(name)]}}:
            return f"source:{name}"
        case {"group": {"any": [str(key)]}}:
            return f"group:{key}"
        case {"segment": {"any": [str(key)]}}:
            return f"segment:{key}"
        case {"layer": {"of": str(layering), "in": [str(layer)]}}:
            return f"layer:{layering}:{layer}"
    return f"keep:{pk}"


def from_choice(choice: str, stored: dict[int, Any]) -> Any:
    kind, _colon, rest = choice.partition(":")
    if kind == "keep":
        return stored[int(rest)]
    if kind == "layer":
        layering, _colon, layer = rest.rpartition(":")
        return {"layer": {"of": layering, "in": [layer]}}
    return {kind: {"any": [rest]}}
