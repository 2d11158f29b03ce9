"""The form of the clause `members`."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from qunce.console.segments.clause_forms.base import ClauseForm


class MembersForm(ClauseForm):
    name = "members"
    label = gettext_lazy("Individual members")
    icon = "list-bullet"
    order = 110
    keys = forms.CharField(
        label=gettext_lazy("Member keys, one per line"),
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}),
        error_messages={"required": gettext_lazy("Fill in this field.")},
    )

    @classmethod
    def to_fields(cls, args: Any) -> dict[str, Any]:
        return {"keys": "\n".join(args["keys"])}

    def from_fields(self, cleaned: dict[str, Any]) -> Any:
        lines = [line.strip() for line in cleaned["keys"].splitlines()]
        return {"keys": [line for line in lines if line]}
