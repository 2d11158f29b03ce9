"""The flow chart of layer changes: where nodes, bands and labels are. Pure functions.

Layers then are on the left, layers now on the right, and a band between two of them is as
thick as the number of members who went that way.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

WIDE, NARROW = 760, 360
"""Widths for computers and phones; text has the same size in both."""
PLOT_HEIGHT = 260
"""In pixels, what all members together are high."""
NODE_WIDTH, LABEL_HEIGHT, GAP, HEAD_HEIGHT = 10, 18, 10, 24
LABEL_WIDTHS = {WIDE: 30, NARROW: 16}
"""Columns of text that a name may take; a Chinese character takes two."""


@dataclass(frozen=True)
class Layer:
    """`tone` is the number of its colour, 0 for people who are in no layer."""

    key: str
    name: str
    tone: int
    size: int


@dataclass(frozen=True)
class Flow:
    """Members between two layers; `is_redefined` if only the layering was changed."""

    before: str
    after: str
    size: int
    is_redefined: bool = False


@dataclass(frozen=True)
class Node:
    x: float
    y: float
    height: float
    layer: Layer
    label: str
    label_x: float
    label_y: float
    is_left: bool


@dataclass(frozen=True)
class Band:
    path: str
    flow: Flow
    before: Layer
    after: Layer

    @property
    def tone(self) -> int:
        """A band has the colour of the layer that it comes from, if there is one."""
        return self.before.tone or self.after.tone

    @property
    def is_unchanged(self) -> bool:
        return self.flow.before == self.flow.after


@dataclass(frozen=True)
class FlowChart:
    width: int
    height: float
    nodes: Sequence[Node]
    bands: Sequence[Band]


def draw(
    before: Sequence[Layer], after: Sequence[Layer], flows: Sequence[Flow], width: int
) -> FlowChart:
    """Place the layers of both days, and the bands in the order of the layers.

    The flows of a layer must not add up to more than its size; the rest of a node that
    has no band is of accounts that are not counted any more.
    """
    everyone = max(sum(each.size for each in side) for side in (before, after))
    scale = PLOT_HEIGHT / max(everyone, 1)
    left = {node.layer.key: node for node in _place(before, scale, width, is_left=True)}
    right = {
        node.layer.key: node for node in _place(after, scale, width, is_left=False)
    }
    begins = {key: node.y for key, node in left.items()}
    ends = {key: node.y for key, node in right.items()}
    order = {key: place for place, key in enumerate(right)}
    bands = []
    for key in left:
        own = [flow for flow in flows if flow.before == key and flow.size]
        for flow in sorted(own, key=lambda flow: order[flow.after]):
            thickness = flow.size * scale
            path = _path(
                begins[key],
                ends[flow.after],
                thickness,
                (NODE_WIDTH, width - NODE_WIDTH),
            )
            bands.append(Band(path, flow, left[key].layer, right[flow.after].layer))
            begins[key] += thickness
            ends[flow.after] += thickness
    nodes = [*left.values(), *right.values()]
    bottom = max(node.y + max(node.height, LABEL_HEIGHT) for node in nodes)
    return FlowChart(width, round(bottom + 4, 1), nodes, bands)


def _place(
    layers: Sequence[Layer], scale: float, width: int, *, is_left: bool
) -> list[Node]:
    nodes, top = [], float(HEAD_HEIGHT)
    for layer in layers:
        height = layer.size * scale
        slot = max(height, LABEL_HEIGHT)
        y = top + (slot - height) / 2
        nodes.append(
            Node(
                x=0 if is_left else width - NODE_WIDTH,
                y=round(y, 2),
                height=round(height, 2),
                layer=layer,
                label=shorten(layer.name, LABEL_WIDTHS[width]),
                label_x=NODE_WIDTH + 6 if is_left else width - NODE_WIDTH - 6,
                label_y=round(top + slot / 2, 2),
                is_left=is_left,
            )
        )
        top += slot + GAP
    return nodes


def _path(begin: float, end: float, thickness: float, sides: tuple[int, int]) -> str:
    """A band whose edges are level where it leaves and where it arrives."""
    left, right = sides
    middle = (left + right) // 2
    # Thinner than a pixel nobody would see that somebody moved.
    thickness = max(thickness, 1)
    return (
        f"M{left} {begin:.1f}C{middle} {begin:.1f} {middle} {end:.1f} {right} {end:.1f}"
        f"V{end + thickness:.1f}C{middle} {end + thickness:.1f} {middle}"
        f" {begin + thickness:.1f} {left} {begin + thickness:.1f}Z"
    )


def shorten(name: str, columns: int) -> str:
    """The name, cut with an ellipsis if it takes more columns than there are."""
    used = 0
    for index, character in enumerate(name):
        used += 2 if unicodedata.east_asian_width(character) in "WF" else 1
        if used > columns:
            return f"{name[: max(index - 1, 1)]}…"
    return name


def flows_of(
    sizes: Mapping[tuple[str, str], int], redefined: Mapping[tuple[str, str], int]
) -> list[Flow]:
    """Those who moved, and beside them those whose layer was changed."""
    moved = [Flow(*pair, size - redefined.get(pair, 0)) for pair, size in sizes.items()]
    changed = [Flow(*pair, size, is_redefined=True) for pair, size in redefined.items()]
    return [*moved, *changed]
