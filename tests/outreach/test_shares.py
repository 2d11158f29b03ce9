"""Who of the staff sends to whom (P10)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from qunce.outreach import task_allocation
from qunce.sets.bitmaps import bitmaps

PEOPLE = st.sets(st.integers(1, 40))
STAFF = st.dictionaries(st.integers(1, 5), PEOPLE, min_size=1, max_size=5)


@given(PEOPLE, STAFF)
def test_everyone_whom_somebody_sees_goes_to_one_who_does(
    whole: set[int], eligible: dict[int, set[int]]
) -> None:
    seen = {staff: bitmaps.of(theirs) for staff, theirs in eligible.items()}
    divided = task_allocation.split_evenly(bitmaps.of(whole), seen)
    given_to: dict[int, int] = {}
    for staff, share in divided.items():
        for person in share:
            assert person not in given_to
            assert person in eligible[staff]
            given_to[person] = staff
    assert set(given_to) == whole & set().union(*eligible.values())


@given(PEOPLE, st.integers(1, 6))
def test_who_see_the_same_get_the_same(whole: set[int], staff: int) -> None:
    people = bitmaps.of(whole)
    divided = task_allocation.split_evenly(people, dict.fromkeys(range(staff), people))
    sizes = [len(share) for share in divided.values()]
    assert max(sizes) - min(sizes) <= 1


@given(PEOPLE, STAFF, st.dictionaries(st.integers(1, 40), st.integers(1, 5)))
def test_what_has_an_owner_goes_to_the_owner(
    whole: set[int], eligible: dict[int, set[int]], owners: dict[int, int]
) -> None:
    seen = {staff: bitmaps.of(theirs) for staff, theirs in eligible.items()}
    divided = task_allocation.split_by_owner(bitmaps.of(whole), seen, owners)
    for target in whole & set().union(*eligible.values()):
        holders = [staff for staff, share in divided.items() if target in share]
        assert len(holders) == 1
        owner = owners.get(target)
        if owner in eligible and target in eligible[owner]:
            assert holders == [owner]
