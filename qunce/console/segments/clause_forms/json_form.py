"""The form of last resort: any part of a rule as JSON."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from qunce.console.segments import rule_editing
from qunce.console.segments.clause_forms.base import ClauseForm
from qunce.sets.rules.base import RuleError


class JsonForm(ClauseForm):
    name = "json"
    label = gettext_lazy("Written as JSON")
    icon = "code-bracket"
    order = 130
    hint = gettext_lazy(
        "For conditions that the forms cannot express. The syntax is the "
        "same as in the API."
    )
    text = forms.CharField(
        label=gettext_lazy("Rule as JSON"),
        max_length=200_000,
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}),
    )

    @classmethod
    def to_fields(cls, args: Any) -> dict[str, Any]:
        return {"text": json.dumps(args, ensure_ascii=False, indent=2)}

    def from_fields(self, cleaned: dict[str, Any]) -> Any:
        try:
            return rule_editing.parse_json(cleaned["text"])
        except RuleError as error:
            raise forms.ValidationError({"text": error.message}) from None

    def to_clause(self, args: Any) -> Any:
        return args
