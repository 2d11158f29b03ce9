"""Specs of layerings: their format, and two that are used most.

A spec is one of

    {"by": "measure", "kinds": {"order.paid": 1, …}, "within": "180d", "layers": […]}
    {"by": "rules", "gaps": {"kind": "order.paid", …}, "numbers": {…}, "layers": […]}

A member is in the first layer that matches; the last layer contains everyone else. With
a measure, the sum of the facts' amounts, a layer is the `top` share of everyone or has
the lower bound `gte`. With rules, each layer has a rule, in which `$median` and `$long`
stand for the typical days between two facts of a member, and `$clicks` for the number
`clicks`. `ladder` is the key of the ready-made layering that the spec began as.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from django.utils.translation import gettext as _

from qunce.core import errors
from qunce.core.facts import facts

MAX_LAYERS, MAX_LENGTH, MAX_NUMBERS = 30, 80, 20
"""Layers of a layering, characters of a key or name, and numbers in its rules."""
MAX_NUMBER = 10**15
SHARE = re.compile(r"(\d{1,3}(?:\.\d{1,3})?)%")
SPAN = re.compile(r"([1-9]\d{0,3})d")
FIELDS = {
    "measure": {"by", "kinds", "within", "layers", "ladder"},
    "rules": {"by", "gaps", "numbers", "layers", "ladder"},
}
LAYER_FIELDS = {
    "measure": {"key", "name", "top", "gte"},
    "rules": {"key", "name", "rule"},
}

SPENDING_KINDS = {"order.paid": 1, "order.amended": 1, "order.refunded": -1}
VALUE: dict[str, Any] = {
    "by": "measure",
    "kinds": SPENDING_KINDS,
    "within": "180d",
    "layers": [
        {"key": "high", "top": "20%"},
        {"key": "mid", "top": "50%"},
        {"key": "low"},
    ],
}
"""By spending in 180 days: the top 20 %, the following 30 %, and everyone else."""

LIFECYCLE: dict[str, Any] = {
    "by": "rules",
    "gaps": {"kind": "order.paid", "within": "365d", "median": 30, "long": 90},
    "layers": [
        {
            "key": "new",
            "rule": {
                "any": [
                    {"did": {"kind": "order.paid", "first": {"within": "$long"}}},
                    {
                        "all": [
                            {"joined": {"within": "$long"}},
                            {"did": {"kind": "order.paid", "times": {"eq": 0}}},
                        ]
                    },
                ]
            },
        },
        {
            "key": "active",
            "rule": {"did": {"kind": "order.paid", "last": {"within": "$median"}}},
        },
        {
            "key": "cooling",
            "rule": {"did": {"kind": "order.paid", "last": {"within": "$long"}}},
        },
        {"key": "lost"},
    ],
}
"""By the last purchase, compared with the typical days between two purchases.

