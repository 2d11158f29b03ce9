"""The form of a campaign."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.channels import channel_contract
from qunce.console import http, paging
from qunce.console.materials import picker_views
from qunce.console.moments import MomentField
from qunce.console.outreach import labels
from qunce.core import errors
from qunce.groups import visibility as group_visibility
from qunce.members.rule_text import contact_masks
from qunce.members.segments import segments
from qunce.outreach import task_permissions
from qunce.outreach.campaigns.campaigns import Campaign, State, Target
from qunce.outreach.content import message_templates
from qunce.sets.rules import tree

MINUTE_FORMAT = "%Y-%m-%dT%H:%M"
EVERYONE, NONE, OWN_RULE = "all", "", "own"
SEGMENT_PREFIX = "segment:"
MAX_NAME = 80
MAX_DRAFT = 2_000
"""Characters of a text in an address."""
FIELDS_WHILE_PAUSED = ("name", "text", "materials", "template_version", "due_at")


class MinuteInput(forms.DateTimeInput):
    input_type = "datetime-local"

    def __init__(self) -> None:
        super().__init__(format=MINUTE_FORMAT)


class CampaignForm(forms.Form):
    """`audience` and `exclude` choose a segment, everyone or a rule of the campaign.

    Rules of the campaign are in the hidden fields `rule` and `exclude_rule`, as JSON.
    """

    name = forms.CharField(label=gettext_lazy("Name"), max_length=MAX_NAME)
    target = forms.ChoiceField(
        label=gettext_lazy("Send to"),
        choices=Target.choices,
        widget=forms.RadioSelect,
        initial=Target.MEMBERS,
    )
    audience = forms.ChoiceField(label=gettext_lazy("Target audience"), required=False)
    rule = forms.CharField(required=False, widget=forms.HiddenInput)
    exclude = forms.ChoiceField(label=gettext_lazy("Exclude"), required=False)
    exclude_rule = forms.CharField(required=False, widget=forms.HiddenInput)
    skip_recently_contacted = forms.BooleanField(
        label=gettext_lazy("Leave out members whose contact limit is reached"),
        required=False,
        initial=True,
    )
    groups = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Groups"),
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    text = forms.CharField(
        label=gettext_lazy("Text"),
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 8}),
    )
    materials = picker_views.MaterialsField()
    template_version = forms.IntegerField(
        required=False, min_value=1, max_value=10**16, widget=forms.HiddenInput
    )
    channel = forms.ChoiceField(label=gettext_lazy("Channel"), required=False)
    staff = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Sent by"),
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    due_at = MomentField(
        label=gettext_lazy("Deadline"),
        required=False,
        input_formats=[MINUTE_FORMAT, "%Y-%m-%d %H:%M"],
        widget=MinuteInput,
    )

    def __init__(
        self,
        request: http.Request,
        data: Any = None,
        *,
        campaign: Campaign | None = None,
        rule: Any = None,
    ) -> None:
        super().__init__(data, initial=_initial_values(request, campaign, rule))
        self.request, self.campaign = request, campaign
        fields: Any = self.fields
        fields["audience"].choices = [
            (NONE, gettext_lazy("choose …")),
            (EVERYONE, _("everyone I can see")),
            *self._rule_choices("audience", "rule"),
        ]
        fields["exclude"].choices = [
            (NONE, gettext_lazy("no exclusions")),
            *self._rule_choices("exclude", "exclude_rule"),
        ]
        groups = group_visibility.list_visible(request.staff).exclude(state="dead")
        fields["groups"].choices = list(groups.values_list("pk", "name"))
        staff = task_permissions.list_assignable_staff(request.community)
        fields["staff"].choices = [(row.pk, row.name) for row in staff]
        channels = channel_contract.list_channels(request.community.pk)
        fields["channel"].choices = [(row.name, row.label) for row in channels]
        if len(channels) < 2:
            del self.fields["channel"]
        if campaign is not None and campaign.state == State.PAUSED:
            for name in set(self.fields) - set(FIELDS_WHILE_PAUSED):
                del self.fields[name]

    def _rule_choices(self, choice: str, rule_field: str) -> list[tuple[str, Any]]:
        """Return the campaign's own rule, if it has one, and the segments."""
        own_rule = self[rule_field].value()
        choices: list[tuple[str, Any]] = []
        if own_rule:
            try:
                rule = tree.parse_json(own_rule)
                text = labels.describe_rule(self.request.staff, rule)
            except (errors.QunceError, RecursionError):
                text = _("a rule that cannot be read")
            text = text if len(text) <= 80 else f"{text[:79]}…"
            choices.append((OWN_RULE, text))
        choices += [
            (f"{SEGMENT_PREFIX}{segment.key}", segment.name)
            for segment in segments.list_active(self.request.community)
        ]
        current = str(self.initial.get(choice, ""))
        # A segment that was archived later stays a choice of this campaign.
        if current.startswith(SEGMENT_PREFIX) and current not in dict(choices):
            choices.append((current, current.removeprefix(SEGMENT_PREFIX)))
        return choices

    def chosen_rule(self) -> Any:
        """Return the rule of the chosen audience, also of an incomplete form."""
        return parse_choice(self["audience"].value() or "", self["rule"].value() or "")

    def to_arguments(self) -> dict[str, Any]:
        """Return the arguments of `campaigns.create` and `campaigns.update`.

        Raises RuleError if a rule cannot be parsed.
        """
        values = {name: self.cleaned_data[name] for name in self.fields}
        for choice, rule_field, argument in (
            ("audience", "rule", "rule"),
            ("exclude", "exclude_rule", "exclude"),
        ):
            if choice in values:
                rule = parse_choice(values.pop(choice), values.pop(rule_field))
                values[argument] = rule
        pk = values.pop("template_version", None)
        values["template_version"] = (
            message_templates.get_version(self.request.community, pk) if pk else None
        )
        if values.get("target") == Target.GROUPS:
            values |= {"rule": None, "exclude": None}
        elif "groups" in values:
            values["groups"] = []
        return values


