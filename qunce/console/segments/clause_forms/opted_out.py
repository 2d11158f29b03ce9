"""The form of the clause `opted_out`."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from qunce.console.segments.clause_forms.base import ClauseForm


class OptedOutForm(ClauseForm):
    name = "opted_out"
    label = gettext_lazy("Opted out")
    icon = "bell-slash"
    order = 90
    of = forms.ChoiceField(
        label=gettext_lazy("Opted out of"),
        choices=[
            ("messages", gettext_lazy("messages")),
            ("service", gettext_lazy("service messages as well")),
        ],
    )

    @classmethod
    def to_fields(cls, args: Any) -> dict[str, Any]:
        return {"of": args["of"]}

    def from_fields(self, cleaned: dict[str, Any]) -> Any:
        return {"of": cleaned["of"]}
