"""A clause that no form can show in full: it stays as it is, and can be split."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from qunce.console.segments import rule_editing
from qunce.console.segments.clause_forms.base import ClauseForm
from qunce.sets.rules.base import RuleError

PARTS: dict[str, StrOrPromise] = {
    "where": gettext_lazy("conditions on fields"),
    "steps": gettext_lazy("conditions of the steps"),
    "in": gettext_lazy("a list of values"),
    "anniversary": gettext_lazy("an anniversary between two days"),
    "name": gettext_lazy("an attribute that does not exist"),
    "of": gettext_lazy("a layering that does not exist"),
    "keys": gettext_lazy("a list of members"),
}
"""What the form of a clause may be unable to show, by the field of the clause."""


class KeptForm(ClauseForm):
    """`text` has the clause; it comes back exactly as it was."""

    name = "kept"
    label = gettext_lazy("Kept as it is")
    icon = "lock-closed"
    order = 0
    is_offered = False
    text = forms.CharField(widget=forms.HiddenInput, max_length=500_000)
    explanation = ""
    may_split = False

    def set_up(self) -> None:
        clause = self._clause()
        self.may_split = len(rule_editing.split(clause)) > 1
        if self.may_split:
            self.explanation = _(
                "This line has several conditions. Split it to edit each of them."
            )
            return
        parts = ", ".join(str(part) for part in _list_parts(clause))
        self.explanation = _(
            "The form has no fields for this: %(parts)s. The line stays exactly as it "
            "is; it can be moved, negated or removed."
        ) % {"parts": parts or _("a condition of another kind")}

    def _clause(self) -> Any:
        text = self.data.get(self.add_prefix("text")) or self.initial.get("text")
        try:
            return rule_editing.parse_json(str(text))
        except RuleError:
            return None

    @classmethod
    def to_fields(cls, args: Any) -> dict[str, Any]:
        return {"text": json.dumps(args, ensure_ascii=False)}

    def from_fields(self, cleaned: dict[str, Any]) -> Any:
        try:
            return rule_editing.parse_json(cleaned["text"])
        except RuleError as error:
            raise forms.ValidationError({"text": error.message}) from None

    def to_clause(self, args: Any) -> Any:
        return args


def _list_parts(clause: Any) -> Iterator[StrOrPromise]:
    args = clause.get(rule_editing.name_of(clause)) if isinstance(clause, dict) else {}
    for field in args if isinstance(args, dict) else ():
        if field in PARTS:
            yield PARTS[field]
