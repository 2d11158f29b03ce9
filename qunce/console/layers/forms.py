"""The thresholds of a layering as form fields: from its spec, and back to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from qunce.core import decimals, money
from qunce.members.layers import ladders
from qunce.members.layers import layering_specs as layer_specs

ORDER_KINDS = ("order.paid", "order.amended", "order.refunded")


@dataclass(frozen=True)
class Field:
    """One layer in the form. `method` is `top`, `gte`, `rule` or `rest`."""

    key: str
    name: str
    method: str
    value: str = ""
    rule: Any = None


def is_money(spec: Mapping[str, Any]) -> bool:
    """Whether the measure is an amount in the community's currency."""
    return spec["by"] == "measure" and set(spec["kinds"]) <= set(ORDER_KINDS)


def fields_of(spec: Mapping[str, Any], currency: str) -> list[Field]:
    return [_field_of(layer, spec, currency) for layer in spec["layers"]]


def _field_of(
    layer: Mapping[str, Any], spec: Mapping[str, Any], currency: str
) -> Field:
    key, name = layer["key"], layer.get("name", "")
    if "top" in layer:
        return Field(key, name, "top", layer["top"].removesuffix("%"))
    if "gte" in layer:
        units = layer["gte"]
        text = money.format_amount(units, currency) if is_money(spec) else str(units)
        return Field(key, name, "gte", text)
    if "rule" in layer:
        return Field(key, name, "rule", rule=layer["rule"])
    return Field(key, name, "rest")


def apply_form(spec: Mapping[str, Any], data: Mapping[str, Any], currency: str) -> Any:
    """Return the spec with the form's data: `name-0`, `method-0`, `value-0`, …"""
    layers = [
        _apply_to_layer(layer, index, spec, data, currency)
        for index, layer in enumerate(spec["layers"])
    ]
    new_spec = {**spec, "layers": layers}
    if data.get("within"):
        new_spec["within"] = f"{str(data['within']).strip()}d"
    elif "within" in data:
        new_spec.pop("within", None)
    if spec.get("numbers"):
        new_spec["numbers"] = {
            name: _parse_number(name, value, spec, data, currency)
            for name, value in spec["numbers"].items()
        }
    return new_spec


def _parse_number(
    name: str,
    value: int | str,
    spec: Mapping[str, Any],
    data: Mapping[str, Any],
    currency: str,
) -> int | str:
    text = data.get(f"number-{name}")
    if text is None:
        return value
    if isinstance(value, str):
        return f"{_parse_count(str(text))}d"
    if _unit_of(name, spec) == "money":
        return money.to_units(str(text), currency)
    return _parse_count(str(text))


def _parse_count(text: str) -> int:
    try:
        return int(text.replace(",", "").strip()[:20])
    except ValueError:
        raise layer_specs.InvalidLayering(_("Write a whole number.")) from None


def _unit_of(name: str, spec: Mapping[str, Any]) -> str:
    ladder = ladders.find(str(spec.get("ladder", "")))
    number = ladder.numbers.get(name) if ladder else None
    return number.unit if number else ""


@dataclass(frozen=True)
class NumberField:
    """A number in the rules, as the form shows it. `unit` is that of the ladder."""

    name: str
    label: str
    value: str
    unit: str


def number_fields_of(spec: Mapping[str, Any], currency: str) -> list[NumberField]:
    ladder = ladders.find(str(spec.get("ladder", "")))
    fields = []
    for name, value in (spec.get("numbers") or {}).items():
        number = ladder.numbers.get(name) if ladder else None
        label = str(number.label) if number else name
        if isinstance(value, str):
            unit, text = "days", value.removesuffix("d")
        elif number and number.unit == "money":
            unit, text = "money", money.format_amount(value, currency)
        else:
            unit, text = "times", str(value)
        fields.append(NumberField(name, label, text, unit))
    return fields


def _apply_to_layer(
    layer: Mapping[str, Any],
    index: int,
    spec: Mapping[str, Any],
    data: Mapping[str, Any],
    currency: str,
) -> dict[str, Any]:
    new_layer = dict(layer)
    name = str(data.get(f"name-{index}", layer.get("name", ""))).strip()[:80]
    new_layer.pop("name", None)
    new_layer |= {"name": name} if name else {}
    method, value = data.get(f"method-{index}"), data.get(f"value-{index}")
    if method not in ("top", "gte") or not {"top", "gte"} & set(layer) or value is None:
        return new_layer
    new_layer.pop("top", None)
    new_layer.pop("gte", None)
    return new_layer | {
        str(method): _parse_value(str(method), str(value), spec, currency)
    }


def _parse_value(
    method: str, text: str, spec: Mapping[str, Any], currency: str
) -> str | int:
    if method == "top":
        return f"{_parse_percentage(text)}%"
    if is_money(spec):
        return money.to_units(text, currency)
    try:
        return int(text.replace(",", "").strip())
    except ValueError:
        raise layer_specs.InvalidLayering(
            _("A bound must be a whole number.")
        ) from None


def _parse_percentage(text: str) -> str:
    """Return a percentage in its shortest form, `"20.0 %"` → `"20"`."""
    try:
        share = decimals.parse(text.replace("%", ""))
        return f"{share.normalize():f}"
    except decimals.NotADecimal:
        raise layer_specs.InvalidLayering(
            _("Write a percentage of all members, for example 20%.")
        ) from None
