"""Random communities and rules: a dry run is the run, and both are what an oracle says."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from typing import Any
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.members.tag_rules import previews, runs, tag_states
from qunce.members.tag_rules.models import TagRule
from qunce.members.tags import assignments, library
from tests import factories
from tests.factories import AT
from tests.members.tag_rules.builders import (
    DAYS,
    active,
    catch_up,
    flat,
    listed,
    post,
    run,
    said,
    stored,
    tags_of,
)

pytestmark = [pytest.mark.django_db]
PEOPLE = ("ann", "bob", "eve")
TAGS = ("hot", "cold", "fan")
EXCLUSIVE = {"hot": "cold", "cold": "hot"}
NUMBERS = count()
HAND = 0


@dataclass
class State:
    """Tag → depth and owner of one person; who removed what by hand."""

    depth: dict[str, int] = field(default_factory=dict)
    owner: dict[str, int] = field(default_factory=dict)
    removed: set[str] = field(default_factory=set)

    def give(self, tag: str, depth: int, owner: int) -> None:
        self.depth[tag], self.owner[tag] = depth, owner
        self.removed.discard(tag)

    def take(self, tag: str) -> None:
        del self.depth[tag], self.owner[tag]


@dataclass(frozen=True)
class Rule:
    pk: int
    effects: list[tuple[str, str, int]]
    takes_back: bool


def contradict(left: tuple[str, str, int], right: tuple[str, str, int]) -> bool:
    (do, tag, depth), (other_do, other_tag, other_depth) = left, right
    if tag == other_tag:
        if "remove" in (do, other_do):
            return do != other_do
        pair = {do: depth, other_do: other_depth}
        if do == other_do == "set":
            return depth != other_depth
        return "set" in pair and pair.get("raise", 0) > pair["set"]
    return EXCLUSIVE.get(tag) == other_tag and "remove" not in (do, other_do)


@dataclass(frozen=True)
class Case:
    """One person in one run: which rules hold for them."""

    state: State
    rule: Rule
    rules: list[Rule]
    holds: dict[int, bool]

    def is_left(self, effect: tuple[str, str, int]) -> bool:
        """Whether an earlier rule decides otherwise."""
        return any(
            self.holds[other.pk] and contradict(effect, theirs)
            for other in self.rules[: self.rules.index(self.rule)]
            for theirs in other.effects
        )

    def is_given_by_others(self, tag: str) -> bool:
        return any(
            self.holds[other.pk] and theirs[1] == tag and theirs[0] != "remove"
            for other in self.rules
            if other != self.rule
            for theirs in other.effects
        )

    def apply(self) -> None:
        """What a run does with one person, in words of one person."""
        effects, state = self.rule.effects, self.state
        if self.holds[self.rule.pk]:
            for effect in effects:
                do, tag, _depth = effect
                if do == "remove" and tag in state.depth and not self.is_left(effect):
                    state.take(tag)
            for effect in effects:
                if effect[0] != "remove" and not self.is_left(effect):
                    self.give(effect)
        elif self.rule.takes_back:
            for do, tag, _depth in effects:
                is_own = do != "remove" and state.owner.get(tag) == self.rule.pk
                if is_own and not self.is_given_by_others(tag):
                    state.take(tag)

    def give(self, effect: tuple[str, str, int]) -> None:
        (do, tag, depth), state = effect, self.state
        old, other = state.depth.get(tag, 0), EXCLUSIVE.get(tag, "")
        if old:
            if do == "set" or (do == "raise" and old < depth):
                state.depth[tag] = depth
        elif tag not in state.removed and state.owner.get(other) != HAND:
            if other in state.depth:
                state.take(other)
            state.give(tag, depth or 1, self.rule.pk)


EFFECTS = st.lists(
    st.sampled_from(
        [
            *(("add", tag, 0) for tag in TAGS),
            *(("remove", tag, 0) for tag in TAGS),
            ("set", "fan", 2),
            ("set", "fan", 3),
            ("raise", "fan", 3),
        ]
    ),
    min_size=1,
    max_size=2,
    unique_by=lambda effect: effect[1],
).filter(
    lambda found: sum(do != "remove" and tag in EXCLUSIVE for do, tag, _n in found) < 2
)
HOLDS = st.lists(st.sets(st.sampled_from(PEOPLE)), min_size=3, max_size=3)
BY_HAND = st.lists(
    st.tuples(
        st.sampled_from(PEOPLE),
        st.sampled_from(TAGS),
        st.sampled_from(["give", "take"]),
    ),
    max_size=3,
)


def to_json(effect: tuple[str, str, int]) -> dict[str, Any]:
    do, tag, depth = effect
    return {"do": do, "tag": tag} | ({"depth": depth} if depth else {})


def change_by_hand(
    shop: Community,
    by: Staff,
    states: dict[int, State],
    changes: list[tuple[int, str, str]],
) -> None:
    for account, key, how in changes:
        tag, state = library.get(shop, key), states[account]
        if how == "take" and key in state.depth:
            assignments.remove(tag=tag, accounts=[account], by=by, at=AT)
            state.take(key)
            state.removed.add(key)
        elif how == "give" and key not in state.depth:
            assignments.apply(tag=tag, accounts=[account], by=by, at=AT)
            other = EXCLUSIVE.get(key, "")
            if other in state.depth:
                state.take(other)
                state.removed.add(other)
            state.give(key, 1, HAND)


@given(
    specs=st.lists(st.tuples(EFFECTS, st.booleans()), min_size=3, max_size=3),
    days=st.lists(st.tuples(HOLDS, BY_HAND), min_size=1, max_size=3),
    max_looked_up=st.sampled_from([0, tag_states.MAX_LOOKED_UP]),
)
def test_dry_run_equals_run_and_oracle(
    specs: list[tuple[list[tuple[str, str, int]], bool]],
    days: list[tuple[list[set[str]], list[tuple[str, str, str]]]],
    max_looked_up: int,
) -> None:
    """K5."""
    with mock.patch.object(tag_states, "MAX_LOOKED_UP", max_looked_up):
        _compare_runs(specs, days)


def _compare_runs(
    specs: list[tuple[list[tuple[str, str, int]], bool]],
    days: list[tuple[list[set[str]], list[tuple[str, str, str]]]],
) -> None:
    number = next(NUMBERS)
    shop = factories.community(f"shop{number}")
    by = factories.staff(shop, login=f"owner{number}")
    ids = dict(zip(PEOPLE, factories.members(shop, *PEOPLE), strict=True))
    group = factories.tag_group(shop, "stage", exclusive=True)
    for tag in TAGS:
        factories.tag(shop, tag, group if tag in EXCLUSIVE else None)
    rules, made = [], []
    for effects, takes_back in specs:
        ordered = sorted(effects, key=lambda effect: effect[0] != "remove")
        can = takes_back and any(do != "remove" for do, _tag, _n in ordered)
        rule = active(shop, by, listed(), *map(to_json, ordered), takes_back=can)
        made.append(rule)
        rules.append(Rule(rule.pk, ordered, can))
    states = {account: State() for account in ids.values()}
    for at, (holds, hand) in zip(DAYS, days, strict=False):
        change_by_hand(
            shop, by, states, [(ids[who], tag, how) for who, tag, how in hand]
        )
        for rule, people in zip(made, holds, strict=True):
            condition = listed(*sorted(people))
            TagRule.objects.filter(pk=rule.pk).update(condition=condition)
            rule.refresh_from_db()
        for index, rule in enumerate(made):
            tried = flat(previews.dry_run(rule=rule, by=by, at=at))
            assert stored(run(rule, by, at), by, at) == tried
            for who, account in ids.items():
                matching = {
                    each.pk: who in people
                    for each, people in zip(rules, holds, strict=True)
                }
                Case(states[account], rules[index], rules, matching).apply()
        for account, state in states.items():
            assert tags_of(account) == state.depth


@given(
    effects=st.lists(
        st.sampled_from(
            [("add", "hot", 0), ("remove", "hot", 0), ("deepen", "fan", 2)]
        ),
        min_size=1,
        max_size=2,
        unique_by=lambda effect: effect[1],
    ),
    said_by=st.lists(
        st.tuples(st.sampled_from(PEOPLE), st.sampled_from(["price", "no"])),
        min_size=1,
        max_size=8,
    ),
    hand=BY_HAND,
)
def test_dry_run_of_events_equals_what_the_consumer_does(
    effects: list[tuple[str, str, int]],
    said_by: list[tuple[str, str]],
    hand: list[tuple[str, str, str]],
) -> None:
    """K5, K6."""
    number = next(NUMBERS)
    shop = factories.community(f"shop{number}")
    by = factories.staff(shop, login=f"owner{number}")
    ids = dict(zip(PEOPLE, factories.members(shop, *PEOPLE), strict=True))
    group = factories.tag_group(shop, "stage", exclusive=True)
    for tag in TAGS:
        factories.tag(shop, tag, group if tag in EXCLUSIVE else None)
    rule = active(shop, by, said("price"), *map(to_json, effects))
    states = {account: State() for account in ids.values()}
    change_by_hand(shop, by, states, [(ids[who], tag, how) for who, tag, how in hand])
    for who, text in said_by:
        post(shop, ids[who], text, AT)
    tried = flat(previews.dry_run(rule=rule, by=by, at=AT, days=1))
    catch_up(AT)
    changed = {
        row for day in runs.list_runs(rule=rule, by=by) for row in stored(day, by, AT)
    }
    assert changed == tried
    for who, account in ids.items():
        if times := said_by.count((who, "price")):
            react_slowly(states[account], effects, times)
        assert tags_of(account) == states[account].depth


def react_slowly(state: State, effects: list[tuple[str, str, int]], times: int) -> None:
    for do, tag, depth in effects:
        if do == "remove":
            state.depth.pop(tag, None)
        elif (
            tag not in state.removed and state.owner.get(EXCLUSIVE.get(tag, "")) != HAND
        ):
            old = state.depth.get(tag, 0)
            state.depth[tag] = old + depth * times if do == "deepen" else old or 1
