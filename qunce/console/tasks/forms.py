"""The form of a request: only the fields that its kind has."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from qunce.console import http
from qunce.console.moments import MomentField
from qunce.console.outreach.forms import MINUTE_FORMAT, MinuteInput
from qunce.console.tags import tagging_form
from qunce.core import errors, label_texts
from qunce.groups import visibility as group_visibility
from qunce.members.layers import layers
from qunce.members.segments import segments
from qunce.outreach import task_permissions
from qunce.outreach.tasks import requests
from qunce.outreach.tasks.kinds import base
from qunce.outreach.tasks.kinds.base import Kind

EVERYONE = "all"
SEGMENT, LAYER = "segment", "layer"


class RequestForm(forms.Form):
    title = forms.CharField(label=gettext_lazy("Title"), max_length=80)
    text = forms.CharField(
        label=gettext_lazy("Text"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=gettext_lazy("What staff say or do. They can copy it."),
    )
    url = forms.CharField(
        label=gettext_lazy("Web address"),
        required=False,
        max_length=500,
        help_text=gettext_lazy("For example the post or the picture, https://…"),
    )
    audience = forms.ChoiceField(label=gettext_lazy("About"), required=False)
    group = forms.TypedChoiceField(
        label=gettext_lazy("Invite into"), coerce=int, required=False, empty_value=None
    )
    goal = forms.IntegerField(
        label=gettext_lazy("Until this many have joined"),
        required=False,
        min_value=1,
        help_text=gettext_lazy("Empty: all of them are invited."),
    )
    standing = forms.ChoiceField(
        label=gettext_lazy("Standing: members who rise into"),
        required=False,
        help_text=gettext_lazy("They are added to the task when it happens."),
    )
    tag = forms.CharField(
        label=gettext_lazy("Tag that a result deepens"),
        required=False,
        max_length=200,
        help_text=gettext_lazy("Name of a tag; empty for none."),
    )
    staff = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Done by"), coerce=int, widget=forms.CheckboxSelectMultiple
    )
    due_at = MomentField(
        label=pgettext_lazy("task", "Deadline"),
        required=False,
        input_formats=[MINUTE_FORMAT, "%Y-%m-%d %H:%M"],
        widget=MinuteInput,
    )

    def __init__(self, request: http.Request, kind: Kind, data: Any = None) -> None:
        super().__init__(data, initial={"staff": [request.staff.pk]})
        self.request, self.kind = request, kind
        fields: Any = self.fields
        layerings = layers.list_active(request.community)
        chosen_layers = [
            (
                f"{layering.key}:{layer['key']}",
                label_texts.with_label(layering.name, _name(layer)),
            )
            for layering in layerings
            for layer in layering.spec["layers"]
        ]
        fields["audience"].choices = [
            ("", _("choose …")),
            (EVERYONE, _("everyone I can see")),
            *(
                (f"{SEGMENT}:{segment.key}", segment.name)
                for segment in segments.list_active(request.community)
            ),
            *((f"{LAYER}:{value}", label) for value, label in chosen_layers),
        ]
        fields["standing"].choices = [("", _("nobody")), *chosen_layers]
        groups = group_visibility.list_visible(request.staff).exclude(state="dead")
        fields["group"].choices = [
            ("", _("choose …")),
            *groups.values_list("pk", "name"),
        ]
        staff = task_permissions.list_assignable_staff(request.community)
        fields["staff"].choices = [(row.pk, row.name) for row in staff]
        if kind.is_open_list:
            fields["audience"].label = _("Visible to")
        for name in self._unused_fields():
            del fields[name]

    def _unused_fields(self) -> list[str]:
        unused = [] if self.kind.about == base.MEMBERS else ["audience"]
        if not self.kind.needs_group:
            unused += ["group", "goal", "standing"]
        if not any(outcome.deepens for outcome in self.kind.outcomes):
            unused.append("tag")
        return unused

    def draft(self) -> requests.Draft:
        """What the form asks for; raises an error for what is not there any more."""
        values = self.cleaned_data
        community = self.request.community
        group = values.get("group")
        tag_name = values.get("tag", "").strip()
        tag = tagging_form.find_tag(community, tag_name) if tag_name else None
        if tag_name and tag is None:
            raise tagging_form.TagUnknown(tag_name)
        standing, _colon, layer = values.get("standing", "").partition(":")
        return requests.Draft(
            kind=self.kind.key,
            title=values["title"],
            text=values["text"],
            url=values["url"],
            staff=values["staff"],
            rule=_rule_of(values.get("audience", "")),
            group=group_visibility.get(by=self.request.staff, pk=group)
            if group
            else None,
            goal=values.get("goal"),
            layering=layers.get(community, standing) if standing else None,
            layer=layer,
            tag=tag,
            due_at=values["due_at"],
        )

    def add_refusal(self, error: errors.QunceError) -> None:
        field = "tag" if isinstance(error, tagging_form.TagUnknown) else None
        self.add_error(field, str(error))


def _name(layer: dict[str, Any]) -> str:
    return str(layer.get("name") or layer["key"])


def _rule_of(audience: str) -> Any:
    kind, _colon, rest = audience.partition(":")
    if kind == EVERYONE:
        return {"all": []}
    if kind == SEGMENT:
        return {"segment": {"any": [rest]}}
    if kind == LAYER:
        layering, _colon, layer = rest.partition(":")
        return {"layer": {"of": layering, "in": [layer]}}
    return None
