"""How many each part of a rule leaves, and what is so for one person part by part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from qunce.sets.rules.tree import All, Any_, Not, WithLeft

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyroaring import BitMap

    from qunce.sets.rules.snapshots import Snapshot
    from qunce.sets.rules.tree import Node


@dataclass(frozen=True)
class Step:
    """`left`: who is left of those that reached this part, which of an `all` are those
    whom its parts before have left. `own`: for how many of everyone it holds alone."""

    left: int
    own: int


@dataclass(frozen=True)
class Funnel:
    """`steps` by the place of each part, such as `all[1].any[0]`; "" is the whole."""

    everyone: int
    total: int
    steps: Mapping[str, Step] = field(default_factory=dict)
    sample: tuple[int, ...] = ()


Placed = tuple[str, "Node"]


def list_parts(rule: Any, node: Node, path: str = "") -> Iterator[Placed]:
    """The parts as they are written, with their places; a leaf is not looked into."""
    yield path, node
    for inside, child, at in _inside(rule, node, path):
        yield from list_parts(inside, child, at)


def _inside(rule: Any, node: Node, path: str) -> Iterator[tuple[Any, Node, str]]:
    ((name, args),) = rule.items()
    here = f"{path}.{name}" if path else name
    if name in ("all", "any"):
        for number, (part, child) in enumerate(zip(args, node.children(), strict=True)):
            yield part, child, f"{here}[{number}]"
    elif name in ("not", "with_left"):
        yield args, node.children()[0], here


def count_steps(
    snap: Snapshot, rule: Any, node: Node, seen: BitMap | None
) -> dict[str, Step]:
    """Every part's numbers among those `seen`, the operator's scope; None sees all."""
    found: dict[str, Step] = {}
    _walk(_Walk(snap, seen, found), rule, node, "", snap.everyone())
    return found


@dataclass(frozen=True)
class _Walk:
    snap: Snapshot
    seen: BitMap | None
    found: dict[str, Step]

    def note(self, path: str, left: BitMap, own: BitMap) -> None:
        self.found[path] = Step(self.size(left), self.size(own))

    def size(self, some: BitMap) -> int:
        if self.seen is None:
            return len(some)
        return some.intersection_cardinality(self.seen)


def _walk(walk: _Walk, rule: Any, node: Node, path: str, universe: BitMap) -> None:
    snap = walk.snap
    if path == "":
        whole = node.evaluate(snap, universe)
        walk.note("", whole, whole)
    inner = snap.everyone(with_left=True) if isinstance(node, WithLeft) else universe
    inside = list(_inside(rule, node, path))
    reached = _reached(snap, node, inner)
    for (part, child, at), (before, after) in zip(inside, reached, strict=False):
        left = after if after is not None else child.evaluate(snap, before)
        walk.note(at, left, child.evaluate(snap, snap.everyone()))
        _walk(walk, part, child, at, before)


def _reached(
    snap: Snapshot, node: Node, universe: BitMap
) -> Iterator[tuple[BitMap, BitMap | None]]:
    """For each child: who reaches it and, of an `all`, who is left after it."""
    if isinstance(node, All):
        yield from _one_by_one(snap, node.parts, universe)
    elif isinstance(node, Any_ | Not | WithLeft):
        for _child in node.children():
            yield universe, None


def _one_by_one(
    snap: Snapshot, several: Sequence[Node], universe: BitMap
) -> Iterator[tuple[BitMap, BitMap]]:
    """Parts that ask for those who left are not asked in their turn (see `All`): with
    such a part among the first n, these n are asked as a rule of their own."""
    before, wide = universe, False
    for number, part in enumerate(several, start=1):
        wide = wide or part.widens
        if wide:
            after = All(tuple(several[:number])).evaluate(snap, universe)
        else:
            after = part.evaluate(snap, before)
        yield before, after
        before = after


def matches_by_path(
    snap: Snapshot, rule: Any, node: Node, person: int
) -> dict[str, bool]:
    """For each place whether the part holds for this person, here or not."""
    known = snap.everyone(with_left=True)
    return {
        path: person in part.evaluate(snap, known)
        for path, part in list_parts(rule, node)
    }


def sample_evenly(people: BitMap, most: int) -> tuple[int, ...]:
    """Some of these people, evenly over when they came; the same as long as they are."""
    size = len(people)
    if size <= most:
        return tuple(people)
    return tuple(people[place * size // most] for place in range(most))
