"""The form of a group: what it is called, whom it is for, what it promises."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from qunce.core.communities import Community
from qunce.core.staff import staff
from qunce.core.staff.models import Staff
from qunce.groups import groups, labels
from qunce.groups.groups import Group

CARD = ("whom", "value", "rhythm")
FIELDS = ("name", "platform", "audience", "kind", "capacity", "threshold", "owner")


class GroupForm(forms.Form):
    key = forms.CharField(
        label=_("Key"),
        max_length=200,
        help_text=_(
            "Identifies the group in files, channels and rules. It cannot be "
            "changed later."
        ),
    )
    name = forms.CharField(label=_("Name"), max_length=200)
    platform = forms.ChoiceField(label=_("Platform"))
    audience = forms.ChoiceField(
        label=_("Group audience"), choices=groups.Audience.choices
    )
    kind = forms.ChoiceField(label=_("Kind"), required=False)
    capacity = forms.IntegerField(
        label=_("Capacity"),
        required=False,
        min_value=1,
        max_value=1_000_000,
        help_text=_("Maximum number of people. Leave empty for no limit."),
    )
    threshold = forms.CharField(
        label=_("Entry gate"),
        required=False,
        max_length=200,
        help_text=_("What a member must have done to join, for example bought once."),
    )
    whom = forms.CharField(label=_("Intended for"), required=False, max_length=300)
    value = forms.CharField(label=_("What members get"), required=False, max_length=300)
    rhythm = forms.CharField(
        label=_("Rhythm"),
        required=False,
        max_length=300,
        help_text=_("What is posted when, for example recipes every morning at 8."),
    )
    owner = forms.ModelChoiceField(
        label=_("Owner"),
        queryset=Staff.objects.none(),
        required=False,
        empty_label=_("nobody"),
    )

    def __init__(
        self,
        community: Community,
        data: Any = None,
        *,
        group: Group | None = None,
    ) -> None:
        super().__init__(data, initial=_initial(group))
        self._card = dict(group.card) if group else {}
        known: Any = self.fields
        known["platform"].choices = _choices(
            labels.PLATFORMS, group.platform if group else ""
        )
        kinds = _choices(labels.KINDS, group.kind if group else "")
        known["kind"].choices = [("", _("none")), *kinds]
        known["owner"].queryset = staff.list_all(community).filter(is_active=True)
        if group:
            del self.fields["key"]

    def about(self) -> dict[str, Any]:
        """What `registry.create` and `change` take."""
        given = {field: self.cleaned_data[field] for field in FIELDS}
        card = self._card | {part: self.cleaned_data[part] for part in CARD}
        return given | {"card": {part: text for part, text in card.items() if text}}


def _initial(group: Group | None) -> dict[str, Any]:
    if group is None:
        return {"platform": "wecom"}
    given = {field: getattr(group, field) for field in FIELDS}
    return given | {part: group.card.get(part, "") for part in CARD}


def _choices(
    known: Mapping[str, StrOrPromise], now: str
) -> list[tuple[str, StrOrPromise]]:
    """What is known, and what this group has that is not."""
    choices = list(known.items())
    return choices if not now or now in known else [*choices, (now, now)]
