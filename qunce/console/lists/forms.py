"""Forms of the lists: one entry, its changes, and pasted candidates."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext_lazy, pgettext_lazy

from qunce.console import http
from qunce.groups import labels
from qunce.groups import visibility as group_visibility
from qunce.groups.groups import Group
from qunce.groups.lists import candidates
from qunce.groups.lists.candidates import Candidate
from qunce.groups.lists.models import (
    MAX_EVIDENCE_LENGTH,
    MAX_REASON_LENGTH,
    ListEntry,
    ListName,
)

KEEP, NEVER = "keep", ""
DAYS = (7, 30, 90, 365)


class ScopeForm(forms.Form):
    """The groups, the reason and the time of an entry."""

    groups = forms.TypedMultipleChoiceField(
        label=pgettext_lazy("list entry", "Only in these groups"),
        coerce=int,
        required=False,
        widget=forms.SelectMultiple(attrs={"size": 5}),
        help_text=gettext_lazy(
            "If none is chosen, it holds in every group. Ctrl chooses several."
        ),
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"), required=False, max_length=MAX_REASON_LENGTH
    )
    evidence = forms.CharField(
        label=pgettext_lazy("list entry", "Evidence"),
        required=False,
        max_length=MAX_EVIDENCE_LENGTH,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("What they wrote or did, for whoever asks later."),
    )
    lasts = forms.ChoiceField(
        label=pgettext_lazy("list entry", "Expires"), required=False
    )

    def __init__(self, request: http.Request, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request
        self.visible: dict[int, Group] = {
            group.pk: group for group in group_visibility.list_visible(request.staff)
        }
        fields: Any = self.fields
        fields["groups"].choices = [(pk, g.name) for pk, g in self.visible.items()]
        after = [
            (
                str(days),
                ngettext_lazy("in %(n)d day", "in %(n)d days", days) % {"n": days},
            )
            for days in DAYS
        ]
        fields["lasts"].choices = [(NEVER, gettext_lazy("no end")), *after]

    def expires_at(self, at: datetime) -> datetime | None:
        days = self.cleaned_data["lasts"]
        return at + timedelta(days=int(days)) if days else None

    def to_arguments(self, at: datetime) -> dict[str, Any]:
        values = self.cleaned_data
        return {
            "groups": [self.visible[pk] for pk in values["groups"]],
            "reason": values["reason"],
            "evidence": values["evidence"],
            "expires_at": self.expires_at(at),
        }


class EntryForm(ScopeForm):
    list_name = forms.ChoiceField(
        label=gettext_lazy("List"), choices=ListName.choices, initial=ListName.BLACK
    )
    member = forms.CharField(
        label=gettext_lazy("Member key"),
        required=False,
        max_length=200,
        help_text=gettext_lazy("The key of a member, or a phone number."),
    )
    channel = forms.ChoiceField(label=gettext_lazy("Platform"), required=False)
    channel_key = forms.CharField(
        label=gettext_lazy("Id on the platform"),
        required=False,
        max_length=200,
        help_text=gettext_lazy("For somebody who is not a member yet."),
    )
    field_order = ("list_name", "member", "channel", "channel_key")

    def __init__(self, request: http.Request, *args: Any, **kwargs: Any) -> None:
        super().__init__(request, *args, **kwargs)
        fields: Any = self.fields
        fields["channel"].choices = [("", "–"), *labels.PLATFORMS.items()]

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        by_id = bool(values.get("channel")) and bool(values.get("channel_key"))
        if bool(values.get("member")) == by_id:
            raise forms.ValidationError(
                _("Give either a member, or the platform and the id there.")
            )
        return values


class ChangeForm(ScopeForm):
    """Changes of an entry; its expiry stays unless another one is chosen."""

    def __init__(
        self, request: http.Request, entry: ListEntry, data: Any = None
    ) -> None:
        initial = {
            "groups": list(entry.groups.values_list("pk", flat=True)),
            "reason": entry.reason,
            "evidence": entry.evidence,
            "lasts": KEEP,
        }
        super().__init__(request, data, initial=initial)
        fields: Any = self.fields
        fields["lasts"].choices = [
            (KEEP, gettext_lazy("as it is")),
            *fields["lasts"].choices,
        ]

    def to_arguments(self, at: datetime) -> dict[str, Any]:
        keeps = self.cleaned_data["lasts"] == KEEP
        if keeps:
            self.cleaned_data["lasts"] = NEVER
        values = super().to_arguments(at)
        if keeps:
            del values["expires_at"]
        return values


class CandidatesForm(ScopeForm):
    list_name = forms.ChoiceField(
        label=gettext_lazy("List"), choices=ListName.choices, initial=ListName.BLACK
    )
    channel = forms.ChoiceField(
        label=gettext_lazy("Platform"), choices=list(labels.PLATFORMS.items())
    )
    text = forms.CharField(
        label=pgettext_lazy("candidates", "Lines or events"),
        max_length=candidates.MAX_TEXT_LENGTH,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text=gettext_lazy(
            "One id a line, with a comma before the reason; or the state events of a"
            " policy room as JSON, which are of Matrix whatever the platform is."
        ),
    )
    field_order = ("list_name", "channel", "text")

    def read(self) -> list[Candidate]:
        """The candidates; raises InvalidCandidates or TooManyCandidates."""
        text, channel = self.cleaned_data["text"].strip(), self.cleaned_data["channel"]
        if not text.startswith(("[", "{")):
            return candidates.read_lines(text, channel=channel)
        try:
            events = json.loads(text)
        except (ValueError, RecursionError):
            raise candidates.InvalidCandidates(_("This is not valid JSON.")) from None
        if isinstance(events, dict):
            # What the server answers, or one event.
            events = events.get("state", events.get("chunk", [events]))
        return candidates.read_policy_events(events)
