"""Forms of what somebody did, and of what is known of them."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.console.segments import form_fields
from qunce.console.segments.clause_forms import PREFIX, ClauseForm
from qunce.console.segments.form_fields import Lacking, PickField, WindowForm, need
from qunce.members.attributes.attributes import Attribute

MEASURES: form_fields.Choices = (
    ("times", gettext_lazy("how many times")),
    ("days", gettext_lazy("on how many days")),
    ("weeks", gettext_lazy("in how many weeks")),
    ("sum", gettext_lazy("sum of a field")),
    ("first", gettext_lazy("when it first happened")),
    ("last", gettext_lazy("when it last happened")),
)
COUNTED = ("times", "days", "weeks")
USUAL = "order.paid"
"""What is asked most; the clause begins with it."""
HOW_OFTEN: form_fields.Choices = (
    ("once", gettext_lazy("at least once")),
    ("never", gettext_lazy("never")),
    *form_fields.SIGNS,
)
CONDITIONS: form_fields.Choices = (
    ("is", gettext_lazy("is one of")),
    *form_fields.SIGNS,
)


class DidForm(ClauseForm, WindowForm):
    """One measure; several of one clause are written as JSON, or as two lines."""

    name = "did"
    words = gettext_lazy("Did something")
    icon = "bolt"
    more = (
        "where",
        "where_sign",
        "where_values",
        "where_number",
        "where_most",
        "groups",
    )
    field_order = ("kind", "measure", "field", "sign", "number", "most", "when")
    kind = forms.ChoiceField(label=gettext_lazy("What the member did"))
    measure = forms.ChoiceField(label=gettext_lazy("Measure"), choices=MEASURES)
    sign = forms.ChoiceField(
        label=gettext_lazy("How much"), choices=HOW_OFTEN, required=False
    )
    number = forms.IntegerField(label=gettext_lazy("Number"), required=False)
    most = forms.IntegerField(label=gettext_lazy("Maximum"), required=False)
    field = forms.CharField(
        label=gettext_lazy("Field to sum"), required=False, max_length=60
    )
    where = forms.CharField(
        label=gettext_lazy("Only where the field"), required=False, max_length=60
    )
    where_sign = forms.ChoiceField(
        label=gettext_lazy("Comparison"), choices=CONDITIONS, required=False
    )
    where_values = forms.CharField(
        label=gettext_lazy("Values, one per line"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    where_number = forms.IntegerField(label=gettext_lazy("Number"), required=False)
    where_most = forms.IntegerField(label=gettext_lazy("Maximum"), required=False)
    groups = PickField(label=gettext_lazy("Only in these groups"), required=False)

    def offer(self) -> None:
        given = self.data.get(f"{PREFIX}-kind") or self.initial.get("kind")
        self.choose("kind", self.kinds(given or USUAL))
        if not given:
            self.initial["kind"] = USUAL
        self.pick("groups", "group")

    @classmethod
    def fill(cls, args: Any) -> dict[str, Any]:
        found = {"kind": args["kind"], "measure": "times", "sign": "once"}
        found |= form_fields.window_fill(args) | _where_fill(args.get("where", {}))
        for measure in COUNTED:
            if measure in args:
                found |= {"measure": measure, **_often_fill(args[measure])}
        if "sum" in args:
            bounds = {sign: n for sign, n in args["sum"].items() if sign != "field"}
            found |= {"measure": "sum", "field": args["sum"]["field"]}
            found |= form_fields.compared_fill(bounds)
        for edge in ("first", "last"):
            if edge in args:
                found |= {"measure": edge, **form_fields.window_fill(args[edge])}
        return found

    def write(self, cleaned: dict[str, Any]) -> Any:
        measure = cleaned["measure"]
        found: dict[str, Any] = {"kind": cleaned["kind"]}
        window = form_fields.window_args(cleaned)
        if measure in ("first", "last"):
            if not window:
                raise Lacking("when", _("Choose a time range."))
            found[measure] = window
        else:
            found |= window
        if measure == "sum":
            bounds = form_fields.compared_args(_signed(cleaned))
            found["sum"] = {"field": need(cleaned, "field"), **bounds}
        elif measure in COUNTED and (measure, cleaned["sign"]) != ("times", "once"):
            found[measure] = _often_args(cleaned)
        where = _where_args(cleaned)
        return found | ({"where": where} if where else {})


def _often_fill(bounds: Any) -> dict[str, Any]:
    return (
        {"sign": "never"} if bounds == {"eq": 0} else form_fields.compared_fill(bounds)
    )


def _often_args(cleaned: dict[str, Any]) -> dict[str, int]:
    fixed = {"once": {"gte": 1}, "never": {"eq": 0}}
    return fixed.get(cleaned["sign"]) or form_fields.compared_args(cleaned)


def _signed(cleaned: dict[str, Any]) -> dict[str, Any]:
    if cleaned["sign"] in ("once", "never"):
        raise Lacking("sign", _("Choose how to compare the sum."))
    return cleaned


def _where_fill(where: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for field, wanted in where.items():
        if field == "group":
            found["groups"] = wanted
            continue
        found["where"] = field
        if isinstance(wanted, dict):
            given = form_fields.compared_fill(wanted)
            found |= {f"where_{key}": value for key, value in given.items()}
        else:
            found |= {"where_sign": "is", "where_values": "\n".join(wanted)}
    return found


def _where_args(cleaned: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if cleaned["where"]:
        found[cleaned["where"]] = _condition(cleaned)
    if cleaned["groups"]:
        found["group"] = cleaned["groups"]
    return found


def _condition(cleaned: dict[str, Any]) -> Any:
    if cleaned["where_sign"] in ("is", ""):
        lines = need(cleaned, "where_values").splitlines()
        return [line.strip() for line in lines if line.strip()]
    number = need(cleaned, "where_number")
    if cleaned["where_sign"] == "between":
        return {"gte": number, "lte": need(cleaned, "where_most")}
    return {cleaned["where_sign"]: number}


STEPS = 5


class SequenceForm(ClauseForm):
    name = "seq"
    words = gettext_lazy("Did things in this order")
    icon = "arrows-right-left"
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

    def offer(self) -> None:
        given = [self.initial.get(f"step{n}", "") for n in range(STEPS)]
        known = self.kinds(*(kind for kind in given if kind))
        for number in range(STEPS):
            self.fields[f"step{number}"] = forms.ChoiceField(
                label=_("Step %(n)s") % {"n": number + 1},
                choices=known if number < 2 else [("", _("no further step")), *known],
                required=number < 2,
            )
        self.order_fields([f"step{n}" for n in range(STEPS)])

    @classmethod
    def fill(cls, args: Any) -> dict[str, Any]:
        found = {f"step{n}": step["kind"] for n, step in enumerate(args["steps"])}
        span = re.fullmatch(r"(\d+)([dh])", args.get("within", ""))
        return found | ({"span": span[1], "unit": span[2]} if span else {"unit": "d"})

    def write(self, cleaned: dict[str, Any]) -> Any:
        steps = [cleaned[f"step{n}"] for n in range(STEPS) if cleaned[f"step{n}"]]
        found: dict[str, Any] = {"steps": [{"kind": kind} for kind in steps]}
        if cleaned["span"]:
            found["within"] = f"{cleaned['span']}{cleaned['unit']}"
        return found


DAY = re.compile(r"\d{4}-\d\d-\d\d")
EQUAL: form_fields.Choices = (("in", gettext_lazy("is one of")),)
ORDERED: form_fields.Choices = (
    ("eq", gettext_lazy("is exactly")),
    ("ne", gettext_lazy("is not")),
    ("gte", gettext_lazy("is at least")),
    ("gt", gettext_lazy("is greater than")),
    ("lte", gettext_lazy("is at most")),
    ("lt", gettext_lazy("is less than")),
)
KNOWN: form_fields.Choices = (
    ("known", gettext_lazy("is known")),
    ("unknown", gettext_lazy("is not known")),
)
TEXTUAL: form_fields.Choices = (
    *EQUAL,
    ("ne", gettext_lazy("is not")),
    ("contains", gettext_lazy("contains")),
    ("starts", gettext_lazy("starts with")),
    *KNOWN,
)
SIGNS: dict[str, form_fields.Choices] = {
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
DATES = {
    "date": forms.DateInput(attrs={"type": "date"}),
    "instant": forms.TextInput(attrs={"placeholder": "2026-03-05 09:00"}),
    "number": forms.TextInput(attrs={"inputmode": "decimal"}),
}
YES: form_fields.Choices = (("yes", gettext_lazy("yes")), ("no", gettext_lazy("no")))


class AttributeForm(ClauseForm):
    """Which fields it has follows from the type of the attribute."""

    name = "attr"
    words = gettext_lazy("Attribute")
    icon = "identification"
    attribute = forms.ChoiceField(label=gettext_lazy("Attribute"))
    sign = forms.ChoiceField(label=gettext_lazy("Comparison"))
    of: Attribute | None = None

    def offer(self) -> None:
        known = {each.name: each for each in self.desk.attributes}
        self.choose("attribute", [(each.name, each.label) for each in known.values()])
        wanted = self.data.get(f"{PREFIX}-attribute") or self.initial.get("attribute")
        self.of = known.get(str(wanted)) or next(iter(known.values()), None)
        if self.of is None:
            return
        self.choose("sign", SIGNS[self.of.type])
        if self.of.type in ("text", "choice", "multi"):
            self.fields["values"] = PickField(
                label=_("Values"), required=False, widget=self.desk.values(self.of)
            )
        elif self.of.type == "bool":
            self.fields["value"] = forms.ChoiceField(
                label=_("Value to compare with"), choices=YES, required=False
            )
        else:
            self.fields["value"] = forms.CharField(
                label=_("Value to compare with"),
                required=False,
                widget=DATES[self.of.type],
            )
        if self.of.type == "date":
            self.fields["days"] = forms.IntegerField(
                label=_("Within days (including today)"), required=False, min_value=1
            )

    @classmethod
    def fill(cls, args: Any) -> dict[str, Any]:
        ((sign, wanted),) = [(key, args[key]) for key in args if key != "name"]
        found = {"attribute": args["name"], "sign": sign}
        if sign == "known":
            return found | {"sign": "known" if wanted else "unknown"}
        if sign == "anniversary":
            return found | {"days": int(wanted["within"].removesuffix("d"))}
        if isinstance(wanted, bool):
            return found | {"value": "yes" if wanted else "no"}
        listed = wanted if isinstance(wanted, list) else [wanted]
        return found | {"values": listed, "value": str(wanted)}

    def write(self, cleaned: dict[str, Any]) -> Any:
        sign, found = cleaned["sign"], {"name": cleaned["attribute"]}
        if sign in ("known", "unknown"):
            return found | {"known": sign == "known"}
        if sign == "anniversary":
            return found | {"anniversary": {"within": f"{need(cleaned, 'days')}d"}}
        if "values" not in cleaned:
            return found | {sign: self._value(need(cleaned, "value"))}
        values = need(cleaned, "values")
        if sign != "in" and len(values) > 1:
            raise Lacking("values", _("Choose one value only."))
        return found | {sign: values if sign == "in" else values[0]}

    def _value(self, text: str) -> str | int | bool:
        kind = self.of.type if self.of else "text"
        if kind == "date" and not DAY.fullmatch(text):
            raise Lacking("value", _("Write a date like 2026-03-31."))
        if kind == "bool":
            return text == "yes"
        whole = kind == "number" and re.fullmatch(r"-?(0|[1-9]\d{0,14})", text.strip())
        return int(Decimal(text)) if whole else text.strip()
