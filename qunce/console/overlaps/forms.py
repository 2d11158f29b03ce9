"""The form of a set of groups."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from qunce.console import http
from qunce.groups import visibility as group_visibility
from qunce.groups.groups import Group, Stage
from qunce.groups.overlaps.models import Door, GroupSet, KeepRule


class GroupSetForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=80)
    groups = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Groups"),
        coerce=int,
        widget=forms.SelectMultiple(attrs={"size": 8}),
        help_text=gettext_lazy(
            "A person should be in one of them. Ctrl chooses several."
        ),
    )
    keep = forms.ChoiceField(
        label=pgettext_lazy("overlap", "People in several groups stay in"),
        choices=KeepRule.choices,
    )
    chosen = forms.TypedChoiceField(
        label=pgettext_lazy("overlap", "The chosen group"),
        coerce=int,
        required=False,
        empty_value=None,
    )
    door = forms.ChoiceField(
        label=pgettext_lazy("overlap", "The entry gate of the others"),
        choices=Door.choices,
        help_text=gettext_lazy(
            "With asking or refusing, nobody is invited from one of the groups into"
            " another one either."
        ),
    )
    may_overlap = forms.CharField(
        label=pgettext_lazy("overlap", "These may overlap"),
        required=False,
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Two names of groups a line, with a + between them."),
    )

    def __init__(
        self, request: http.Request, group_set: GroupSet | None, data: Any = None
    ) -> None:
        visible = group_visibility.list_visible(request.staff).order_by("name", "pk")
        self.visible: dict[int, Group] = {group.pk: group for group in visible}
        super().__init__(data, initial=self._initial(group_set))
        fields: Any = self.fields
        usable = [
            (pk, group.name)
            for pk, group in self.visible.items()
            if group.state != Stage.DEAD
        ]
        fields["groups"].choices = usable
        fields["chosen"].choices = [("", "–"), *usable]

    def _initial(self, group_set: GroupSet | None) -> dict[str, Any]:
        if group_set is None:
            return {"keep": KeepRule.EARLIEST, "door": Door.ASK}
        names = {pk: group.name for pk, group in self.visible.items()}
        return {
            "name": group_set.name,
            "groups": [group.pk for group in group_set.groups.all()],
            "keep": group_set.keep,
            "chosen": group_set.chosen_id,
            "door": group_set.door,
            "may_overlap": "\n".join(
                f"{names.get(left)} + {names.get(right)}"
                for left, right in group_set.may_overlap
            ),
        }

    def clean_may_overlap(self) -> list[list[int]]:
        ids: dict[str, int] = {}
        for pk, group in self.visible.items():
            ids.setdefault(group.name, pk)
            ids[group.key] = pk
        pairs = []
        lines = map(str.strip, self.cleaned_data["may_overlap"].splitlines())
        for line in filter(None, lines):
            names = [name.strip() for name in line.replace("＋", "+").split("+")]
            unknown = [name for name in names if name not in ids]
            if len(names) != 2 or unknown:
                raise forms.ValidationError(
                    _("Write two names of groups with a + between them: “%(line)s”.")
                    % {"line": line[:80]}
                )
            pairs.append([ids[name] for name in names])
        return pairs

    def to_arguments(self) -> dict[str, Any]:
        values = self.cleaned_data
        return {
            **values,
            "groups": [self.visible[pk] for pk in values["groups"]],
            "chosen": self.visible.get(values["chosen"])
            if values["keep"] == KeepRule.CHOSEN
            else None,
        }
