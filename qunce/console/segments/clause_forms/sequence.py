"""The form of the clause `seq`."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.console.segments.clause_forms.base import ClauseForm

MAX_STEPS = 5


class SequenceForm(ClauseForm):
    name = "seq"
    label = gettext_lazy("Did things in this order")
    icon = "arrows-right-left"
    order = 100
    span = forms.IntegerField(
        label=gettext_lazy("All steps within"),
        required=False,
        min_value=1,
        max_value=3660,
    )
    unit = forms.ChoiceField(
        label=gettext_lazy("Days or hours"),
        choices=[("d", gettext_lazy("days")), ("h", gettext_lazy("hours"))],
    )

    def set_up(self) -> None:
        chosen = [self.initial.get(f"step{n}", "") for n in range(MAX_STEPS)]
        kinds = self.fact_kinds(*(kind for kind in chosen if kind))
        for n in range(MAX_STEPS):
            self.fields[f"step{n}"] = forms.ChoiceField(
                label=_("Step %(n)s") % {"n": n + 1},
                choices=kinds if n < 2 else [("", _("no further step")), *kinds],
                required=n < 2,
            )
        self.order_fields([f"step{n}" for n in range(MAX_STEPS)])

    @classmethod
    def to_fields(cls, args: Any) -> dict[str, Any]:
        values = {f"step{n}": step["kind"] for n, step in enumerate(args["steps"])}
        span = re.fullmatch(r"(\d+)([dh])", args.get("within", ""))
        return values | ({"span": span[1], "unit": span[2]} if span else {"unit": "d"})

    def from_fields(self, cleaned: dict[str, Any]) -> Any:
        kinds = [cleaned[f"step{n}"] for n in range(MAX_STEPS)]
        args: dict[str, Any] = {"steps": [{"kind": kind} for kind in kinds if kind]}
        if cleaned["span"]:
            args["within"] = f"{cleaned['span']}{cleaned['unit']}"
        return args
