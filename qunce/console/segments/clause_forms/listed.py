"""The form of the clause `listed`."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.console.segments.clause_forms import fields
from qunce.console.segments.clause_forms.base import ClauseForm
from qunce.groups.lists.models import ListName


class ListedForm(ClauseForm):
    name = "listed"
    label = gettext_lazy("Whitelist and blacklist")
    icon = "no-symbol"
    order = 91
    on = forms.ChoiceField(
        label=gettext_lazy("On which list"),
        choices=[
            (ListName.BLACK, ListName.BLACK.label),
            (ListName.WHITE, ListName.WHITE.label),
        ],
    )
    group = fields.PickField(
        label=gettext_lazy("Of the group"),
        required=False,
        help_text=gettext_lazy("Without a group, only entries for every group count."),
    )

    def set_up(self) -> None:
        self.use_picker("group", "group")

    @classmethod
    def to_fields(cls, args: Any) -> dict[str, Any]:
        return {"on": args["on"], "group": [args["group"]] if "group" in args else []}

    def from_fields(self, cleaned: dict[str, Any]) -> Any:
        keys = cleaned["group"]
        if len(keys) > 1:
            raise forms.ValidationError({"group": _("Choose one group.")})
        return {"on": cleaned["on"], **({"group": keys[0]} if keys else {})}
