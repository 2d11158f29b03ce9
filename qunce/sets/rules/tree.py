"""Rules: trees of set operations, from their wire format to an answer."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from pyroaring import BitMap

from qunce.core import revisions
from qunce.sets.rules import base
from qunce.sets.rules.base import Clause, Macro, RuleError, RulePath

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.sets.rules.snapshots import Snapshot

MAX_DEPTH = 40
MAX_NODES = 2_000
"""Nesting and number of nodes allowed in one rule, its segments unfolded."""


class Node(ABC):
    """Evaluated against a universe: the people who may be in the answer at all."""

    @abstractmethod
    def evaluate(self, snap: Snapshot, universe: BitMap) -> BitMap: ...

    @abstractmethod
    def children(self) -> tuple[Node, ...]: ...

    @cached_property
    def widens(self) -> bool:
        """Whether something inside asks for those who left."""
        return any(isinstance(node, WithLeft) for node in self.walk())

    def walk(self) -> Iterator[Node]:
        yield self
        for child in self.children():
            yield from child.walk()


@dataclass(frozen=True)
class All(Node):
    parts: tuple[Node, ...]

    def evaluate(self, snap: Snapshot, universe: BitMap) -> BitMap:
        """Each part is asked about those whom the parts before it have left.

        Parts that ask for those who left come last: they may reach past the universe.
        """
        found = universe
        for part in self.parts:
            if not part.widens:
                found = part.evaluate(snap, found)
        wide = [part.evaluate(snap, universe) for part in self.parts if part.widens]
        if wide and len(wide) == len(self.parts):
            found = wide.pop()
        for some in wide:
            found = found & some
        return found

    def children(self) -> tuple[Node, ...]:
        return self.parts


@dataclass(frozen=True)
class Any_(Node):
    parts: tuple[Node, ...]

    def evaluate(self, snap: Snapshot, universe: BitMap) -> BitMap:
        found = BitMap()
        for part in self.parts:
            found |= part.evaluate(snap, universe)
        return found

    def children(self) -> tuple[Node, ...]:
        return self.parts


@dataclass(frozen=True)
class Not(Node):
    part: Node

    def evaluate(self, snap: Snapshot, universe: BitMap) -> BitMap:
        return universe - self.part.evaluate(snap, universe)

    def children(self) -> tuple[Node, ...]:
        return (self.part,)


@dataclass(frozen=True)
class WithLeft(Node):
    """Asks for those who left too, for everything inside it."""

    part: Node

    def evaluate(self, snap: Snapshot, universe: BitMap) -> BitMap:
        return self.part.evaluate(snap, snap.everyone(with_left=True))

    def children(self) -> tuple[Node, ...]:
        return (self.part,)


@dataclass(frozen=True)
class ClauseNode(Node):
    clause: Clause
    path: str

    def evaluate(self, snap: Snapshot, universe: BitMap) -> BitMap:
        return snap.resolve(self.clause) & universe

    def children(self) -> tuple[Node, ...]:
        return ()


def parse_json(text: str) -> Any:
    """A rule from JSON text."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RuleError(
            "", _("This is not valid JSON: %(error)s.") % {"error": error}
        ) from None


def compile_rule(rule: Any, community: Community) -> Node:
    """Names become ids; what is unknown is refused with its place in the rule."""
    return compile_node(rule, RulePath(community))


def compile_node(rule: Any, path: RulePath) -> Node:
    if (
        next(path.node_numbers) > MAX_NODES
    ):  # a few segments that ask twice each are millions
        raise RuleError(
            "", _("A rule can have at most %(n)s clauses.") % {"n": MAX_NODES}
        )
    if not isinstance(rule, dict) or len(rule) != 1:
        path.fail(_("Write an object with exactly one key, such as {“tag”: …}."))
    if path.text.count(".") + path.text.count("[") > 4 * MAX_DEPTH:
        path.fail(_("This rule is nested too deeply."))
    ((name, args),) = rule.items()
    if name in ("all", "any"):
        parts = _parts(args, path.child(name))
        return All(parts) if name == "all" else Any_(parts)
    if name == "not":
        return Not(compile_node(args, path.child(name)))
    if name == "with_left":
        return WithLeft(compile_node(args, path.child(name)))
    declaration, here = base.get(str(name), path), path.child(str(name))
    if issubclass(declaration, Macro):
        return declaration.expand(args, here)
    assert issubclass(declaration, Clause)  # noqa: S101 - there are only these two
    return ClauseNode(declaration.parse(args, here), here.text)


def _parts(args: Any, path: RulePath) -> tuple[Node, ...]:
    if not isinstance(args, list):
        path.fail(_("Write a list of rules."))
    return tuple(
        compile_node(part, path.child(number)) for number, part in enumerate(args)
    )


def revision_keys(node: Node) -> set[revisions.Key]:
    """All revisions that the rule reads."""
    return {
        key
        for part in node.walk()
        if isinstance(part, ClauseNode)
        for key in part.clause.dependencies()
    }