For each member the 90th percentile of their gaps is taken; `$median` is the median of
these over members, `$long` their 90th percentile. The numbers in `gaps` are used while
too few members have bought often enough.
"""


class InvalidLayering(errors.Invalid):
    """The layers do not put everyone into exactly one layer."""


def check(spec: Any) -> None:
    """Raises InvalidLayering unless the spec puts everyone into exactly one layer."""
    by = spec.get("by") if isinstance(spec, dict) else None
    if not isinstance(by, str) or by not in FIELDS or set(spec) - FIELDS[by]:
        raise InvalidLayering(
            _(
                "A layering is defined by either “measure” or “rules”, and each "
                "accepts only its own fields."
            )
        )
    layers = spec.get("layers")
    if not isinstance(layers, list) or len(layers) < 2:
        raise InvalidLayering(_("A layering needs at least two layers."))
    if len(layers) > MAX_LAYERS:
        raise InvalidLayering(
            _("A layering can have at most %(n)s layers.") % {"n": MAX_LAYERS}
        )
    for layer in layers:
        _check_layer(by, layer, last=layer is layers[-1])
    keys = [layer["key"] for layer in layers]
    if len(set(keys)) < len(keys):
        raise InvalidLayering(_("Two layers have the same key."))
    if by == "measure":
        _check_measure(spec)
    else:
        _check_numbers(spec.get("numbers"))
        _check_gaps(spec.get("gaps"))


def _check_measure(spec: Mapping[str, Any]) -> None:
    kinds = spec.get("kinds")
    if (
        not isinstance(kinds, dict)
        or not kinds
        or not all(type(sign) is int and sign in (1, -1) for sign in kinds.values())
    ):
        raise InvalidLayering(
            _(
                "A measure adds up facts, such as {“order.paid”: 1, “order.refunded”: -1}."
            )
        )
    for kind in kinds:
        facts.check_kind(kind)
    parse_days(spec.get("within"))


def _check_numbers(numbers: Any) -> None:
    if numbers is None:
        return
    if not isinstance(numbers, dict) or len(numbers) > MAX_NUMBERS:
        raise InvalidLayering(_("Write the numbers as an object, at most 20 of them."))
    for name, value in numbers.items():
        # `type`, because True is an instance of int.
        is_count = type(value) is int and 0 <= value <= MAX_NUMBER
        if name in GAPS or not (is_count or (value and parse_days(value))):
            raise InvalidLayering(
                _("“%(name)s” is not a number or a span such as 30d.") % {"name": name}
            )


GAPS = ("median", "long")


def _check_gaps(gaps: Any) -> None:
    if gaps is None:
        return
    if not isinstance(gaps, dict) or not all(
        type(gaps.get(name)) is int and 0 < gaps[name] <= 3660 for name in GAPS
    ):
        raise InvalidLayering(
            _(
                "Give the days “median” and “long” for the case that too little is known."
            )
        )
    facts.check_kind(str(gaps.get("kind")))
    parse_days(gaps.get("within"))


def _check_layer(by: str, layer: Any, *, last: bool) -> None:
    key = layer.get("key") if isinstance(layer, dict) else None
    if not isinstance(key, str) or not key.strip() or len(key) > MAX_LENGTH:
        raise InvalidLayering(_("Every layer needs a key."))
    name = layer.get("name", "")
    if not isinstance(name, str) or len(name) > MAX_LENGTH:
        raise InvalidLayering(
            _("The name of a layer has at most %(n)s characters.") % {"n": MAX_LENGTH}
        )
    label = name or key
    if set(layer) - LAYER_FIELDS[by]:
        raise InvalidLayering(
            _("The layer “%(key)s” has unknown fields.") % {"key": label}
        )
    conditions = set(layer) & {"top", "gte", "rule"}
    if last and conditions:
        raise InvalidLayering(
            _("The last layer contains everyone else and cannot have a condition.")
        )
    if not last and len(conditions) != 1:
        raise InvalidLayering(
            _("The layer “%(key)s” needs exactly one condition.") % {"key": label}
        )
    if "top" in layer:
        parse_share(layer["top"])
    # `type`, because True is an instance of int.
    if "gte" in layer and type(layer["gte"]) is not int:
        raise InvalidLayering(_("A bound must be a whole number."))


def definition_of(spec: Mapping[str, Any]) -> Any:
    """What decides who is in which layer: the spec without names."""
    layers = [
        {field: value for field, value in layer.items() if field != "name"}
        for layer in spec["layers"]
    ]
    rest = {name: value for name, value in spec.items() if name != "ladder"}
    return {**rest, "layers": layers}


def names_of(spec: Mapping[str, Any]) -> dict[str, str]:
    """Layer → its name, in the order of the layers."""
    return {layer["key"]: layer.get("name") or layer["key"] for layer in spec["layers"]}


def parse_share(text: Any) -> Fraction:
    """`"20%"` → 1/5."""
    match = SHARE.fullmatch(text) if isinstance(text, str) else None
    if match is None or not 0 < Fraction(match[1]) <= 100:
        raise InvalidLayering(_("Write a percentage of all members, for example 20%."))
    return Fraction(match[1]) / 100


def parse_days(text: Any) -> int | None:
    """`"180d"` → 180; None stays None and means all time."""
    if text is None:
        return None
    match = SPAN.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise InvalidLayering(_("Write a time span such as 180d."))
    return int(match[1])


def fill_placeholders(
    rule: Any, days: Mapping[str, int], numbers: Mapping[str, Any] | None = None
) -> Any:
    """The rule with `$median` and `$long` replaced by time spans, others by numbers.

    A span is one day longer than the gap, since time spans count today too.
    """
    if isinstance(rule, dict):
        return {
            name: fill_placeholders(part, days, numbers) for name, part in rule.items()
        }
    if isinstance(rule, list):
        return [fill_placeholders(part, days, numbers) for part in rule]
    if isinstance(rule, str) and rule.startswith("$"):
        if rule[1:] in days:
            return f"{days[rule[1:]] + 1}d"
        return (numbers or {}).get(rule[1:], rule)
    return rule


EXAMPLE_GAPS = {"median": 30, "long": 90}
"""Days in rules before the first run has found the real ones."""


def rule_of(
    layer: Mapping[str, Any], spec: Mapping[str, Any], bounds: Mapping[str, int]
) -> Any:
    """The complete rule of a layer; None if it has none. `bounds` are those of a run."""
    if "rule" not in layer:
        return None
    return fill_placeholders(
        layer["rule"], {**EXAMPLE_GAPS, **bounds}, spec.get("numbers")
    )


def list_placeholders(rule: Any) -> set[str]:
    """The names of the numbers and gaps in a rule."""
    if isinstance(rule, dict):
        rule = list(rule.values())
    if isinstance(rule, list):
        return {name for part in rule for name in list_placeholders(part)}
    return {rule[1:]} if isinstance(rule, str) and rule.startswith("$") else set()
