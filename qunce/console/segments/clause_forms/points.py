"""The form of the clause `points`."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy, pgettext_lazy

from qunce.console.segments.clause_forms import fields
from qunce.console.segments.clause_forms.base import ClauseForm
from qunce.sets.rules import comparisons


class PointsForm(ClauseForm):
    name = "points"
    label = pgettext_lazy("clause", "Points balance")
    icon = "star"
    order = 58
    hint = gettext_lazy(
        "What they can spend today: not what has expired, is reserved or not usable yet."
    )
    sign = forms.ChoiceField(
        label=pgettext_lazy("clause", "Points now"),
        choices=fields.COMPARISONS,
        initial="gte",
    )
    number = fields.NumberField(label=gettext_lazy("Number"), initial="100")
    maximum = fields.NumberField(label=gettext_lazy("Maximum"), required=False)

    @classmethod
    def to_fields(cls, args: Any) -> dict[str, Any]:
        bounds = {sign: args[sign] for sign in comparisons.SIGNS if sign in args}
        return dict(fields.comparison_to_fields(bounds))

    def from_fields(self, cleaned: dict[str, Any]) -> Any:
        return fields.comparison_from_fields(cleaned)
