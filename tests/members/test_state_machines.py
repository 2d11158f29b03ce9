from __future__ import annotations

import pytest

from qunce.core.state_machine import StateMachine
from qunce.groups import groups
from qunce.members.layers import layers
from qunce.members.segments import segments
from qunce.members.tags import library

ARCHIVE = """stateDiagram-v2
    active --> archived: archive
    archived --> active: restore
"""


@pytest.mark.parametrize("flow", [segments.STATES, layers.STATES])
def test_archived_can_be_restored(flow: StateMachine) -> None:
    assert flow.diagram() == ARCHIVE


def test_merged_tag_is_active_or_archived_again_once_unmerged() -> None:
    transitions = library.STATES.transitions
    merge, unmerge = transitions["merge"], transitions["unmerge"]
    assert merge == (("active", "archived"), "merged")
    assert unmerge[0] == ("merged",)
    assert {"archive", "restore"} <= set(transitions)


def test_every_stage_of_a_group_can_be_reached_and_left() -> None:
    stages = set(groups.Stage)
    targets = {target for _, target in groups.STATES.transitions.values()}
    origins = {one for start, _ in groups.STATES.transitions.values() for one in start}
    assert targets == origins == stages
