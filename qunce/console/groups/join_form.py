"""The form that puts people into a group: by their keys, or a whole segment."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core.staff.models import Staff
from qunce.groups import labels
from qunce.members.segments import segments

MOST_KEYS = 500


class JoinForm(forms.Form):
    keys = forms.CharField(
        label=gettext_lazy("Member keys"),
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("One per line, or separated by commas."),
    )
    segment = forms.ModelChoiceField(
        label=gettext_lazy("Or everyone in a segment"),
        queryset=segments.Segment.objects.none(),
        required=False,
        empty_label=gettext_lazy("none"),
    )
    role = forms.ChoiceField(
        label=gettext_lazy("Role"), choices=list(labels.ROLES.items()), required=False
    )

    def __init__(self, by: Staff, data: Any = None) -> None:
        super().__init__(data, initial={"role": "member"})
        known: Any = self.fields["segment"]
        known.queryset = segments.Segment.objects.filter(
            community=by.community, state="active"
        ).order_by("name", "pk")

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        given["keys"] = split(given.get("keys", ""))
        if not given["keys"] and not given.get("segment"):
            raise forms.ValidationError(_("Enter a member key, or choose a segment."))
        if len(given["keys"]) > MOST_KEYS:
            text = _("At most %(n)s at a time. Use a segment or a file for more.")
            raise forms.ValidationError(text % {"n": MOST_KEYS})
        return given


def split(text: str) -> list[str]:
    parts = (part.strip() for part in re.split(r"[\n,，;；]", text))
    return list(dict.fromkeys(part for part in parts if part))