def parse_choice(choice: str, rule_json: str) -> Any:
    if choice == NONE:
        return None
    if choice == EVERYONE:
        return {"all": []}
    if choice.startswith(SEGMENT_PREFIX):
        return {"segment": {"any": [choice.removeprefix(SEGMENT_PREFIX)]}}
    return tree.parse_json(rule_json)


def _initial_values(
    request: http.Request, campaign: Campaign | None, rule: Any
) -> dict[str, Any]:
    if campaign is None:
        audience, rule_json = choice_of(rule)
        values = {"audience": audience, "rule": rule_json, "staff": [request.staff.pk]}
        return values | _content_of_url(request)
    for rule in (campaign.rule, campaign.exclude):
        contact_masks.check_readable(rule, request.staff)
    audience, rule_json = choice_of(campaign.rule)
    excluded, excluded_json = choice_of(campaign.exclude)
    due_at = campaign.due_at
    return {
        "name": campaign.name,
        "target": campaign.target,
        "audience": audience,
        "rule": rule_json,
        "exclude": excluded,
        "exclude_rule": excluded_json,
        "skip_recently_contacted": campaign.skip_recently_contacted,
        "groups": campaign.groups,
        "text": campaign.text,
        "materials": campaign.materials,
        "template_version": campaign.template_version_id,
        "channel": campaign.channel,
        "staff": campaign.staff,
        "due_at": timezone.localtime(due_at) if due_at else None,
    }


def _content_of_url(request: http.Request) -> dict[str, Any]:
    """The material, the template or the draft that the user came from."""
    material = paging.parse_number(request, "material")
    pk = paging.parse_number(request, "template")
    values: dict[str, Any] = {
        "materials": [material] if material else [],
        "name": request.GET.get("name", "")[:MAX_NAME],
        "text": request.GET.get("text", "")[:MAX_DRAFT],
    }
    if pk:
        version = message_templates.get_version(request.community, pk)
        values |= {
            "text": version.text,
            "template_version": version.pk,
            "target": version.template.target,
        }
    return values


def choice_of(rule: Any) -> tuple[str, str]:
    """Return the choice that represents a rule, and its JSON if it is an own rule."""
    if rule is None:
        return NONE, ""
    if rule == {"all": []}:
        return EVERYONE, ""
    match rule:
        case {"segment": {"any": [str() as key], **more}} if (
            not more and len(rule) == 1
        ):
            return f"{SEGMENT_PREFIX}{key}", ""
    return OWN_RULE, json.dumps(rule, ensure_ascii=False)
