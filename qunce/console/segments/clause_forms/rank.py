"""The form of the clause `rank`."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.console.segments.clause_forms import facts as fact_forms
from qunce.console.segments.clause_forms import fields
from qunce.console.segments.clause_forms.facts import FactForm
from qunce.members.attributes.attributes import AttributeType
from qunce.members.clauses.rank import MAX_TOP


class RankForm(FactForm, fields.WindowForm):
    name = "rank"
    label = gettext_lazy("Among the top")
    icon = "trophy"
    order = 28
    hint = gettext_lazy("Members who equal the last of them are among them, too.")
    field_order = ("number", "unit", "by", "attr", "kind", "field", "when")
    number = fields.NumberField(label=gettext_lazy("The top"), initial="20")
    unit = forms.ChoiceField(
        label=gettext_lazy("Share or number"),
        choices=[
            ("share", gettext_lazy("per cent of all members")),
            ("members", gettext_lazy("members")),
        ],
    )
    by = forms.ChoiceField(
        label=gettext_lazy("Ranked by"),
        choices=[
            ("sum", gettext_lazy("sum of a field")),
            ("times", gettext_lazy("how many times")),
            ("days", gettext_lazy("on how many days")),
            ("attr", gettext_lazy("an attribute")),
        ],
    )
    attr = forms.ChoiceField(label=gettext_lazy("Attribute"), required=False)
    field = forms.CharField(
        label=gettext_lazy("Field"), required=False, max_length=100, initial="amount"
    )

    def set_up(self) -> None:
        super().set_up()
        numbers = [
            (each.name, each.label or each.name)
            for each in self.choices.attributes
            if each.type == AttributeType.NUMBER and not each.is_contact
        ]
        self.set_choices("attr", [("", _("Choose an attribute")), *numbers])

    @classmethod
    def to_fields(cls, args: Any) -> dict[str, Any]:
        top = str(args["top"])
        unit = "share" if top.endswith("%") else "members"
        values = {"number": top.removesuffix("%"), "unit": unit}
        if "attr" in args:
            kind = {"kind": fact_forms.DEFAULT_KIND, "when": "ever"}
            return {**values, **kind, "by": "attr", "attr": args["attr"]}
        values |= fact_forms.filter_to_fields(args) | fields.window_to_fields(args)
        return {**values, "by": args.get("by", "times"), "field": args.get("field", "")}

    def from_fields(self, cleaned: dict[str, Any]) -> Any:
        cleaned = self.in_units(cleaned)
        number = cleaned["number"]
        top: Any = f"{number}%"
        if cleaned["unit"] == "members":
            if not isinstance(number, int) or not 1 <= number <= MAX_TOP:
                message = _("Write a whole number of members.")
                raise forms.ValidationError({"number": message})
            top = number
        if cleaned["by"] == "attr":
            return {"top": top, "attr": fields.require(cleaned, "attr")}
        args = {"top": top, **fact_forms.filter_from_fields(cleaned)}
        args |= {"by": cleaned["by"], **fields.window_from_fields(cleaned)}
        if cleaned["by"] == "sum":
            args["field"] = fields.require(cleaned, "field")
        return args
