"""Funnels: how many people each part of a rule leaves, and which parts hold for one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from qunce.sets.rules.tree import All, Any_, Not, WithLeft

if TYPE_CHECKING:
    from pyroaring import BitMap

    from qunce.sets.rules.snapshots import Snapshot
    from qunce.sets.rules.tree import Node


@dataclass(frozen=True)
class Step:
    """The people of one part of a rule.

    `remaining` are left after this part; inside an `all`, parts apply one after another.
    `alone` is the number of all people for whom the part holds on its own.
    """

    remaining: int
    alone: int


@dataclass(frozen=True)
class Funnel:
    """`steps` has each part by its path, such as `all[1].any[0]`; "" is the whole rule.

    `uncounted` are people who match but work here, volunteer or are bots, so that `total`
    does not count them.
    """

    everyone: int
    total: int
    steps: Mapping[str, Step] = field(default_factory=dict)
    sample: tuple[int, ...] = ()
    uncounted: int = 0


def list_parts(rule: Any, node: Node, path: str = "") -> Iterator[tuple[str, Node]]:
    """The parts of a rule as written, with their paths. A clause has no parts."""
    yield path, node
    for part, child, child_path in _list_children(rule, node, path):
        yield from list_parts(part, child, child_path)


def _list_children(rule: Any, node: Node, path: str) -> Iterator[tuple[Any, Node, str]]:
    ((name, args),) = rule.items()
    here = f"{path}.{name}" if path else name
    if name in ("all", "any"):
        for index, (part, child) in enumerate(zip(args, node.children(), strict=True)):
            yield part, child, f"{here}[{index}]"
    elif name in ("not", "with_left"):
        yield args, node.children()[0], here


def count_steps(
    snap: Snapshot, rule: Any, node: Node, visible: BitMap | None
) -> dict[str, Step]:
    """The numbers of every part among the people `visible`; None is everybody."""
    counter = _StepCounter(snap, visible)
    everyone = snap.everyone()
    people = node.evaluate(snap, everyone)
    counter.add("", people, people)
    counter.add_children(rule, node, "", everyone)
    return counter.steps


@dataclass(frozen=True)
class _StepCounter:
    snap: Snapshot
    visible: BitMap | None
    steps: dict[str, Step] = field(default_factory=dict)

    def add(self, path: str, remaining: BitMap, alone: BitMap) -> None:
        self.steps[path] = Step(self._size(remaining), self._size(alone))

    def _size(self, people: BitMap) -> int:
        if self.visible is None:
            return len(people)
        return people.intersection_cardinality(self.visible)

    def add_children(self, rule: Any, node: Node, path: str, universe: BitMap) -> None:
        snap = self.snap
        # Everything inside `with_left` is evaluated for former members, too.
        if isinstance(node, WithLeft):
            universe = snap.everyone(with_left=True)
        universes = _list_universes(snap, node, universe)
        children = _list_children(rule, node, path)
        # Not strict: a clause has no children, and its universes are not listed either.
        for (part, child, child_path), (before, after) in zip(
            children, universes, strict=False
        ):
            # Clauses are cached, so that a funnel of ten lines costs little more than
            # one count.
            remaining = child.evaluate(snap, before) if after is None else after
            self.add(child_path, remaining, child.evaluate(snap, snap.everyone()))
            self.add_children(part, child, child_path, before)


def _list_universes(
    snap: Snapshot, node: Node, universe: BitMap
) -> Iterator[tuple[BitMap, BitMap | None]]:
    """For each child the people before it and, in an `all`, the people after it."""
    if isinstance(node, All):
        before, includes_former = universe, False
        for count, part in enumerate(node.parts, start=1):
            # A `with_left` part cannot be applied in sequence (see `All.evaluate`), so
            # from there on the parts up to this one are evaluated as a rule of their own.
            includes_former = includes_former or part.includes_former
            if includes_former:
                after = All(node.parts[:count]).evaluate(snap, universe)
            else:
                after = part.evaluate(snap, before)
            yield before, after
            before = after
    elif isinstance(node, Any_ | Not | WithLeft):
        for _child in node.children():
            yield universe, None


def matches_by_path(
    snap: Snapshot, rule: Any, node: Node, person: int
) -> dict[str, bool]:
    """Path → whether the part holds for this person, who may have left."""
    everyone = snap.known()
    return {
        path: person in part.evaluate(snap, everyone)
        for path, part in list_parts(rule, node)
    }


def sample_evenly(people: BitMap, limit: int) -> tuple[int, ...]:
    """Up to `limit` people at even distances, the same ones for the same people."""
    size = len(people)
    if size <= limit:
        return tuple(people)
    return tuple(people[index * size // limit] for index in range(limit))
