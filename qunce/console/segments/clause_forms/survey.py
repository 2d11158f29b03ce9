"""The form of the clause `survey`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.console.segments import builder_choices
from qunce.console.segments.builder_choices import Choices, Option
from qunce.console.segments.clause_forms import fields
from qunce.console.segments.clause_forms.base import ClauseForm
from qunce.members.surveys import clauses


class SurveyForm(ClauseForm):
    name = "survey"
    label = gettext_lazy("Survey")
    icon = "clipboard-document-check"
    order = 53
    hint = gettext_lazy("Of several responses of a member, the newest counts.")
    how = forms.ChoiceField(
        label=gettext_lazy("Has answered"),
        choices=[
            ("any", gettext_lazy("any of these answers")),
            ("survey", gettext_lazy("this survey")),
        ],
    )
    answers = fields.PickField(label=gettext_lazy("Answers"), required=False)
    survey = fields.PickField(label=gettext_lazy("Survey"), required=False)

    def set_up(self) -> None:
        self.use_picker("answers", "survey_answer")
        self.use_picker("survey", "survey")

    @classmethod
    def to_fields(cls, args: Any) -> dict[str, Any]:
        if "survey" in args:
            return {"how": "survey", "survey": [args["survey"]]}
        return {"how": "any", "answers": args["any"]}

    def from_fields(self, cleaned: dict[str, Any]) -> Any:
        if cleaned["how"] == "any":
            return {"any": fields.require(cleaned, "answers")}
        keys = fields.require(cleaned, "survey")
        if len(keys) > 1:
            raise forms.ValidationError({"survey": _("Choose one survey.")})
        return {"survey": keys[0]}


def _find(named: Iterable[tuple[str, str]], query: str) -> list[Option]:
    wanted = query.strip().casefold()
    matches = [Option(key, name) for key, name in named if wanted in name.casefold()]
    return matches[::-1][: builder_choices.max_options(query)]


@builder_choices.register_finder("survey")
def find_surveys(choices: Choices, query: str) -> list[Option]:
    return _find(clauses.list_names(choices.community, choices.by), query)


@builder_choices.register_finder("survey_answer")
def find_answers(choices: Choices, query: str) -> list[Option]:
    return _find(clauses.list_answer_names(choices.community, choices.by), query)
