"""The thresholds of a layering as form fields: from its spec, and back to it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from qunce.core import decimals, money
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
    return new_spec


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


def parse_json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise layer_specs.InvalidLayering(
            _("This is not valid JSON: %(error)s.") % {"error": error}
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
