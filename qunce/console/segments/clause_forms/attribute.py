"""The form of the clause `attr`."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.console.segments.clause_forms import fields
from qunce.console.segments.clause_forms.base import PREFIX, ClauseForm
from qunce.members.attributes.attributes import Attribute

DATE_FORMAT = re.compile(r"\d{4}-\d\d-\d\d")
ORDERED: fields.ChoiceList = (
    ("eq", gettext_lazy("is exactly")),
    ("ne", gettext_lazy("is not")),
    ("gte", gettext_lazy("is at least")),
    ("gt", gettext_lazy("is greater than")),
    ("lte", gettext_lazy("is at most")),
    ("lt", gettext_lazy("is less than")),
)
KNOWN: fields.ChoiceList = (
    ("known", gettext_lazy("is known")),
    ("unknown", gettext_lazy("is not known")),
)
TEXTUAL: fields.ChoiceList = (
    ("in", gettext_lazy("is one of")),
    ("ne", gettext_lazy("is not")),
    ("contains", gettext_lazy("contains")),
    ("starts", gettext_lazy("starts with")),
    *KNOWN,
)
COMPARISONS: dict[str, fields.ChoiceList] = {
    "text": TEXTUAL,
    "choice": TEXTUAL,
    "multi": TEXTUAL,
    "number": (*ORDERED, *KNOWN),
    "instant": (*ORDERED, *KNOWN),
    "date": (
        *ORDERED,
        ("anniversary", gettext_lazy("has an upcoming anniversary")),
        *KNOWN,
    ),
    "bool": (("eq", gettext_lazy("is")), *KNOWN),
}
INPUTS = {
    "date": forms.DateInput(attrs={"type": "date"}),
    "instant": forms.TextInput(attrs={"placeholder": "2026-03-05 09:00"}),
    "number": forms.TextInput(attrs={"inputmode": "decimal"}),
}
YES_OR_NO: fields.ChoiceList = (
    ("yes", gettext_lazy("yes")),
    ("no", gettext_lazy("no")),
)


class AttributeForm(ClauseForm):
    """The type of the attribute decides which fields the form has."""

    name = "attr"
    label = gettext_lazy("Attribute")
    icon = "identification"
    order = 30
    attribute = forms.ChoiceField(label=gettext_lazy("Attribute"))
    sign = forms.ChoiceField(label=gettext_lazy("Comparison"))
    chosen: Attribute | None = None

    def set_up(self) -> None:
        known = {attribute.name: attribute for attribute in self.choices.attributes}
        labels = [(name, attribute.label) for name, attribute in known.items()]
        self.set_choices("attribute", labels)
        name = self.data.get(f"{PREFIX}-attribute") or self.initial.get("attribute")
        self.chosen = known.get(str(name)) or next(iter(known.values()), None)
        if self.chosen is None:
            return
        self.set_choices("sign", COMPARISONS[self.chosen.type])
        if self.chosen.type in ("text", "choice", "multi"):
            picker = self.choices.value_picker(self.chosen)
            self.fields["values"] = fields.PickField(
                label=_("Values"), required=False, widget=picker
            )
        elif self.chosen.type == "bool":
            self.fields["value"] = forms.ChoiceField(
                label=_("Value to compare with"), choices=YES_OR_NO, required=False
            )
        else:
            self.fields["value"] = forms.CharField(
                label=_("Value to compare with"),
                required=False,
                widget=INPUTS[self.chosen.type],
            )
        if self.chosen.type == "date":
            self.fields["days"] = forms.IntegerField(
                label=_("Within days (including today)"), required=False, min_value=1
            )

    @classmethod
    def to_fields(cls, args: Any) -> dict[str, Any]:
        ((sign, required),) = [(key, args[key]) for key in args if key != "name"]
        values = {"attribute": args["name"], "sign": sign}
        if sign == "known":
            return values | {"sign": "known" if required else "unknown"}
        if sign == "anniversary":
            return values | {"days": int(required["within"].removesuffix("d"))}
        if isinstance(required, bool):
            return values | {"value": "yes" if required else "no"}
        texts = required if isinstance(required, list) else [required]
        return values | {"values": texts, "value": str(required)}

    def from_fields(self, cleaned: dict[str, Any]) -> Any:
        sign, args = cleaned["sign"], {"name": cleaned["attribute"]}
        if sign in ("known", "unknown"):
            return args | {"known": sign == "known"}
        if sign == "anniversary":
            days = fields.require(cleaned, "days")
            return args | {"anniversary": {"within": f"{days}d"}}
        if "values" not in cleaned:
            return args | {sign: self._parse(fields.require(cleaned, "value"))}
        values = fields.require(cleaned, "values")
        if sign != "in" and len(values) > 1:
            raise forms.ValidationError({"values": _("Choose one value only.")})
        return args | {sign: values if sign == "in" else values[0]}

    def _parse(self, text: str) -> str | int | bool:
        """The value as JSON writes it for the type of the attribute."""
        attribute_type = self.chosen.type if self.chosen else "text"
        if attribute_type == "date" and not DATE_FORMAT.fullmatch(text):
            message = _("Write a date like 2026-03-31.")
            raise forms.ValidationError({"value": message})
        if attribute_type == "bool":
            return text == "yes"
        whole = re.fullmatch(r"-?(0|[1-9]\d{0,14})", text.strip())
        if attribute_type == "number" and whole:
            return int(Decimal(text))
        return text.strip()
