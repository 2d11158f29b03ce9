"""Specs of layerings: their format, and two ready-made ones.

A spec is one of

    {"by": "measure", "kinds": {"order.paid": 1, …}, "within": "180d", "layers": […]}
    {"by": "rules", "gaps": {"kind": "order.paid", …}, "layers": […]}

A member is in the first layer that matches; the last layer contains everyone else. With
a measure, the sum of the facts' amounts, a layer is the `top` share of everyone or has
the lower bound `gte`. With rules, each layer has a rule, in which `$median` and `$long`
stand for the typical days between two facts of a member.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from django.utils.translation import gettext as _

from qunce.core import errors
from qunce.core.facts import facts

SHARE = re.compile(r"(\d{1,3}(?:\.\d{1,3})?)%")
SPAN = re.compile(r"([1-9]\d{0,3})d")
FIELDS = {
    "measure": {"by", "kinds", "within", "layers"},
    "rules": {"by", "gaps", "layers"},
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
    if by not in FIELDS or set(spec) - FIELDS[by]:
        raise InvalidLayering(
            _(
                "A layering is defined by either “measure” or “rules”, and each "
                "accepts only its own fields."
            )
        )
    layers = spec.get("layers")
    if not isinstance(layers, list) or len(layers) < 2:
        raise InvalidLayering(_("A layering needs at least two layers."))
    for layer in layers:
        _check_layer(by, layer, last=layer is layers[-1])
    keys = [layer["key"] for layer in layers]
    if len(set(keys)) < len(keys):
        raise InvalidLayering(_("Two layers have the same key."))
    if by == "measure":
        kinds = spec.get("kinds")
        if not isinstance(kinds, dict) or not kinds or set(kinds.values()) - {1, -1}:
            raise InvalidLayering(
                _(
                    "A measure adds up facts, such as {“order.paid”: 1, “order.refunded”: -1}."
                )
            )
        for kind in kinds:
            facts.check_kind(kind)
        parse_days(spec.get("within"))
    elif spec.get("gaps") is not None:
        facts.check_kind(str(spec["gaps"].get("kind")))
        parse_days(spec["gaps"].get("within"))


def _check_layer(by: str, layer: Any, *, last: bool) -> None:
    if not isinstance(layer, dict) or not str(layer.get("key", "")).strip():
        raise InvalidLayering(_("Every layer needs a key."))
    if set(layer) - LAYER_FIELDS[by]:
        raise InvalidLayering(
            _("The layer “%(key)s” has unknown fields.") % {"key": layer["key"]}
        )
    conditions = set(layer) & {"top", "gte", "rule"}
    if last and conditions:
        raise InvalidLayering(
            _("The last layer contains everyone else and cannot have a condition.")
        )
    if not last and len(conditions) != 1:
        raise InvalidLayering(
            _("The layer “%(key)s” needs exactly one condition.")
            % {"key": layer["key"]}
        )
    if "top" in layer:
        parse_share(layer["top"])
    # `type`, because True is an instance of int.
    if "gte" in layer and type(layer["gte"]) is not int:
        raise InvalidLayering(_("A bound must be a whole number."))


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


def fill_placeholders(rule: Any, days: Mapping[str, int]) -> Any:
    """The rule with `$median` and `$long` replaced by time spans.

    A span is one day longer than the gap, since time spans count today too.
    """
    if isinstance(rule, dict):
        return {name: fill_placeholders(part, days) for name, part in rule.items()}
    if isinstance(rule, list):
        return [fill_placeholders(part, days) for part in rule]
    if isinstance(rule, str) and rule.startswith("$") and rule[1:] in days:
        return f"{days[rule[1:]] + 1}d"
    return rule
