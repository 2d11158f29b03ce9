"""Forms of groups: the group itself, and adding members."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django_stubs_ext import StrOrPromise

from qunce.core.communities import Community
from qunce.core.staff import staff
from qunce.core.staff.models import Staff
from qunce.groups import group_cards, groups, labels
from qunce.groups.groups import Group
from qunce.members.segments import segments

CARD_FIELDS = tuple(group_cards.LABELS)
FIELDS = ("name", "platform", "audience", "kind", "capacity", "owner")


class GroupForm(forms.Form):
    key = forms.CharField(
        label=gettext_lazy("Key"),
        max_length=200,
        help_text=gettext_lazy(
            "Identifies the group in files, channels and rules. It cannot be "
            "changed later."
        ),
    )
    name = forms.CharField(label=gettext_lazy("Name"), max_length=200)
    platform = forms.ChoiceField(label=gettext_lazy("Platform"))
    audience = forms.ChoiceField(
        label=gettext_lazy("Group audience"), choices=groups.Audience.choices
    )
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), required=False)
    capacity = forms.IntegerField(
        label=gettext_lazy("Capacity"),
        required=False,
        min_value=1,
        max_value=1_000_000,
        help_text=gettext_lazy("Maximum number of people. Leave empty for no limit."),
    )
    whom = forms.CharField(
        label=gettext_lazy("Intended for"), required=False, max_length=300
    )
    value = forms.CharField(
        label=gettext_lazy("What members get"), required=False, max_length=300
    )
    rhythm = forms.CharField(
        label=gettext_lazy("Rhythm"),
        required=False,
        max_length=300,
        help_text=gettext_lazy(
            "What is posted when, for example recipes every morning at 8."
        ),
    )
    owner = forms.ModelChoiceField(
        label=pgettext_lazy("group", "Owner"),
        queryset=Staff.objects.none(),
        required=False,
        empty_label=gettext_lazy("nobody"),
    )

    def __init__(
        self,
        community: Community,
        data: Any = None,
        *,
        group: Group | None = None,
        only: str = "",
    ) -> None:
        """With `only`, the form has this one field."""
        self._card = dict(group.card) if group else {}
        initial: dict[str, Any] = {"platform": "wecom"}
        if group is not None:
            initial = {field: getattr(group, field) for field in FIELDS}
            initial |= {name: group.card.get(name, "") for name in CARD_FIELDS}
        super().__init__(data, initial=initial)
        fields: Any = self.fields
        fields["platform"].choices = _choices_with(
            labels.PLATFORMS, group.platform if group else ""
        )
        kinds = _choices_with(labels.KINDS, group.kind if group else "")
        fields["kind"].choices = [("", gettext_lazy("none")), *kinds]
        fields["owner"].queryset = staff.list_all(community).filter(is_active=True)
        if group:
            del self.fields["key"]
        for name in list(self.fields) if only else ():
            if name != only:
                del self.fields[name]

    def to_arguments(self) -> dict[str, Any]:
        """Return the arguments of `groups.create` and `groups.update`."""
        given = self.cleaned_data
        values = {name: given[name] for name in FIELDS if name in given}
        texts = {name: given[name] for name in CARD_FIELDS if name in given}
        if texts:
            values["card"] = group_cards.change(self._card, texts)
        return values


def _choices_with(
    choices: Mapping[str, StrOrPromise], current: str
) -> list[tuple[str, StrOrPromise]]:
    """Return the choices, and the current value even if it is not one of them."""
    options = list(choices.items())
    return (
        options if not current or current in choices else [*options, (current, current)]
    )


MAX_KEYS = 500


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
        field: Any = self.fields["segment"]
        field.queryset = segments.Segment.objects.filter(
            community=by.community, state="active"
        ).order_by("name", "pk")

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        values["keys"] = split_keys(values.get("keys", ""))
        if not values["keys"] and not values.get("segment"):
            raise forms.ValidationError(_("Enter a member key, or choose a segment."))
        if len(values["keys"]) > MAX_KEYS:
            text = _("At most %(n)s at a time. Use a segment or a file for more.")
            raise forms.ValidationError(text % {"n": MAX_KEYS})
        return values


def split_keys(text: str) -> list[str]:
    parts = (part.strip() for part in re.split(r"[\n,，;；]", text))
    return list(dict.fromkeys(part for part in parts if part))
