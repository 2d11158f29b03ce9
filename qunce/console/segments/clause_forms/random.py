"""The form of the clause `random`."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from qunce.console.segments.clause_forms import fields
from qunce.console.segments.clause_forms.base import ClauseForm
from qunce.members.clauses.random import MAX_SALT_LENGTH


class RandomForm(ClauseForm):
    name = "random"
    label = gettext_lazy("Random share")
    icon = "sparkles"
    order = 96
    hint = gettext_lazy(
        "The same members for ever. Another name of the draw gives other members."
    )
    percent = fields.NumberField(label=gettext_lazy("Share in %"), initial="10")
    salt = forms.CharField(
        label=gettext_lazy("Name of the draw"), max_length=MAX_SALT_LENGTH
    )
    skip = fields.NumberField(
        label=gettext_lazy("After the first … %"),
        required=False,
        help_text=gettext_lazy("For a second share without anybody of the first"),
    )

    @classmethod
    def to_fields(cls, args: Any) -> dict[str, Any]:
        return {
            name: args[name] for name in ("percent", "salt", "skip") if name in args
        }

    def from_fields(self, cleaned: dict[str, Any]) -> Any:
        args = {"salt": cleaned["salt"], "percent": cleaned["percent"]}
        return args | ({"skip": cleaned["skip"]} if cleaned["skip"] else {})
