"""The form of the clause `level`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from qunce.activities.levels import clauses
from qunce.activities.levels.clauses import AT_LEAST, IS, NONE
from qunce.console.segments import builder_choices
from qunce.console.segments.builder_choices import Choices, Option
from qunce.console.segments.clause_forms import fields
from qunce.console.segments.clause_forms.base import ClauseForm


class LevelForm(ClauseForm):
    name = "level"
    label = pgettext_lazy("clause", "Level")
    icon = "chevron-double-up"
    order = 55
    hint = gettext_lazy("Levels follow from points earned, see Activities, Levels.")
    mode = forms.ChoiceField(
        label=gettext_lazy("Has"),
        choices=[
            (AT_LEAST, gettext_lazy("at least the level")),
            (IS, gettext_lazy("exactly the level")),
            (NONE, gettext_lazy("no level")),
        ],
    )
    level = fields.PickField(label=pgettext_lazy("clause", "Level"), required=False)

    def set_up(self) -> None:
        self.use_picker("level", "level")

    @classmethod
    def to_fields(cls, args: Any) -> dict[str, Any]:
        mode = next((each for each in (AT_LEAST, IS) if each in args), NONE)
        return {"mode": mode, "level": [args[mode]] if mode != NONE else []}

    def from_fields(self, cleaned: dict[str, Any]) -> Any:
        if cleaned["mode"] == NONE:
            return {NONE: True}
        keys = fields.require(cleaned, "level")
        if len(keys) > 1:
            raise forms.ValidationError({"level": _("Choose one level.")})
        return {cleaned["mode"]: keys[0]}


@builder_choices.register_finder("level")
def find_levels(choices: Choices, query: str) -> list[Option]:
    named = clauses.list_level_names(choices.community, choices.by)
    wanted = query.strip().casefold()
    return [Option(key, name) for key, name in named if wanted in name.casefold()]


@builder_choices.register_describer("level")
def describe_levels(choices: Choices, keys: Sequence[str]) -> list[Option]:
    names = dict(clauses.list_level_names(choices.community, choices.by))
    return [Option(key, names.get(key, key), "", key in names) for key in keys]
