"""The form of a campaign: what goes to whom, through whom, until when."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.channels import base
from qunce.console import http
from qunce.console.outreach import labels
from qunce.core import errors
from qunce.groups import visibility as groupsight
from qunce.members.segments import segments
from qunce.outreach.campaigns import campaigns
from qunce.outreach.campaigns.campaigns import Campaign, State, Target
from qunce.sets.rules import tree

MINUTE_FORMAT = "%Y-%m-%dT%H:%M"
EVERYONE, NONE, OWN_RULE = "all", "", "own"
SEGMENT_PREFIX = "segment:"
FIELDS_WHILE_PAUSED = ("name", "text", "due_at")


class MinuteInput(forms.DateTimeInput):
    input_type = "datetime-local"

    def __init__(self) -> None:
        super().__init__(format=MINUTE_FORMAT)


class CampaignForm(forms.Form):
    """`who` and `without` are a segment, everyone, or a rule of its own (`rule`)."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=80)
    target = forms.ChoiceField(
        label=gettext_lazy("Send to"),
        choices=Target.choices,
        widget=forms.RadioSelect,
        initial=Target.MEMBERS,
    )
    who = forms.ChoiceField(label=gettext_lazy("Target audience"), required=False)
    rule = forms.CharField(required=False, widget=forms.HiddenInput)
    without = forms.ChoiceField(label=gettext_lazy("Exclude"), required=False)
    without_rule = forms.CharField(required=False, widget=forms.HiddenInput)
    skip_recently_contacted = forms.BooleanField(
        label=gettext_lazy(
            "Exclude members who received 2 or more messages in the last 7 days"
        ),
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
    channel = forms.ChoiceField(label=gettext_lazy("Channel"), required=False)
    staff = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Sent by"),
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    due_at = forms.DateTimeField(
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
        known: Any = self.fields
        known["who"].choices = self._people(gettext_lazy("choose …"), everyone=True)
        known["without"].choices = self._people(gettext_lazy("no exclusions"))
        groups = groupsight.list_visible(request.staff).exclude(state="dead")
        known["groups"].choices = list(groups.values_list("pk", "name"))
        staff = campaigns.list_assignable_staff(request.community)
        known["staff"].choices = [(one.pk, one.name) for one in staff]
        channels = base.list_channels()
        known["channel"].choices = [(one.name, one.label) for one in channels]
        if len(channels) < 2:
            del self.fields["channel"]
        if campaign is not None and campaign.state == State.PAUSED:
            for name in set(self.fields) - set(FIELDS_WHILE_PAUSED):
                del self.fields[name]

    def _people(self, empty: Any, *, everyone: bool = False) -> list[tuple[str, Any]]:
        choice = "who" if everyone else "without"
        field = "rule" if everyone else "without_rule"
        own = self[field].value()
        found: list[tuple[str, Any]] = [(NONE, empty)]
        if everyone:
            found.append((EVERYONE, _("everyone I can see")))
        if own:
            found.append((OWN_RULE, self._said(own)))
        found += [
            (f"{SEGMENT_PREFIX}{one.key}", one.name)
            for one in segments.list_active(self.request.community)
        ]
        now = str(self.initial.get(choice, ""))
        if now.startswith(SEGMENT_PREFIX) and now not in dict(found):  # archived since
            found.append((now, now.removeprefix(SEGMENT_PREFIX)))
        return found

    def _said(self, own: str) -> str:
        try:
            said = labels.describe_rule(self.request.community, tree.parse_json(own))
        except (errors.QunceError, RecursionError):
            return _("a rule that cannot be read")
        return said if len(said) <= 80 else f"{said[:79]}…"

    def given_rule(self) -> Any:
        """Who gets it, by what is chosen so far."""
        return _parse_choice(self["who"].value() or "", self["rule"].value() or "")

    def about(self) -> dict[str, Any]:
        """What `campaigns.create` and `change` take; a broken rule raises RuleError."""
        given = {name: self.cleaned_data[name] for name in self.fields}
        for choice, field, own in (
            ("who", "rule", "rule"),
            ("without", "exclude", "without_rule"),
        ):
            if choice in given:
                given[field] = _parse_choice(given.pop(choice), given.pop(own))
        if given.get("target") == Target.GROUPS:
            given |= {"rule": None, "exclude": None}
        elif "groups" in given:
            given["groups"] = []
        return given


def _parse_choice(choice: str, own: str) -> Any:
    if choice == NONE:
        return None
    if choice == EVERYONE:
        return {"all": []}
    if choice.startswith(SEGMENT_PREFIX):
        return {"segment": {"any": [choice.removeprefix(SEGMENT_PREFIX)]}}
    return tree.parse_json(own)


def _initial_values(
    request: http.Request, campaign: Campaign | None, rule: Any
) -> dict[str, Any]:
    if campaign is None:
        who, own = choice_of(rule)
        return {"who": who, "rule": own, "staff": [request.staff.pk]}
    who, own = choice_of(campaign.rule)
    without, without_own = choice_of(campaign.exclude)
    due = campaign.due_at
    return {
        "name": campaign.name,
        "target": campaign.target,
        "who": who,
        "rule": own,
        "without": without,
        "without_rule": without_own,
        "skip_recently_contacted": campaign.skip_recently_contacted,
        "groups": campaign.groups,
        "text": campaign.text,
        "channel": campaign.channel,
        "staff": campaign.staff,
        "due_at": timezone.localtime(due) if due else None,
    }


def choice_of(rule: Any) -> tuple[str, str]:
    """The choice that stands for a rule, and its JSON where it is its own."""
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
