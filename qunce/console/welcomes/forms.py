"""The forms of welcomes: for whom, what, how it is sent; and the time limits."""

from __future__ import annotations

import re
from datetime import time, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from qunce.channels import channel_contract
from qunce.console import http
from qunce.console.materials import picker_views
from qunce.console.outreach import labels
from qunce.core import label_texts
from qunce.core.facts import interned_names
from qunce.groups import visibility as group_visibility
from qunce.members.accounts.accounts import SOURCE_NAMESPACE
from qunce.members.layers import layers
from qunce.members.segments import segments
from qunce.outreach import task_permissions
from qunce.outreach.content import message_templates, templates
from qunce.outreach.welcomes.models import Event, Welcome
from qunce.outreach.welcomes.time_limits import TimeLimits

OTHERS = "others"
MAX_SOURCES_NAMED = 12
KEEP = "keep"
"""The choice of a rule that was set through the API and that matches no choice."""


class WelcomeForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=80)
    event = forms.ChoiceField(
        label=gettext_lazy("For"),
        choices=[
            (Event.COMMUNITY, gettext_lazy("members who join the community")),
            (Event.GROUP, gettext_lazy("members who join a group")),
            (OTHERS, gettext_lazy("everyone else who joins the community")),
        ],
        widget=forms.RadioSelect,
        initial=Event.COMMUNITY,
    )
    sources = forms.CharField(
        label=gettext_lazy("Only through these sources"),
        required=False,
        max_length=2_000,
    )
    groups = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Only these groups"),
        coerce=int,
        required=False,
        widget=forms.SelectMultiple(attrs={"size": 5}),
        help_text=gettext_lazy(
            "If none is chosen, any group fits. Ctrl chooses several."
        ),
    )
    audience = forms.ChoiceField(label=gettext_lazy("Only members"), required=False)
    hour_from = forms.TimeField(
        label=gettext_lazy("Only from"),
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
    )
    hour_until = forms.TimeField(
        label=pgettext_lazy("hour", "until"),
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        help_text=gettext_lazy("Hours of the join. They may span midnight."),
    )
    for_each_group = forms.BooleanField(
        label=gettext_lazy("Send it for each group"),
        required=False,
        help_text=gettext_lazy(
            "Also to members who were welcomed before, once per group."
        ),
    )
    template = forms.TypedChoiceField(
        label=gettext_lazy("Message template"),
        coerce=int,
        required=False,
        empty_value=None,
        help_text=gettext_lazy("Its text is used if you write none."),
    )
    text = forms.CharField(
        label=gettext_lazy("Text"),
        required=False,
        strip=False,
        max_length=templates.MAX_LENGTH * 2,
        widget=forms.Textarea(attrs={"rows": 7}),
    )
    materials = picker_views.MaterialsField()
    channel = forms.ChoiceField(label=gettext_lazy("Channel"), required=False)
    staff = forms.TypedChoiceField(
        label=gettext_lazy("Posted by hand by"),
        coerce=int,
        required=False,
        empty_value=None,
        help_text=gettext_lazy(
            "Where no channel reaches the member. The staff in charge and the owner of"
            " the group come first."
        ),
    )

    def __init__(
        self, request: http.Request, data: Any = None, *, welcome: Welcome | None = None
    ) -> None:
        initial = _new(request) if welcome is None else _initial(welcome)
        super().__init__(data, initial=initial)
        self.request, self.welcome = request, welcome
        community, fields = request.community, dict[str, Any](self.fields)
        groups = group_visibility.list_visible(request.staff).exclude(state="dead")
        fields["groups"].choices = list(groups.values_list("pk", "name"))
        fields["audience"].choices = self._audiences()
        fields["channel"].choices = [
            ("", _("that of the member's style or of the join, or else by hand")),
            *(
                (each.name, each.label)
                for each in channel_contract.list_channels(request.community.pk)
                if each.capabilities.to_member
            ),
        ]
        staff = task_permissions.list_assignable_staff(community)
        fields["staff"].choices = [
            ("", _("nobody")),
            *((row.pk, row.name) for row in staff),
        ]
        written = message_templates.list_visible(request.staff)
        fields["template"].choices = [
            ("", _("none")),
            *(
                (version.pk, f"{row.name} {letter}" if len(row.texts) > 1 else row.name)
                for row in written.filter(target="members")
                for letter, version in row.texts.items()
            ),
        ]
        known = sorted(
            interned_names.names_by_id(SOURCE_NAMESPACE, community.pk).values()
        )
        fields["sources"].help_text = _("Separated by commas. Known: %(names)s") % {
            "names": _(", ").join(known[:MAX_SOURCES_NAMED]) or "—"
        }

    def _audiences(self) -> list[tuple[str, Any]]:
        community = self.request.community
        found: list[tuple[str, Any]] = [("", _("everyone"))]
        if self.welcome is not None and audience_of(self.welcome.rule) == KEEP:
            rule = labels.describe_rule(self.request.staff, self.welcome.rule)
            found.append((KEEP, rule))
        found += [
            (f"segment:{segment.key}", segment.name)
            for segment in segments.list_active(community)
        ]
        return found + [
            (
                f"layer:{layering.key}:{layer['key']}",
                label_texts.with_label(
                    layering.name, layer.get("name") or layer["key"]
                ),
            )
            for layering in layers.list_active(community)
            for layer in layering.spec["layers"]
        ]

    def to_arguments(self) -> dict[str, Any]:
        """The arguments of `welcomes.create` and `update`."""
        values, event = self.cleaned_data, self.cleaned_data["event"]
        version = None
        if values["template"]:
            community = self.request.community
            version = message_templates.get_version(community, values["template"])
        is_group = event == Event.GROUP
        return {
            "name": values["name"],
            "event": Event.GROUP if is_group else Event.COMMUNITY,
            "is_for_others": event == OTHERS,
            "sources": split_sources(values["sources"]),
            "groups": values["groups"] if is_group else [],
            "rule": self._rule(values["audience"]),
            "hour_from": _minute(values["hour_from"]),
            "hour_until": _minute(values["hour_until"]),
            "for_each_group": values["for_each_group"] and is_group,
            "text": values["text"].strip() or (version.text if version else ""),
            "template_version": version,
            "materials": values["materials"],
            "channel": values["channel"],
            "staff": next(
                (
                    row
                    for row in task_permissions.list_assignable_staff(
                        self.request.community
                    )
                    if row.pk == values["staff"]
                ),
                None,
            ),
        }

    def _rule(self, audience: str) -> Any:
        if audience == KEEP and self.welcome is not None:
            return self.welcome.rule
        return rule_of(audience)


