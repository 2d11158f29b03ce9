"""Base of the forms of clauses over facts: one kind of fact with its conditions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils import dates
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.console.segments.clause_forms import fields
from qunce.console.segments.clause_forms.base import PREFIX, ClauseForm
from qunce.core.facts import facts
from qunce.sets.rules import payload_fields

if TYPE_CHECKING:
    from qunce.console.segments.builder_choices import Choices

WHERE_COMPARISONS: fields.ChoiceList = (
    ("is", gettext_lazy("is one of")),
    *fields.COMPARISONS,
    ("yes", gettext_lazy("is yes")),
    ("no", gettext_lazy("is no")),
)
DEFAULT_KIND = "order.paid"
MAX_CONDITIONS = 4
"""On fields of one fact."""


class FactForm(ClauseForm):
    """A kind of fact, and folded: conditions on its fields, its time and its group."""

    kind = forms.ChoiceField(label=gettext_lazy("What the member did"))
    hour_from = forms.TimeField(
        label=gettext_lazy("From (time of day)"),
        required=False,
        widget=fields.TIME_INPUT,
    )
    hour_to = forms.TimeField(
        label=gettext_lazy("Before (time of day)"),
        required=False,
        widget=fields.TIME_INPUT,
    )
    weekdays = forms.MultipleChoiceField(
        label=gettext_lazy("Only on these weekdays"),
        required=False,
        choices=list(dates.WEEKDAYS.items()),
        widget=forms.CheckboxSelectMultiple,
    )
    groups = fields.PickField(
        label=gettext_lazy("Only in these groups"), required=False
    )

    def set_up(self) -> None:
        kind = self._value_of("kind")
        self.set_choices("kind", self.fact_kinds(kind or DEFAULT_KIND))
        # Paying an order is what is asked most; a new clause starts with it.
        if not kind:
            self.initial["kind"] = kind = DEFAULT_KIND
        self.use_picker("groups", "group")
        if "field" in self.fields:
            numbers = facts.list_number_fields(kind)
            self._offer("field", kind, [name for name in numbers if name != "paid_at"])
        folded: list[str] = []
        for index in range(self._count_conditions()):
            folded += self._add_condition(index, kind)
        self.folded_fields = (*folded, "hour_from", "hour_to", "weekdays", "groups")
        unfolded = [name for name in self.fields if name not in self.folded_fields]
        self.order_fields([*unfolded, *self.folded_fields])
        for name in self.money_of(self.data, f"{PREFIX}-") or self.money_of(
            self.initial
        ):
            text = _("In %(currency)s") % {"currency": self.choices.currency}
            self.fields[name].help_text = text

    def _count_conditions(self) -> int:
        """Those that are filled in, and one more."""
        filled = [n for n in range(MAX_CONDITIONS) if self._value_of(f"where{n}")]
        return min(max(filled, default=-1) + 2, MAX_CONDITIONS)

    def _add_condition(self, index: int, kind: str) -> list[str]:
        """Add the fields of a condition on a field of the fact; returns their names."""
        label = _("Only where the field") if not index else _("and where the field")
        name = f"where{index}"
        self.fields[name] = forms.CharField(
            label=label, required=False, max_length=payload_fields.MAX_NAME_LENGTH
        )
        self._offer(name, kind, facts.list_fields(kind), no_field=True)
        self.fields[f"{name}_sign"] = forms.ChoiceField(
            label=_("Comparison"), choices=WHERE_COMPARISONS, required=False
        )
        self.fields[f"{name}_values"] = forms.CharField(
            label=_("Values, one per line"),
            required=False,
            widget=forms.Textarea(attrs={"rows": 2}),
        )
        for end, text in (("number", _("Number")), ("maximum", _("Maximum"))):
            self.fields[f"{name}_{end}"] = fields.NumberField(
                label=text, required=False
            )
        ends = ("", "_sign", "_values", "_number", "_maximum")
        return [f"{name}{end}" for end in ends]

    def _value_of(self, name: str) -> str:
        return self.data.get(f"{PREFIX}-{name}") or self.initial.get(name) or ""

    def _offer(
        self,
        name: str,
        kind: str,
        fields_of_kind: Sequence[str],
        *,
        no_field: bool = False,
    ) -> None:
        """List the fields that facts of a kind have, if these are known."""
        if not fields_of_kind:
            return
        chosen = self._value_of(name)
        offered = dict.fromkeys([*fields_of_kind, *([chosen] if chosen else [])])
        choices = [(field, facts.field_label(kind, field)) for field in offered]
        self.fields[name] = forms.ChoiceField(
            label=self.fields[name].label,
            required=False,
            choices=[("", _("no further condition")), *choices]
            if no_field
            else choices,
        )

    @classmethod
    def money_of(cls, values: Mapping[str, Any], prefix: str = "") -> list[str]:
        """The fields of the form that are amounts of money."""
        money_fields = facts.money_fields(str(values.get(f"{prefix}kind")))
        names = []
        for n in range(MAX_CONDITIONS):
            if values.get(f"{prefix}where{n}") in money_fields:
                names += [f"where{n}_number", f"where{n}_maximum"]
        return names

    @classmethod
    def to_shown_fields(cls, args: Any, choices: Choices) -> dict[str, Any]:
        values = cls.to_fields(args)
        amounts = {
            name: fields.to_amount(values[name], choices.currency)
            for name in cls.money_of(values)
            if name in values
        }
        return values | amounts

    def in_units(self, cleaned: dict[str, Any]) -> dict[str, Any]:
        """The values with amounts of money in the smallest unit of the currency."""
        amounts = {
            name: fields.from_amount(cleaned[name], self.choices.currency)
            for name in self.money_of(cleaned)
            if cleaned.get(name) is not None
        }
        return cleaned | amounts


def filter_to_fields(args: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a kind of fact with its conditions."""
    values = {"kind": args["kind"], **_where_to_fields(args.get("where", {}))}
    if "hours" in args:
        values["hour_from"], values["hour_to"] = args["hours"]
    if "weekdays" in args:
        values["weekdays"] = args["weekdays"]
    return values


