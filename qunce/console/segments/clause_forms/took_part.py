"""The form of the clause `took_part`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.activities.activities import clauses
from qunce.console.segments import builder_choices
from qunce.console.segments.builder_choices import Choices, Option
from qunce.console.segments.clause_forms import fields
from qunce.console.segments.clause_forms.base import ClauseForm


class TookPartForm(ClauseForm):
    name = "took_part"
    label = gettext_lazy("Took part")
    icon = "hand-raised"
    order = 57
    activity = fields.PickField(label=gettext_lazy("Activity"))

    def set_up(self) -> None:
        self.use_picker("activity", clauses.REFERENCE)

    @classmethod
    def to_fields(cls, args: Any) -> dict[str, Any]:
        return {"activity": [args["activity"]]}

    def from_fields(self, cleaned: dict[str, Any]) -> Any:
        keys = fields.require(cleaned, "activity")
        if len(keys) > 1:
            raise forms.ValidationError({"activity": _("Choose one activity.")})
        return {"activity": keys[0]}


@builder_choices.register_finder(clauses.REFERENCE)
def find_activities(choices: Choices, query: str) -> list[Option]:
    named = clauses.list_names(choices.community, choices.by)
    wanted = query.strip().casefold()
    matches = [Option(key, name) for key, name in named if wanted in name.casefold()]
    return matches[::-1][: builder_choices.max_options(query)]


@builder_choices.register_describer(clauses.REFERENCE)
def describe_activities(choices: Choices, keys: Sequence[str]) -> list[Option]:
    """With a name only if the activity is one that the staff member sees."""
    names = dict(clauses.list_names(choices.community, choices.by))
    return [Option(key, names.get(key, key), "", key in names) for key in keys]
