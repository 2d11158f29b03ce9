from __future__ import annotations

import pytest

from qunce.core.flow import Flow
from qunce.groups import registry
from qunce.members import layers, segments, tags

ARCHIVE = """stateDiagram-v2
    active --> archived: archive
    archived --> active: restore
"""


@pytest.mark.parametrize("flow", [segments.FLOW, layers.FLOW])
def test_what_is_archived_can_be_restored(flow: Flow) -> None:
    assert flow.diagram() == ARCHIVE


def test_a_merged_tag_stays_merged() -> None:
    merging = "    active --> merged: merge\n    archived --> merged: merge\n"
    assert tags.FLOW.diagram() == ARCHIVE + merging


def test_every_stage_of_a_group_can_be_reached_and_left() -> None:
    stages = set(registry.Stage)
    targets = {target for _, target in registry.FLOW.steps.values()}
    origins = {one for start, _ in registry.FLOW.steps.values() for one in start}
    assert targets == origins == stages