def filter_from_fields(cleaned: Mapping[str, Any]) -> dict[str, Any]:
    args: dict[str, Any] = {"kind": cleaned["kind"]}
    args |= fields.hours_from_fields(cleaned, "hour_from", "hour_to")
    if cleaned["weekdays"]:
        args["weekdays"] = sorted(map(int, cleaned["weekdays"]))
    where = _where_from_fields(cleaned)
    return args | ({"where": where} if where else {})


def _where_to_fields(where: Any) -> dict[str, Any]:
    values: dict[str, Any] = {}
    conditions = {field: wanted for field, wanted in where.items() if field != "group"}
    if "group" in where:
        values["groups"] = where["group"]
    for index, (field, required) in enumerate(conditions.items()):
        name = f"where{index}"
        values[name] = field
        if isinstance(required, dict):
            bounds = fields.comparison_to_fields(required)
            values |= {f"{name}_{key}": value for key, value in bounds.items()}
        elif isinstance(required, bool):
            values[f"{name}_sign"] = "yes" if required else "no"
        else:
            values |= {f"{name}_sign": "is", f"{name}_values": "\n".join(required)}
    return values


def _where_from_fields(cleaned: Mapping[str, Any]) -> dict[str, Any]:
    where: dict[str, Any] = {}
    for index in range(MAX_CONDITIONS):
        name = f"where{index}"
        field, sign = cleaned.get(name), cleaned.get(f"{name}_sign") or "is"
        if not field:
            continue
        if sign in ("yes", "no"):
            where[field] = sign == "yes"
        elif sign == "is":
            lines = fields.require(cleaned, f"{name}_values").splitlines()
            where[field] = [line.strip() for line in lines if line.strip()]
        else:
            where[field] = fields.comparison_from_fields(cleaned, f"{name}_")
    if cleaned["groups"]:
        where["group"] = cleaned["groups"]
    return where
