"""The order of steps: nested lists, and steps that continue elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from qunce.outreach.playbooks.steps import base
from qunce.outreach.playbooks.steps.base import Step


@dataclass(frozen=True)
class Graph:
    """`next_ids` has for each step the one after it in its list, or after its list."""

    first: str
    by_id: dict[str, Step] = field(default_factory=dict)
    next_ids: dict[str, str] = field(default_factory=dict)
    numbers: dict[str, str] = field(default_factory=dict)
    """The number of each step as the list shows it, such as “3.1”."""

    def following(self, step: str) -> str:
        """The id of the step after this one, "" after the last one."""
        return self.next_ids.get(step, "")

    def inside(self, step: str, block: str) -> str:
        """The first step of a block, or what follows if the block is empty."""
        for each in self.by_id[step].blocks():
            if each.name == block and each.steps:
                return each.steps[0].id
        return self.following(step)

    def successors(self, step: str) -> list[str]:
        """Steps at which the run may continue after this one, "" for the end."""
        found = self.by_id[step]
        if found.targets():
            return [target for target in found.targets() if target in self.by_id]
        if found.ends:
            return [""]
        if found.blocks():
            return [self.inside(step, block.name) for block in found.blocks()]
        return [self.following(step)]


def build(steps: Sequence[Step]) -> Graph:
    graph = Graph(first=steps[0].id if steps else "")
    _add(graph, steps, "", "")
    return graph


def _add(graph: Graph, steps: Sequence[Step], after: str, prefix: str) -> None:
    for index, step in enumerate(steps):
        following = steps[index + 1].id if index + 1 < len(steps) else after
        graph.by_id.setdefault(step.id, step)
        graph.next_ids.setdefault(step.id, following)
        number = f"{prefix}{index + 1}"
        graph.numbers.setdefault(step.id, number)
        several = len(step.blocks()) > 1
        for letter, block in zip("abcdef", step.blocks(), strict=False):
            inner = f"{number}{letter}." if several else f"{number}."
            _add(graph, block.steps, following, inner)


def find_loop(graph: Graph) -> list[str]:
    """The ids of steps that lead back to the first of them, in order; [] without any."""
    done: set[str] = set()
    for start in graph.by_id:
        if start in done:
            continue
        # Depth first without recursion; `path` is the way to the top of the stack.
        path: list[str] = []
        stack = [(start, iter(graph.successors(start)))]
        path.append(start)
        while stack:
            following = next(stack[-1][1], None)
            if following is None:
                done.add(path.pop())
                stack.pop()
            elif following in path:
                return path[path.index(following) :]
            elif following and following not in done:
                path.append(following)
                stack.append((following, iter(graph.successors(following))))
    return []


def find_unreachable(graph: Graph) -> list[str]:
    """The ids of steps that no run ever gets to, in the order of the list."""
    seen, waiting = set[str](), [graph.first] if graph.first else []
    while waiting:
        step = waiting.pop()
        if step and step not in seen:
            seen.add(step)
            waiting += graph.successors(step)
    return [step for step in graph.by_id if step not in seen]


def repeated_ids(steps: Sequence[Step]) -> list[str]:
    seen, repeated = set[str](), []
    for step in base.walk(steps):
        if step.id in seen and step.id not in repeated:
            repeated.append(step.id)
        seen.add(step.id)
    return repeated
