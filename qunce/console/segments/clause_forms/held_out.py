"""The form of the clause `held_out`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.console.segments import builder_choices
from qunce.console.segments.builder_choices import Choices, Option
from qunce.console.segments.clause_forms import fields
from qunce.console.segments.clause_forms.base import ClauseForm
from qunce.outreach.campaigns import campaigns


class HeldOutForm(ClauseForm):
    name = "held_out"
    label = gettext_lazy("Held out")
    icon = "scale"
    order = 92
    of = forms.ChoiceField(
        label=gettext_lazy("Held out of"),
        choices=[
            ("community", gettext_lazy("all marketing, in this quarter")),
            ("campaign", gettext_lazy("one campaign, since it started")),
        ],
    )
    campaign = fields.PickField(label=gettext_lazy("Campaign"), required=False)

    def set_up(self) -> None:
        self.use_picker("campaign", "campaign")

    @classmethod
    def to_fields(cls, args: Any) -> dict[str, Any]:
        if "campaign" in args:
            return {"of": "campaign", "campaign": [args["campaign"]]}
        return {"of": "community"}

    def from_fields(self, cleaned: dict[str, Any]) -> Any:
        if cleaned["of"] == "community":
            return {"community": True}
        keys = fields.require(cleaned, "campaign")
        if len(keys) > 1:
            raise forms.ValidationError({"campaign": _("Choose one campaign.")})
        return {"campaign": keys[0]}


@builder_choices.register_finder("campaign")
def find_campaigns(choices: Choices, query: str) -> list[Option]:
    rows = campaigns.list_visible(choices.by).filter(started_at__isnull=False)
    matches = rows.filter(name__icontains=query)[: builder_choices.max_options(query)]
    return [Option(each.key, each.name) for each in matches]


@builder_choices.register_describer("campaign")
def describe_campaigns(choices: Choices, keys: Sequence[str]) -> list[Option]:
    """With a name only if the campaign is one that the staff member sees."""
    rows = campaigns.list_visible(choices.by).filter(key__in=keys)
    names = dict(rows.values_list("key", "name"))
    return [Option(key, names.get(key, key), "", key in names) for key in keys]
