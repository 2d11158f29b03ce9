"""The form of the clause `badge`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import pgettext_lazy

from qunce.activities.levels import clauses
from qunce.console.segments import builder_choices
from qunce.console.segments.builder_choices import Choices, Option
from qunce.console.segments.clause_forms import fields
from qunce.console.segments.clause_forms.base import ClauseForm


class BadgeForm(ClauseForm):
    name = "badge"
    label = pgettext_lazy("clause", "Badge")
    icon = "check-badge"
    order = 56
    badge = fields.PickField(label=pgettext_lazy("clause", "Badge"))

    def set_up(self) -> None:
        self.use_picker("badge", "badge")

    @classmethod
    def to_fields(cls, args: Any) -> dict[str, Any]:
        return {"badge": [args["key"]]}

    def from_fields(self, cleaned: dict[str, Any]) -> Any:
        keys = fields.require(cleaned, "badge")
        if len(keys) > 1:
            raise forms.ValidationError({"badge": _("Choose one badge.")})
        return {"key": keys[0]}


@builder_choices.register_finder("badge")
def find_badges(choices: Choices, query: str) -> list[Option]:
    named = clauses.list_badge_names(choices.community, choices.by)
    wanted = query.strip().casefold()
    matches = [Option(key, name) for key, name in named if wanted in name.casefold()]
    return matches[: builder_choices.max_options(query)]


@builder_choices.register_describer("badge")
def describe_badges(choices: Choices, keys: Sequence[str]) -> list[Option]:
    names = dict(clauses.list_badge_names(choices.community, choices.by))
    return [Option(key, names.get(key, key), "", key in names) for key in keys]
