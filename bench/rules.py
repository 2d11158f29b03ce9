"""The rules of the questions, as parameters for Qunce and every rival."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from bench import generate
from bench.sizes import Size
from qunce.insight.retention import RetentionQuery


@dataclass(frozen=True)
class State:
    """Any of some tags, without another one, in some regions, groups and layers."""

    tags: tuple[int, ...]
    without: int
    regions: tuple[str, ...]
    groups: tuple[int, ...]
    layers: tuple[str, ...]

    def wire(self) -> dict[str, Any]:
        tags = [generate.tag_key(number) for number in self.tags]
        groups = [generate.group_key(number) for number in self.groups]
        return {
            "all": [
                {"tag": {"any": tags}},
                {"not": {"tag": {"any": [generate.tag_key(self.without)]}}},
                {"attr": {"name": "region", "in": list(self.regions)}},
                {"group": {"any": groups}},
                {"layer": {"of": "value", "in": list(self.layers)}},
            ]
        }


@dataclass(frozen=True)
class Behaviour:
    """At least n orders and messages in some days, and no message sent to them."""

    orders: int
    orders_within: int
    messages: int
    messages_within: int
    unsent_within: int

    def wire(self) -> dict[str, Any]:
        return {
            "all": [
                did("order.paid", self.orders, self.orders_within),
                did("message.posted", self.messages, self.messages_within),
                {"not": did("send.delivered", 1, self.unsent_within)},
            ]
        }


def did(kind: str, times: int, days: int) -> dict[str, Any]:
    clause = {"kind": kind, "times": {"gte": times}, "within": f"{days}d"}
    return {"did": clause}


def state(size: Size) -> State:
    """The rule of the report, as broad as the audience of a typical campaign."""
    tags = (2, 6, size.tags // 4)
    regions = tuple(generate.REGIONS[::2])
    groups = tuple(range(1, 1 + min(12, size.groups // 2)))
    return State(tags, 9, regions, groups, ("high", "mid"))


BEHAVIOUR = Behaviour(2, 30, 5, 7, 3)
RETENTION = RetentionQuery("joined", "active", "week", 26)


def states(size: Size, count: int) -> Iterator[State]:
    """Different rules, so that no answer comes from the cache."""
    rng = np.random.default_rng(7)
    for _ in range(count):
        tags = rng.choice(np.arange(1, size.tags + 1), 4, replace=False).tolist()
        regions = rng.choice(generate.REGIONS, 3, replace=False).tolist()
        groups = rng.choice(np.arange(1, size.groups + 1), 4, replace=False).tolist()
        layer = (("high",), ("mid",), ("high", "mid"), ("low",))[int(rng.integers(4))]
        yield State(tuple(tags[:3]), tags[3], tuple(regions), tuple(groups), layer)


def behaviours() -> Iterator[Behaviour]:
    yield from (
        Behaviour(o, 30, m, 7, s) for o in (1, 2, 3) for m in (3, 5) for s in (2, 3)
    )
