"""What a layering may be, and the ready-made ones.

A spec is one of

    {"by": "measure", "kinds": {"order.paid": 1, …}, "within": "180d", "layers": […]}
    {"by": "rules", "gaps": {"kind": "order.paid", …}, "layers": […]}

Layers are tried in order and the last takes the rest. By a measure, the sum of the
facts' amounts, a layer is the `top` share of everyone, or from `gte` on. By rules, a
layer is a rule; in it `$median` and `$long` stand for days found in the members' gaps.
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
"""The fifth of everyone who spent most in 180 days, who follow up to half, the rest."""

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
"""New, or bought within the usual time, or within the longest usual time, or not.

The usual time is found in what members do: each one's own 90th percentile of the days
between two purchases; `$median` is the median of these over members and `$long` their
90th percentile. The numbers given here stand in while too few have bought often.
"""


class InvalidLayering(errors.Invalid):
    """The layers do not lay out everyone in exactly one."""


def check(spec: Any) -> None:
    """Refuses a spec that does not say for everyone where they are."""
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
    _check_measure(spec) if by == "measure" else _check_gaps(spec)


def _check_layer(by: str, layer: Any, *, last: bool) -> None:
    if not isinstance(layer, dict) or not str(layer.get("key", "")).strip():
        raise InvalidLayering(_("Every layer needs a key."))
    if set(layer) - LAYER_FIELDS[by]:
        raise InvalidLayering(
            _("The layer “%(key)s” has unknown fields.") % {"key": layer["key"]}
        )
    given = set(layer) & {"top", "gte", "rule"}
    if last and given:
        raise InvalidLayering(
            _("The last layer contains everyone else and cannot have a condition.")
        )
    if not last and len(given) != 1:
        raise InvalidLayering(
            _("The layer “%(key)s” needs exactly one condition.")
            % {"key": layer["key"]}
        )
    if "top" in layer:
        parse_share(layer["top"])
    if "gte" in layer and type(layer["gte"]) is not int:
        raise InvalidLayering(_("A bound must be a whole number."))


def _check_measure(spec: Mapping[str, Any]) -> None:
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


def _check_gaps(spec: Mapping[str, Any]) -> None:
    gaps = spec.get("gaps")
    if gaps is not None:
        facts.check_kind(str(gaps.get("kind")))
        parse_days(gaps.get("within"))


def parse_share(text: Any) -> Fraction:
    """`"20%"` → 1/5."""
    found = SHARE.fullmatch(text) if isinstance(text, str) else None
    if found is None or not 0 < Fraction(found[1]) <= 100:
        raise InvalidLayering(_("Write a percentage of all members, for example 20%."))
    return Fraction(found[1]) / 100


def parse_days(text: Any) -> int | None:
    """`"180d"` → 180; nothing for ever."""
    if text is None:
        return None
    found = SPAN.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise InvalidLayering(_("Write a time span such as 180d."))
    return int(found[1])


def fill_placeholders(rule: Any, found: Mapping[str, int]) -> Any:
    """A rule with `$median` and `$long` replaced by spans, which count today too."""
    if isinstance(rule, dict):
        return {name: fill_placeholders(part, found) for name, part in rule.items()}
    if isinstance(rule, list):
        return [fill_placeholders(part, found) for part in rule]
    if isinstance(rule, str) and rule.startswith("$") and rule[1:] in found:
        return f"{found[rule[1:]] + 1}d"
    return rule
