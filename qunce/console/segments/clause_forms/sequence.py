"""The form of the clause `seq`."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.console.segments.clause_forms import fields
from qunce.console.segments.clause_forms.base import PREFIX, ClauseForm
from qunce.sets.clauses.sequence import MAX_STEPS


class SequenceForm(ClauseForm, fields.WindowForm):
    name = "seq"
    label = gettext_lazy("Did things in this order")
    icon = "arrows-right-left"
    order = 100
    total = forms.IntegerField(
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
        source, prefix = (
            (self.data, f"{PREFIX}-") if self.is_bound else (self.initial, "")
        )
        chosen = [source.get(f"{prefix}step{n}") or "" for n in range(MAX_STEPS)]
        kinds = self.fact_kinds(*filter(None, chosen))
        folded: list[str] = []
        # Those that are chosen and one more; ten fields would be too many to read.
        filled = [n for n, kind in enumerate(chosen) if kind]
        for n, kind in enumerate(chosen[: max(filled, default=0) + 2]):
            self.fields[f"step{n}"] = forms.ChoiceField(
                label=_("Step %(n)s") % {"n": n + 1},
                choices=kinds if n < 2 else [("", _("no further step")), *kinds],
                required=n < 2,
            )
            if n < 2 or kind:
                for name, label in (
                    (f"from{n}", _("Step %(n)s: from (time of day)")),
                    (f"to{n}", _("Step %(n)s: before (time of day)")),
                ):
                    folded.append(name)
                    self.fields[name] = forms.TimeField(
                        label=label % {"n": n + 1},
                        required=False,
                        widget=fields.TIME_INPUT,
                    )
        self.folded_fields = tuple(folded)
        steps = [f"step{n}" for n in range(MAX_STEPS)]
        self.order_fields([*steps, "total", "unit", "when", "span", "day", "until"])

    @classmethod
    def to_fields(cls, args: Any) -> dict[str, Any]:
        values = {"unit": "d", **fields.window_to_fields(args.get("during", {}))}
        for n, step in enumerate(args["steps"]):
            values[f"step{n}"] = step["kind"]
            if "hours" in step:
                values[f"from{n}"], values[f"to{n}"] = step["hours"]
        span = re.fullmatch(r"(\d+)([dh])", args.get("within", ""))
        return values | ({"total": span[1], "unit": span[2]} if span else {})

    def from_fields(self, cleaned: dict[str, Any]) -> Any:
        steps = []
        for n in range(MAX_STEPS):
            if cleaned.get(f"step{n}"):
                hours = fields.hours_from_fields(cleaned, f"from{n}", f"to{n}")
                steps.append({"kind": cleaned[f"step{n}"], **hours})
        args: dict[str, Any] = {"steps": steps}
        if cleaned["total"]:
            args["within"] = f"{cleaned['total']}{cleaned['unit']}"
        window = fields.window_from_fields(cleaned)
        return args | ({"during": window} if window else {})
