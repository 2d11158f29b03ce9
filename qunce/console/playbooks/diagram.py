"""The steps of a playbook as boxes and arrows: where each stands. Pure functions.

A step stands below the one before it. The ways out of a step stand side by side below it,
and what follows stands below the longest of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext as _
from django_stubs_ext import StrOrPromise

from qunce.console.playbooks.presenters import Line
from qunce.outreach.playbooks.definitions import Definition
from qunce.outreach.playbooks.steps.base import Step

WIDTH, HEIGHT = 220, 64
GAP_X, GAP_Y = 32, 44
MARGIN = 12
END = ""
"""The id of the box at which runs end."""


@dataclass(frozen=True)
class Box:
    """A step at a place in pixels; without a `line` it is the end, or an empty way.

    `place` is the query that adds a step there, for an empty way.
    """

    id: str
    column: int
    row: int
    line: Line | None = None
    place: str = ""
    label: StrOrPromise = ""

    @property
    def x(self) -> int:
        return MARGIN + self.column * (WIDTH + GAP_X)

    @property
    def y(self) -> int:
        return MARGIN + self.row * (HEIGHT + GAP_Y)

    @property
    def middle(self) -> int:
        return self.x + WIDTH // 2

    @property
    def bottom(self) -> int:
        return self.y + HEIGHT


@dataclass(frozen=True)
class Arrow:
    """A path of SVG from box to box; a jump goes around on the right."""

    path: str
    is_jump: bool = False


@dataclass(frozen=True)
class Caption:
    x: int
    y: int
    text: StrOrPromise


@dataclass
class Diagram:
    boxes: list[Box] = field(default_factory=list)
    arrows: list[Arrow] = field(default_factory=list)
    captions: list[Caption] = field(default_factory=list)
    width: int = 0
    height: int = 0


def build(definition: Definition, lines: Sequence[Line]) -> Diagram:
    by_id = {line.step.id: line for line in lines if not line.block}
    boxes: dict[str, Box] = {}
    _columns, rows = _place(definition.steps, by_id, 0, 0, boxes)
    boxes[END] = Box(END, 0, rows, label=_("The end"))
    found = Diagram(boxes=list(boxes.values()))
    for step in definition.walk():
        _connect(step, definition, boxes, found)
    found.width = 2 * MARGIN + max(box.x + WIDTH for box in found.boxes)
    found.height = MARGIN + max(box.bottom for box in found.boxes)
    return found


def _place(
    steps: Sequence[Step],
    lines: Mapping[str, Line],
    column: int,
    row: int,
    boxes: dict[str, Box],
) -> tuple[int, int]:
    """Place a list of steps; returns how many columns it takes, and the row after it."""
    width = 1
    for step in steps:
        boxes[step.id] = Box(step.id, column, row, lines[step.id])
        row += 1
        begin, after = column, row
        for block in step.blocks():
            if block.steps:
                columns, end = _place(block.steps, lines, begin, row, boxes)
            else:
                name = f"{step.id}:{block.name}"
                place = f"inside={step.id}&block={block.name}"
                boxes[name] = Box(name, begin, row, place=place, label=_("Add here"))
                columns, end = 1, row + 1
            begin, after = begin + columns, max(after, end)
        width, row = max(width, begin - column), after
    return width, row


def _connect(
    step: Step, definition: Definition, boxes: Mapping[str, Box], found: Diagram
) -> None:
    box, graph = boxes[step.id], definition.graph
    if step.targets():
        for target in step.targets():
            if target in boxes:
                found.arrows.append(_jump(box, boxes[target]))
        return
    if step.ends:
        found.arrows.append(_down(box, boxes[END]))
        return
    if not step.blocks():
        found.arrows.append(_down(box, boxes[graph.following(step.id)]))
        return
    for block in step.blocks():
        first = block.steps[0].id if block.steps else f"{step.id}:{block.name}"
        found.arrows.append(_down(box, boxes[first]))
        inner = boxes[first]
        found.captions.append(Caption(inner.middle + 10, inner.y - 8, block.label))
        if not block.steps:
            following = boxes[graph.following(step.id)]
            found.arrows.append(_down(inner, following))


def _down(start: Box, end: Box) -> Arrow:
    half = end.y - GAP_Y // 2
    if start.middle == end.middle:
        return Arrow(f"M{start.middle} {start.bottom}V{end.y - 2}")
    if end.middle > start.middle:
        half = start.bottom + GAP_Y // 2
    return Arrow(f"M{start.middle} {start.bottom}V{half}H{end.middle}V{end.y - 2}")


def _jump(start: Box, end: Box) -> Arrow:
    side = max(start.x, end.x) + WIDTH + GAP_X // 2
    return Arrow(
        f"M{start.x + WIDTH} {start.y + HEIGHT // 2}H{side}"
        f"V{end.y + HEIGHT // 2}H{end.x + WIDTH + 2}",
        is_jump=True,
    )
