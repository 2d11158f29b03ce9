"""The thresholds of a layering as fields: from its spec and back, pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _

from qunce.core import money
from qunce.members.layers import specs as layer_specs

ORDER_KINDS = ("order.paid", "order.amended", "order.refunded")


@dataclass(frozen=True)
class Field:
    """One layer as it is edited. `how` is `top`, `gte`, `rule` or `rest`."""

    key: str
    name: str
    how: str
    value: str = ""
    rule: Any = None


def is_money(spec: Mapping[str, Any]) -> bool:
    """Whether the sums are amounts of the community's currency."""
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
        shown = money.format_amount(units, currency) if is_money(spec) else str(units)
        return Field(key, name, "gte", shown)
    if "rule" in layer:
        return Field(key, name, "rule", rule=layer["rule"])
    return Field(key, name, "rest")


def apply_form(spec: Mapping[str, Any], given: Mapping[str, Any], currency: str) -> Any:
    """The spec with what was typed; fields are `name-1`, `how-1`, `value-1`, …"""
    layers = [
        _apply_to_layer(layer, number, spec, given, currency)
        for number, layer in enumerate(spec["layers"])
    ]
    found = {**spec, "layers": layers}
    if given.get("within"):
        found["within"] = f"{str(given['within']).strip()}d"
    return found


def _apply_to_layer(
    layer: Mapping[str, Any],
    number: int,
    spec: Mapping[str, Any],
    given: Mapping[str, Any],
    currency: str,
) -> dict[str, Any]:
    found = dict(layer)
    name = str(given.get(f"name-{number}", layer.get("name", ""))).strip()[:80]
    found.pop("name", None)
    found |= {"name": name} if name else {}
    how, value = given.get(f"how-{number}"), given.get(f"value-{number}")
    if how not in ("top", "gte") or not {"top", "gte"} & set(layer) or value is None:
        return found
    found.pop("top", None)
    found.pop("gte", None)
    return found | {str(how): _parse_value(str(how), str(value), spec, currency)}


def _parse_value(
    how: str, text: str, spec: Mapping[str, Any], currency: str
) -> str | int:
    if how == "top":
        return f"{_parse_percentage(text)}%"
    if is_money(spec):
        return money.parse(text, currency)
    try:
        return int(text.replace(",", "").strip())
    except ValueError:
        raise layer_specs.InvalidLayering(
            _("A bound must be a whole number.")
        ) from None


def _parse_percentage(text: str) -> str:
    """`"20.0 %"` → `"20"`: shares are kept as they are first written."""
    try:
        share = Decimal(text.replace("%", "").strip())
        return f"{share.normalize():f}"
    except InvalidOperation:
        raise layer_specs.InvalidLayering(
            _("Write a percentage of all members, for example 20%.")
        ) from None


def parse_json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise layer_specs.InvalidLayering(
            _("This is not valid JSON: %(error)s.") % {"error": error}
        ) from None
