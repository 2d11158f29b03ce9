"""Ladders: ready-made layerings, one object in one file.

A ladder carries its names in every language, its spec, and the numbers in it that staff
set. Whoever applies it gets the names in their own language.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from django_stubs_ext import StrOrPromise

from qunce.members.layers import layering_specs
from qunce.members.tags.models import Tag
from qunce.sets import audiences
from qunce.sets.rules import base as rules

if TYPE_CHECKING:
    from qunce.core.communities import Community


@dataclass(frozen=True)
class Number:
    """A number in the rules of a ladder. Money is in the smallest unit of the currency."""

    label: StrOrPromise
    unit: Literal["times", "days", "money", "points"]
    default: int

    @property
    def value(self) -> int | str:
        return f"{self.default}d" if self.unit == "days" else self.default


@dataclass(frozen=True)
class Ladder:
    """`names` are those of its layers, `tags` those that its rules need, by their keys.

    Members who join between two runs are in the layer `default`.
    """

    key: str
    order: int
    name: StrOrPromise
    description: StrOrPromise
    spec: Mapping[str, Any]
    names: Mapping[str, StrOrPromise]
    default: str
    numbers: Mapping[str, Number] = field(default_factory=dict)
    tags: Mapping[str, StrOrPromise] = field(default_factory=dict)

    def build(self) -> dict[str, Any]:
        """The spec, with names in the active language."""
        layers = [
            {**layer, "name": str(self.names[layer["key"]])}
            for layer in self.spec["layers"]
        ]
        numbers = {name: number.value for name, number in self.numbers.items()}
        spec = {**self.spec, "layers": layers, "ladder": self.key}
        return spec | ({"numbers": numbers} if numbers else {})

    def list_kinds(self) -> list[str]:
        """The kinds of facts that its layers are made from, each once."""
        found = dict.fromkeys(self.spec.get("kinds", {}))
        for layer in self.spec["layers"]:
            for kind, key in rules.list_mentions(layer.get("rule")):
                if kind == "kind":
                    found[key] = None
        return list(found)

    def missing_kinds(self, community: Community) -> list[str]:
        """Those of which the community has no fact yet.

        A measure needs one of its kinds only: there may be no refunds.
        """
        known = set(audiences.list_fact_kinds(community))
        if known & set(self.spec.get("kinds", {})):
            return []
        return [kind for kind in self.list_kinds() if kind not in known]

    def missing_tags(self, community: Community) -> list[str]:
        rows = Tag.objects.filter(community=community, key__in=list(self.tags))
        known = set(rows.values_list("key", flat=True))
        return [key for key in self.tags if key not in known]


LADDERS: dict[str, Ladder] = {}


def register(ladder: Ladder) -> Ladder:
    layering_specs.check(ladder.build())
    LADDERS[ladder.key] = ladder
    return ladder


# Parts of rules


def did(kind: str, **conditions: Any) -> dict[str, Any]:
    return {"did": {"kind": kind, **conditions}}


def at_least(kind: str, times: str, **conditions: Any) -> dict[str, Any]:
    return did(kind, times={"gte": times}, **conditions)


def any_of(*rules: Any) -> dict[str, Any]:
    return {"any": list(rules)}


def all_of(*rules: Any) -> dict[str, Any]:
    return {"all": list(rules)}


def none_of(rule: Any) -> dict[str, Any]:
    return {"not": rule}


def layers(rules: Mapping[str, Any], rest: str) -> Sequence[dict[str, Any]]:
    """Layers with these rules, and the one of everyone else."""
    return [*({"key": key, "rule": rule} for key, rule in rules.items()), {"key": rest}]
