"""The form of the clause `score`."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from qunce.console.segments.clause_forms import fields
from qunce.console.segments.clause_forms.base import ClauseForm
from qunce.members.scores import scores
from qunce.sets.rules import comparisons


class ScoreForm(ClauseForm):
    name = "score"
    label = gettext_lazy("Score")
    icon = "chart-bar"
    order = 52
    hint = gettext_lazy("Scores go from 0 to 100 and have one decimal.")
    score = forms.ChoiceField(label=gettext_lazy("Which score"))
    sign = forms.ChoiceField(
        label=gettext_lazy("Comparison"), choices=fields.COMPARISONS, initial="gte"
    )
    number = fields.NumberField(label=gettext_lazy("Number"), initial="40")
    maximum = fields.NumberField(label=gettext_lazy("Maximum"), required=False)
    on = forms.DateField(
        label=gettext_lazy("At the end of the day (empty: now)"),
        required=False,
        widget=fields.DAY_INPUT,
    )

    def set_up(self) -> None:
        rows = scores.list_all(self.choices.community)
        self.set_choices("score", [(row.key, row.name) for row in rows])

    @classmethod
    def to_fields(cls, args: Any) -> dict[str, Any]:
        bounds = {sign: args[sign] for sign in comparisons.SIGNS if sign in args}
        shown = fields.comparison_to_fields(bounds)
        return {"score": args["name"], "on": args.get("on"), **shown}

    def from_fields(self, cleaned: dict[str, Any]) -> Any:
        day = {"on": cleaned["on"].isoformat()} if cleaned.get("on") else {}
        return {
            "name": cleaned["score"],
            **fields.comparison_from_fields(cleaned),
            **day,
        }
