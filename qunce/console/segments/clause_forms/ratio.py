"""The form of the clause `ratio`."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from qunce.console.segments.clause_forms import fields
from qunce.console.segments.clause_forms.base import PREFIX, ClauseForm
from qunce.sets.rules import comparisons

DEFAULTS = {"of": "send.clicked", "per": "send.delivered"}


class RatioForm(ClauseForm, fields.WindowForm):
    """Two kinds of facts; one with further conditions is kept as it is."""

    name = "ratio"
    label = gettext_lazy("Ratio of two counts")
    icon = "calculator"
    order = 26
    hint = gettext_lazy(
        "Such as clicks for each message received. Without any of the second, there is no"
        " ratio, and the member does not match."
    )
    field_order = ("of", "per", "sign", "number", "maximum", "least", "when")
    of = forms.ChoiceField(label=gettext_lazy("How often the member did this"))
    per = forms.ChoiceField(label=gettext_lazy("for each time of this"))
    sign = forms.ChoiceField(
        label=gettext_lazy("Ratio"), choices=fields.COMPARISONS, initial="gte"
    )
    number = fields.NumberField(label=gettext_lazy("Number"), initial="0.2")
    maximum = fields.NumberField(label=gettext_lazy("Maximum"), required=False)
    least = forms.IntegerField(
        label=gettext_lazy("Out of at least"),
        required=False,
        min_value=1,
        initial=5,
        help_text=gettext_lazy("times of the second"),
    )

    def set_up(self) -> None:
        for name, default in DEFAULTS.items():
            kind = self.data.get(f"{PREFIX}-{name}") or self.initial.get(name)
            self.set_choices(name, self.fact_kinds(*DEFAULTS.values(), kind or default))
            if not kind:
                self.initial[name] = default

    @classmethod
    def to_fields(cls, args: Any) -> dict[str, Any]:
        bounds = {sign: args[sign] for sign in comparisons.SIGNS if sign in args}
        return {
            "of": args["of"]["kind"],
            "per": args["per"]["kind"],
            "least": args.get("least", ""),
            **fields.comparison_to_fields(bounds),
            **fields.window_to_fields(args),
        }

    def from_fields(self, cleaned: dict[str, Any]) -> Any:
        args = {
            "of": {"kind": cleaned["of"]},
            "per": {"kind": cleaned["per"]},
            **fields.comparison_from_fields(cleaned),
            **fields.window_from_fields(cleaned),
        }
        return args | ({"least": cleaned["least"]} if cleaned["least"] else {})