def split_sources(text: str) -> list[str]:
    parts = (part.strip() for part in re.split(r"[,，、;；\n]", text))
    return [part for part in parts if part]


def rule_of(audience: str) -> Any:
    """The rule of a choice, such as `segment:loyal` or `layer:value:high`."""
    kind, _colon, rest = audience.partition(":")
    if kind == "segment":
        return {"segment": {"any": [rest]}}
    if kind == "layer":
        layering, _colon, layer = rest.rpartition(":")
        return {"layer": {"of": layering, "in": [layer]}}
    return None


def audience_of(rule: Any) -> str:
    """The choice of a rule, KEEP if there is none for it."""
    match rule:
        case None:
            return ""
        case {"segment": {"any": [str(key)]}}:
            return f"segment:{key}"
        case {"layer": {"of": str(layering), "in": [str(layer)]}}:
            return f"layer:{layering}:{layer}"
    return KEEP


def _minute(moment: time | None) -> int | None:
    return None if moment is None else moment.hour * 60 + moment.minute


def _time(minute: int | None) -> time | None:
    return None if minute is None else time(*divmod(minute, 60))


def _new(request: http.Request) -> dict[str, Any]:
    """The first welcome is that for everyone, since others need a condition."""
    others = Welcome.objects.filter(community=request.community, is_for_others=True)
    return {
        "staff": request.staff.pk,
        "event": Event.COMMUNITY if others.exists() else OTHERS,
    }


def _initial(welcome: Welcome) -> dict[str, Any]:
    return {
        "name": welcome.name,
        "event": OTHERS if welcome.is_for_others else welcome.event,
        "sources": ", ".join(welcome.sources),
        "groups": welcome.groups,
        "audience": audience_of(welcome.rule),
        "hour_from": _time(welcome.hour_from),
        "hour_until": _time(welcome.hour_until),
        "for_each_group": welcome.for_each_group,
        "template": welcome.template_version_id,
        "text": welcome.text,
        "materials": welcome.materials,
        "channel": welcome.channel,
        "staff": welcome.staff_id,
    }


class TimeLimitsForm(forms.Form):
    hours = forms.DecimalField(
        label=gettext_lazy("Hours after the join in which a welcome is sent"),
        min_value=0,
        max_value=168,
        max_digits=5,
        decimal_places=2,
        help_text=gettext_lazy("Older joins get none, such as those of a list."),
    )
    days = forms.IntegerField(
        label=gettext_lazy("Days until a member is welcomed again"),
        min_value=1,
        max_value=3_650,
    )

    @staticmethod
    def initial_of(limits: TimeLimits) -> dict[str, Any]:
        hours = limits.within / timedelta(hours=1)
        return {"hours": f"{hours:g}", "days": limits.again_after_days}

    def to_limits(self) -> TimeLimits:
        minutes = round(self.cleaned_data["hours"] * 60)
        return TimeLimits(timedelta(minutes=minutes), self.cleaned_data["days"])
