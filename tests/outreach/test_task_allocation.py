"""Which staff member sends to which recipients (P10)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from qunce.outreach import task_allocation
from qunce.sets.bitmaps import bitmaps

TARGETS = st.sets(st.integers(1, 40))
VISIBLE = st.dictionaries(st.integers(1, 5), TARGETS, min_size=1, max_size=5)


@given(TARGETS, VISIBLE)
def test_each_visible_target_is_assigned_to_one_who_sees_it(
    targets: set[int], visible: dict[int, set[int]]
) -> None:
    seen = {staff: bitmaps.of(theirs) for staff, theirs in visible.items()}
    shares = task_allocation.split_evenly(bitmaps.of(targets), seen)
    assigned: dict[int, int] = {}
    for staff, share in shares.items():
        for target in share:
            assert target not in assigned
            assert target in visible[staff]
            assigned[target] = staff
    assert set(assigned) == targets & set().union(*visible.values())


@given(TARGETS, st.integers(1, 6))
def test_staff_who_see_the_same_get_equal_shares(targets: set[int], staff: int) -> None:
    everything = bitmaps.of(targets)
    visible = dict.fromkeys(range(staff), everything)
    shares = task_allocation.split_evenly(everything, visible)
    sizes = [len(share) for share in shares.values()]
    assert sum(sizes) == len(targets)
    assert max(sizes) - min(sizes) <= 1


@given(TARGETS, VISIBLE, st.dictionaries(st.integers(1, 40), st.integers(1, 5)))
def test_owned_targets_are_assigned_to_their_owner(
    targets: set[int], visible: dict[int, set[int]], owners: dict[int, int]
) -> None:
    seen = {staff: bitmaps.of(theirs) for staff, theirs in visible.items()}
    shares = task_allocation.split_by_owner(bitmaps.of(targets), seen, owners)
    for target in targets & set().union(*visible.values()):
        assigned_to = [staff for staff, share in shares.items() if target in share]
        assert len(assigned_to) == 1
        owner = owners.get(target)
        if owner in visible and target in visible[owner]:
            assert assigned_to == [owner]
