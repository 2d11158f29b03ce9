"""Who is in several groups, against a slow oracle."""

from __future__ import annotations

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from qunce.groups.overlaps import keep_rules, likely_people, overlap_sets
from qunce.groups.overlaps.keep_rules import Departure, Place
from qunce.groups.overlaps.models import KeepRule
from qunce.sets.bitmaps import bitmaps
from tests import shares

GROUPS = st.dictionaries(
    st.integers(1, 8), st.sets(st.integers(0, 200_000) | st.integers(0, 9)), max_size=8
)
PAIRS = st.sets(
    st.tuples(st.integers(1, 8), st.integers(1, 8)).filter(lambda two: two[0] < two[1]),
    max_size=10,
)


@given(GROUPS, PAIRS)
def test_overlaps_are_those_of_plain_sets(
    groups: dict[int, set[int]], allowed: set[tuple[int, int]]
) -> None:
    maps = {group: bitmaps.of(people) for group, people in groups.items()}
    everyone = set().union(*groups.values()) if groups else set()
    in_groups = {
        person: [group for group in sorted(groups) if person in groups[group]]
        for person in everyone
    }
    assert set(overlap_sets.in_several(maps.values())) == {
        person for person, own in in_groups.items() if len(own) > 1
    }
    assert set(overlap_sets.find_overlapping(maps, allowed)) == {
        person
        for person, own in in_groups.items()
        if set(itertools.combinations(own, 2)) - allowed
    }
    counts: dict[tuple[int, int], int] = {}
    for own in in_groups.values():
        for two in itertools.combinations(own, 2):
            if two not in allowed:
                counts[two] = counts.get(two, 0) + 1
    assert overlap_sets.count_pairs(maps, allowed) == counts
    people = overlap_sets.in_several(maps.values())
    assert overlap_sets.groups_by_person(maps, people) == {
        person: own for person, own in in_groups.items() if len(own) > 1
    }
    # The sets of the caller stay as they are.
    assert {group: set(people) for group, people in maps.items()} == groups


PLACES = st.lists(
    st.builds(
        Place, st.integers(1, 8), st.integers(0, 5), st.integers(0, 3), st.booleans()
    ),
    max_size=8,
    unique_by=lambda place: place.group,
)


@settings(max_examples=shares.examples(300))
@given(PLACES, st.sampled_from(KeepRule), st.integers(1, 8), PAIRS)
def test_departures_leave_nothing_that_overlaps(
    places: list[Place],
    keep: KeepRule,
    chosen: int,
    allowed: set[tuple[int, int]],
) -> None:
    departures = keep_rules.plan(places, keep, chosen=chosen, allowed=allowed)
    left = {departure.group for departure in departures}
    fixed = {place.group for place in places if place.is_fixed}
    kept = {place.group for place in places} - left
    assert not left & fixed
    assert all(departure.kept in kept for departure in departures)
    for two in itertools.combinations(sorted(kept), 2):
        assert two in allowed or set(two) <= fixed
    # Nobody leaves more than is needed: each departure overlaps with what is kept.
    for departure in departures:
        assert overlap_sets.pair(departure.group, departure.kept) not in allowed
    assert keep_rules.plan(places[::-1], keep, chosen=chosen, allowed=allowed) == (
        departures
    )


def test_the_group_that_each_rule_keeps() -> None:
    places = [
        Place(1, joined_at=30),
        Place(2, joined_at=10),
        Place(3, joined_at=20, messages=9),
    ]

    def kept(keep: KeepRule, chosen: int | None = None) -> set[int]:
        return {d.kept for d in keep_rules.plan(places, keep, chosen=chosen)}

    assert kept(KeepRule.EARLIEST) == {2}
    assert kept(KeepRule.LATEST) == {1}
    assert kept(KeepRule.MOST_ACTIVE) == {3}
    assert kept(KeepRule.CHOSEN, chosen=1) == {1}
    # Who is not in the chosen group stays where they came first.
    assert kept(KeepRule.CHOSEN, chosen=7) == {2}
    fixed = [Place(1, 30, is_fixed=True), Place(2, 10)]
    assert keep_rules.plan(fixed, KeepRule.EARLIEST) == [Departure(2, 1)]


@given(st.dictionaries(st.integers(), st.lists(st.integers(0, 9), max_size=8)))
def test_pairs_alike_share_a_rare_value(values: dict[int, list[int]]) -> None:
    by_value: dict[object, list[int]] = {
        f"v{key}": each for key, each in values.items()
    }
    found = likely_people.pairs_alike(by_value)
    expected = {
        (left, right)
        for people in values.values()
        if len(set(people)) <= likely_people.MAX_ALIKE
        for left in people
        for right in people
        if left < right
    }
    assert found == expected
