"""The form of the clause `rfm`."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.console.segments.clause_forms import fields
from qunce.console.segments.clause_forms.base import PREFIX, ClauseForm
from qunce.sets.clauses import rfm

LABELS = {
    "r": gettext_lazy("Recency"),
    "f": gettext_lazy("Frequency"),
    "m": gettext_lazy("Money"),
}


class RfmForm(ClauseForm):
    """The grades of paid orders; another kind of fact is kept as it is."""

    name = "rfm"
    label = gettext_lazy("RFM grades")
    icon = "chart-bar"
    order = 29
    hint = gettext_lazy(
        "Everybody who bought, divided into equal parts by when they last bought, how"
        " often and for how much. The highest grade is the best."
    )
    parts = forms.TypedChoiceField(
        label=gettext_lazy("Number of grades"),
        choices=[(n, n) for n in range(rfm.MIN_PARTS, rfm.MAX_PARTS + 1)],
        coerce=int,
        initial=rfm.DEFAULT_PARTS,
    )
    days = fields.DaysField(
        label=gettext_lazy("Orders of the last … days"),
        required=False,
        initial=365,
        help_text=gettext_lazy("Empty: all orders"),
    )
    as_of = forms.DateField(
        label=gettext_lazy("As of"),
        required=False,
        widget=fields.DAY_INPUT,
        help_text=gettext_lazy("Empty: today"),
    )

    def set_up(self) -> None:
        chosen = self.data.get(f"{PREFIX}-parts") or self.initial.get("parts")
        parts = int(f"{chosen}") if f"{chosen}".isdecimal() else rfm.DEFAULT_PARTS
        for letter, label in LABELS.items():
            self.fields[letter] = forms.MultipleChoiceField(
                label=label,
                required=False,
                choices=[(n, n) for n in range(1, min(parts, rfm.MAX_PARTS) + 1)],
                widget=forms.CheckboxSelectMultiple,
            )
        self.order_fields(["parts", *LABELS, "days", "as_of"])

    @classmethod
    def to_fields(cls, args: Any) -> dict[str, Any]:
        values = {
            name: args[name] for name in (*LABELS, "parts", "as_of") if name in args
        }
        within = fields.days_to_field(args["within"]) if "within" in args else ""
        return {**values, "days": within}

    def from_fields(self, cleaned: dict[str, Any]) -> Any:
        args: dict[str, Any] = {
            letter: sorted(map(int, cleaned[letter]))
            for letter in LABELS
            if cleaned[letter]
        }
        if not args:
            raise forms.ValidationError(_("Choose at least one grade."))
        if cleaned["parts"] != rfm.DEFAULT_PARTS:
            args["parts"] = cleaned["parts"]
        if cleaned["days"]:
            args["within"] = f"{cleaned['days']}d"
        if cleaned["as_of"]:
            args["as_of"] = cleaned["as_of"].isoformat()
        return args
