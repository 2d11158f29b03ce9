"""Layerings and segments, with their history of the last weeks."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _

from qunce.demo.coffee.context import Context
from qunce.members.layers import layering_specs, layers
from qunce.members.segments import segments

LAYERINGS = (
    ("value", layering_specs.VALUE, "low"),
    ("lifecycle", layering_specs.LIFECYCLE, "new"),
)
DAYS_BACK = (49, 42, 35, 28, 21, 14, 7, 6, 5, 4, 3, 2, 1, 0)
"""When layers and sizes were computed: weekly, then daily."""


def did(kind: str, **more: Any) -> dict[str, Any]:
    return {"did": {"kind": kind, **more}}


def bought(category: str, **more: Any) -> dict[str, Any]:
    return did("order.paid", where={"categories": [category]}, **more)


def rules(context: Context) -> dict[str, Any]:
    """Return the rule of each segment in `Words.segments`."""
    words = context.words
    beans = words.categories["beans"]
    pour_over = words.categories["pour_over"]
    return {
        "high-value-silent": {
            "all": [
                {"layer": {"of": "value", "in": ["high"]}},
                {"not": did("order.paid", within="30d")},
            ]
        },
        "beans-due": {
            "all": [
                bought(beans, times={"gte": 2}),
                {"not": bought(beans, within="45d")},
            ]
        },
        "talks-never-buys": {
            "all": [
                did("message.posted", times={"gte": 5}, within="60d"),
                {"not": did("order.paid")},
            ]
        },
        "latte-no-pour-over": {
            "all": [
                {"tag": {"any": [words.tags["taste"].tags["latte_fan"]]}},
                {"not": bought(pour_over)},
            ]
        },
        "mailed-not-clicked": {
            "all": [
                did("send.delivered", times={"gte": 3}, within="180d"),
                {"not": did("send.clicked")},
            ]
        },
        "complained": did(
            "message.posted", where={"topic": [words.topics["complaint"]]}, within="90d"
        ),
        "gold": did("order.paid", times={"gte": 10}, within="180d"),
    }


def named(spec: dict[str, Any], context: Context) -> dict[str, Any]:
    """Return the spec with names of the layers that staff understand."""
    layers_of = [
        {**layer, "name": context.words.layers[layer["key"]]}
        for layer in spec["layers"]
    ]
    return {**spec, "layers": layers_of}


def create(context: Context) -> None:
    """Create layerings and segments as of some weeks ago, and bring them up to date."""
    community, manager = context.community, context.staff["manager"]
    begin = context.at - timedelta(days=DAYS_BACK[0])
    names = {"value": _("Value"), "lifecycle": _("Lifecycle")}
    known = {layering.key: layering for layering in layers.list_active(community)}
    for key, spec, default in LAYERINGS:
        known[key] = known.get(key) or layers.create(
            community=community,
            key=key,
            name=names[key],
            spec=named(spec, context),
            default=default,
            by=manager,
            at=begin,
        )
    measured = {segment.key for segment in segments.list_active(community)}
    last = max(
        (run.day for each in known.values() if (run := layers.latest_run(each))),
        default=0,
    )
    rule_of = rules(context)
    for back in DAYS_BACK:
        at = context.at - timedelta(days=back)
        if community.day(at) <= last:
            continue
        layers.recompute_all(community=community, at=at)
        for key, (name, description) in context.words.segments.items():
            if key not in measured:
                measured.add(key)
                segments.create(
                    community=community,
                    key=key,
                    name=name,
                    description=description,
                    rule=rule_of[key],
                    by=manager,
                    at=begin,
                )
        segments.record_sizes(community=community, at=at)
