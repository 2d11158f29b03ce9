"""Layerings and segments, with their history of the last weeks."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from qunce.demo.coffee.context import Context
from qunce.members.layers import ladders, layers
from qunce.members.layers.ladders.base import Ladder
from qunce.members.segments import segments, watches

if TYPE_CHECKING:
    from qunce.core.staff.models import Staff
    from qunce.members.layers.layers import Layering

LADDERS = ("value", "lifecycle", "phases")
FIRST, RAISED, DAYS_BACK_OF_RAISE = {"silent": "40d"}, {"silent": "60d"}, 14
"""Staff raised a threshold then, so that the history shows both sorts of changes."""
DAYS_BACK = (42, 35, *range(28, 10, -1), *range(8, -1, -1))
"""When layers and sizes were computed: daily, but for two days without a server."""
WATCHED = ("gold", "regulars-stopped")
"""Segments whose entries and exits are recorded."""


def did(kind: str, **more: Any) -> dict[str, Any]:
    return {"did": {"kind": kind, **more}}


def bought(category: str, **more: Any) -> dict[str, Any]:
    return did("order.paid", where={"categories": [category]}, **more)


WORTH_A_CALL: dict[str, Any] = {
    "all": [
        {
            "any": [
                {"layer": {"of": "value", "in": ["high"]}},
                did("order.paid", times={"gte": 6}, within="180d"),
            ]
        },
        {
            "not": {
                "any": [
                    did("order.paid", within="21d"),
                    did("send.delivered", within="7d"),
                    {"opted_out": {"of": "messages"}},
                ]
            }
        },
    ]
}
"""Members of value who were left alone for some weeks."""


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
        "regulars-stopped": {
            "stopped": {
                "kind": "order.paid",
                "times": {"gte": 3},
                "within": "90d",
                "for": "30d",
            }
        },
        "gold": did("order.paid", times={"gte": 10}, within="180d"),
        "worth-a-call": WORTH_A_CALL,
    }


def spec_of(ladder: Ladder, context: Context) -> dict[str, Any]:
    """Return the spec with names of the layers that staff understand."""
    spec = ladder.build()
    layers_of = [
        {**layer, "name": context.words.layers.get(layer["key"], layer["name"])}
        for layer in spec["layers"]
    ]
    return {**spec, "layers": layers_of}


def raise_threshold(layering: Layering, *, by: Staff, at: datetime) -> None:
    numbers = {**layering.spec["numbers"], **RAISED}
    spec = {**layering.spec, "numbers": numbers}
    layers.update(layering=layering, spec=spec, default=layering.default, by=by, at=at)


def create(context: Context) -> None:
    """Create layerings and segments as of some weeks ago, and bring them up to date."""
    community, manager = context.community, context.staff["manager"]
    begin = context.at - timedelta(days=DAYS_BACK[0])
    known = {layering.key: layering for layering in layers.list_active(community)}
    for ladder in map(ladders.get, LADDERS):
        spec = spec_of(ladder, context)
        if set(FIRST) <= set(ladder.numbers):
            spec["numbers"] |= FIRST
        known[ladder.key] = known.get(ladder.key) or layers.create(
            community=community,
            key=ladder.key,
            name=str(ladder.name),
            spec=spec,
            default=ladder.default,
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
        if back == DAYS_BACK_OF_RAISE:
            raise_threshold(known["phases"], by=manager, at=at)
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
        watch(context, at)


def watch(context: Context, at: datetime) -> None:
    """Begin to watch two segments, or record who has moved since."""
    watched = {
        each.segment.key: each for each in watches.list_active(context.community)
    }
    for key in WATCHED:
        if key in watched:
            watches.check(watched[key], at=at)
        else:
            segment = segments.get(context.community, key)
            watches.start(segment=segment, by=context.staff["manager"], at=at)
