"""The form of the clause `streak`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.activities.check_ins import clauses
from qunce.console.segments import builder_choices
from qunce.console.segments.builder_choices import Choices, Option
from qunce.console.segments.clause_forms import fields
from qunce.console.segments.clause_forms.base import ClauseForm
from qunce.sets.rules import comparisons

TODAY = {"not_yet": False, "done": True}


class StreakForm(ClauseForm):
    name = "streak"
    label = gettext_lazy("Check-in streak")
    icon = "calendar-days"
    order = 54
    hint = gettext_lazy(
        "Days of rest break no streak. Members who missed a day have 0 days."
    )
    activity = fields.PickField(label=gettext_lazy("Check-in"))
    sign = forms.ChoiceField(
        label=gettext_lazy("Days in a row"), choices=fields.COMPARISONS, initial="gte"
    )
    number = fields.NumberField(label=gettext_lazy("Number"), initial="7")
    maximum = fields.NumberField(label=gettext_lazy("Maximum"), required=False)
    today = forms.ChoiceField(
        label=gettext_lazy("Today"),
        required=False,
        choices=[
            ("not_yet", gettext_lazy("has not checked in yet")),
            ("done", gettext_lazy("has checked in")),
            ("", gettext_lazy("either")),
        ],
        initial="not_yet",
    )

    def set_up(self) -> None:
        self.use_picker("activity", "activity")

    @classmethod
    def to_fields(cls, args: Any) -> dict[str, Any]:
        bounds = {sign: args[sign] for sign in comparisons.SIGNS if sign in args}
        words = {value: word for word, value in TODAY.items()}
        return {
            "activity": [args["activity"]],
            "today": words.get(args.get("today"), ""),
            **fields.comparison_to_fields(bounds),
        }

    def from_fields(self, cleaned: dict[str, Any]) -> Any:
        keys = fields.require(cleaned, "activity")
        if len(keys) > 1:
            raise forms.ValidationError({"activity": _("Choose one check-in.")})
        word = cleaned.get("today")
        return {
            "activity": keys[0],
            **fields.comparison_from_fields(cleaned),
            **({"today": TODAY[word]} if word else {}),
        }


@builder_choices.register_finder("activity")
def find_check_ins(choices: Choices, query: str) -> list[Option]:
    named = clauses.list_names(choices.community, choices.by)
    wanted = query.strip().casefold()
    matches = [Option(key, name) for key, name in named if wanted in name.casefold()]
    return matches[::-1][: builder_choices.max_options(query)]


@builder_choices.register_describer("activity")
def describe_check_ins(choices: Choices, keys: Sequence[str]) -> list[Option]:
    """With a name only if the check-in is one that the staff member sees."""
    names = dict(clauses.list_names(choices.community, choices.by))
    return [Option(key, names.get(key, key), "", key in names) for key in keys]
