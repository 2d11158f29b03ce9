"""The flow chart: bands are as thick as flows, fill their nodes, and names fit."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qunce.console.layers import flow_chart
from qunce.console.layers.flow_chart import Flow, Layer

KEYS = ("a", "b", "")
SIZES = st.dictionaries(
    st.tuples(st.sampled_from(KEYS), st.sampled_from(KEYS)), st.integers(0, 900)
)


@given(SIZES, st.sampled_from([flow_chart.WIDE, flow_chart.NARROW]))
def test_bands_stack_up_to_the_height_of_their_nodes(
    sizes: dict[tuple[str, str], int], width: int
) -> None:
    before, after = (
        [
            Layer(key, key, 1, sum(n for pair, n in sizes.items() if pair[side] == key))
            for key in KEYS
        ]
        for side in (0, 1)
    )
    flows = flow_chart.flows_of(sizes, {})
    chart = flow_chart.draw(before, after, flows, width)
    assert len(chart.bands) == sum(size > 0 for size in sizes.values())
    scale = flow_chart.PLOT_HEIGHT / max(sum(sizes.values()), 1)
    for node in chart.nodes:
        assert node.height == pytest.approx(node.layer.size * scale, abs=0.01)
        assert node.y >= 0 and node.y + node.height <= chart.height
    for side in (True, False):
        placed = [node for node in chart.nodes if node.is_left is side]
        for upper, lower in pairwise(placed):
            assert upper.y + upper.height < lower.y
            assert lower.label_y - upper.label_y >= flow_chart.LABEL_HEIGHT
        for node in placed:
            # Each band begins where the one before ends, so together they fill the node.
            numbers = [
                re.findall(r"-?\d+\.\d", band.path)
                for band in chart.bands
                if (band.before if side else band.after) == node.layer
            ]
            tops = sorted(float(each[0 if side else 2]) for each in numbers)
            if tops:
                assert tops[0] == pytest.approx(node.y, abs=0.1)
                assert tops[-1] <= node.y + node.height + 0.1


def test_redefined_members_have_a_band_of_their_own() -> None:
    flows = flow_chart.flows_of({("a", "b"): 5, ("b", "b"): 2}, {("a", "b"): 2})
    assert flows == [
        Flow("a", "b", 3),
        Flow("b", "b", 2),
        Flow("a", "b", 2, is_redefined=True),
    ]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("High", "High"),
        ("一二三四五六", "一二三四五六"),
        ("一二三四五六七", "一二三四五…"),
    ],
)
def test_names_are_cut_where_they_would_meet(name: str, shown: str) -> None:
    assert flow_chart.shorten(name, 12) == shown
