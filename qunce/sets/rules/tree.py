"""Rules: trees of set operations, compiled from JSON and evaluated to a set of people."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from pyroaring import BitMap

from qunce.core import revisions
from qunce.sets.rules import base
from qunce.sets.rules.base import Clause, Macro, RuleError, RulePath

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff
    from qunce.sets.rules.snapshots import Snapshot

MAX_DEPTH = 40


class Node(ABC):
    """Part of a rule, which is evaluated against a universe of people.

    The result is within the universe, unless the node includes former members.
    """

    @abstractmethod
    def evaluate(self, snap: Snapshot, universe: BitMap) -> BitMap: ...

    @abstractmethod
    def children(self) -> tuple[Node, ...]: ...

    @cached_property
    def includes_former(self) -> bool:
        """Whether it, or a node inside it, includes people who have left."""
        return any(isinstance(node, WithLeft) for node in self.walk())

    def walk(self) -> Iterator[Node]:
        yield self
        for child in self.children():
            yield from child.walk()


@dataclass(frozen=True)
class All(Node):
    parts: tuple[Node, ...]

    def evaluate(self, snap: Snapshot, universe: BitMap) -> BitMap:
        people = universe
        for part in self.parts:
            if not part.includes_former:
                # Each part gets what the parts before have left, so that `not`
                # subtracts from few.
                people = part.evaluate(snap, people)
        # Parts that include former members come last: they may go beyond the universe,
        # and if there are no other parts, the answer may do so, too.
        sets = [
            part.evaluate(snap, universe) for part in self.parts if part.includes_former
        ]
        if sets and len(sets) == len(self.parts):
            people = sets.pop()
        for set_ in sets:
            people = people & set_
        return people

    def children(self) -> tuple[Node, ...]:
        return self.parts


@dataclass(frozen=True)
class Any_(Node):
    parts: tuple[Node, ...]

    def evaluate(self, snap: Snapshot, universe: BitMap) -> BitMap:
        people = BitMap()
        for part in self.parts:
            # In place, which is safe because `people` starts as a set of its own.
            people |= part.evaluate(snap, universe)
        return people

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
    """Includes people who have left, for everything inside it."""

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
    try:
        return json.loads(text, object_pairs_hook=refuse_duplicates)
    # Thousands of nested brackets exhaust the parser's stack before any limit of ours
    # is reached.
    except (ValueError, RecursionError) as error:
        raise RuleError(
            "", _("This is not valid JSON: %(error)s.") % {"error": error}
        ) from None


def refuse_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The object of these pairs; of two equal names JSON would silently drop one."""
    result = dict(pairs)
    if len(result) < len(pairs):
        names = [name for name, _value in pairs]
        double = next(name for name in names if names.count(name) > 1)
        raise ValueError(_("“%(name)s” occurs twice") % {"name": double})
    return result


def compile_rule(
    rule: Any, community: Community, by: Staff | None = None, me: int | None = None
) -> Node:
    """The rule with its names resolved to ids; raises a RuleError for an unknown name.

    Groups that `by` does not see are unknown, too. `me` is whom "me" in the rule means,
    if it is not `by`.
    """
    path = RulePath.for_staff(community, by)
    return compile_node(rule, path if me is None else replace(path, asker=me))


def compile_scope(by: Staff, community: Community) -> Node | None:
    """The rule that limits whom `by` sees, in which "me" is `by`; None for no limit."""
    if by.scope is None:
        return None
    # With all groups, as others have written it.
    return compile_node(by.scope, RulePath(community, asker=by.pk))


def compile_node(rule: Any, path: RulePath) -> Node:
    path.budget.spend_node()
    if not isinstance(rule, dict) or len(rule) != 1:
        path.fail(_("Write an object with exactly one key, such as {“tag”: …}."))
    # Checked on the way down, before Python's own recursion limit is reached.
    if path.text.count(".") + path.text.count("[") > 4 * MAX_DEPTH:
        path.fail(_("This rule is nested too deeply."))
    ((name, args),) = rule.items()
    if name in ("all", "any"):
        here = path.child(name)
        if not isinstance(args, list):
            here.fail(_("Write a list of rules."))
        parts = tuple(
            compile_node(part, here.child(index)) for index, part in enumerate(args)
        )
        return All(parts) if name == "all" else Any_(parts)
    if name == "not":
        return Not(compile_node(args, path.child(name)))
    if name == "with_left":
        return WithLeft(compile_node(args, path.child(name)))
    declaration, here = base.get(str(name), path), path.child(str(name))
    if issubclass(declaration, Macro):
        return declaration.expand(args, here)
    assert issubclass(declaration, Clause)  # noqa: S101 - there are only these two
    clause = declaration.parse(args, here)
    path.budget.spend(clause)
    return ClauseNode(clause, here.text)


def revision_keys(node: Node) -> set[revisions.Key]:
    """All revisions that the result depends on."""
    return {
        key
        for part in node.walk()
        if isinstance(part, ClauseNode)
        for key in part.clause.dependencies()
    }
