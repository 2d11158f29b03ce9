"""K8: the steps of a funnel against counts of shortened rules."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qunce.console.segments import rule_editing
from qunce.core.staff.models import Staff
from qunce.sets import audiences, funnels
from qunce.sets.bitmaps.bitmaps import of
from tests import shares
from tests.oracle import strategies
from tests.oracle.people import Fact
from tests.oracle.questions import Questions, Vocabulary
from tests.oracle.strategies import KeyedFact
from tests.oracle.world import World

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db(transaction=True)]
SETTING = strategies.SETTINGS[0]
NOW = strategies.list_times(SETTING)[2]
KEYS = [f"m{number}" for number in range(7)]


@pytest.fixture
def world() -> World:
    """Seven accounts of six people, one of whom has left, with random tags and facts."""
    random, world = Random(8), World(SETTING)  # noqa: S311 - not a secret
    moments = strategies.list_times(SETTING)
    for key in KEYS:
        world.add(key, moments[0], random.choice(["", *strategies.SOURCES]), moments[0])
    for number, key in enumerate(KEYS * 4):
        kind, at = random.choice(strategies.KINDS), random.choice(moments)
        payload = (("amount", random.randint(0, 3)), ("page", "home"))
        fact = Fact(kind, key, at, random.choice(strategies.GROUPS), payload)
        world.record([KeyedFact(fact, str(number))], moments[0])
    for tag in strategies.TAG_GROUPS:
        world.apply_tag(tag, random.sample(KEYS, 3), moments[0])
    world.merge("m0", "m3", moments[0])
    world.leave("m5", moments[0])
    world.catch_up()
    return world


def rules() -> st.SearchStrategy[Any]:
    def draw(random: Random, with_former: bool) -> Any:
        questions = Questions(random, SETTING, Vocabulary(KEYS))
        parts = [questions.rule() for _ in range(random.choice([0, 1, 2, 3, 4]))]
        return (
            {"all": parts}
            if with_former
            else {"all": [without_former(part) for part in parts]}
        )

    return st.builds(draw, st.randoms(use_true_random=False), st.booleans())


def without_former(rule: Any) -> Any:
    """The same rule without `with_left`."""
    ((name, body),) = rule.items()
    if name == "with_left":
        return without_former(body)
    if name in ("all", "any"):
        return {name: [without_former(part) for part in body]}
    return {name: without_former(body)} if name == "not" else rule


def includes_former(rule: Any) -> bool:
    return bool(without_former(rule) != rule)


def count(world: World, rule: Any, by: Staff) -> int:
    return audiences.count(community=world.qunce, rule=rule, by=by, at=NOW)


SCOPES = st.sampled_from([None, {"tag": {"any": ["vip", "tea"]}}])


@settings(
    max_examples=shares.examples(60),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(rule=rules(), scope=SCOPES)
def test_each_step_has_the_count_of_the_rule_up_to_it(
    world: World, rule: Any, scope: Any
) -> None:
    by = world.staff(scope)
    funnel = audiences.funnel(community=world.qunce, rule=rule, by=by, at=NOW, sample=3)
    assert funnel.everyone == count(world, {"all": []}, by)
    assert funnel.total == funnel.steps[""].remaining == count(world, rule, by)
    for number, part in enumerate(rule["all"]):
        step = funnel.steps[f"all[{number}]"]
        assert step.remaining == count(world, {"all": rule["all"][: number + 1]}, by)
        assert step.alone == count(world, part, by)
    for path in funnel.steps:
        if path and not includes_former(rule):
            prefix = rule_editing.rule_up_to(rule, rule_editing.parse_path(path))
            assert funnel.steps[path].remaining == count(world, prefix, by)
    people = audiences.list_ids(community=world.qunce, rule=rule, by=by, at=NOW)
    assert set(funnel.sample) <= set(people)
    assert len(funnel.sample) == min(3, len(people))


@settings(
    max_examples=shares.examples(40),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(rule=rules(), key=st.sampled_from(KEYS))
def test_matches_by_path_has_each_part_that_holds(
    world: World, rule: Any, key: str
) -> None:
    person = world.ids["m0" if key == "m3" else key]
    about: dict[str, Any] = {"community": world.qunce, "by": world.by, "at": NOW}
    matches = audiences.explain(
        rule=rule, account=world.ids[key], **about
    ).matches_by_path
    for number, part in enumerate(rule["all"]):
        people = audiences.list_ids(rule={"with_left": part}, **about)
        assert matches[f"all[{number}]"] == (person in people)


def test_sample_has_even_distances() -> None:
    assert funnels.sample_evenly(of(range(100)), 4) == (0, 25, 50, 75)
    assert funnels.sample_evenly(of([5, 7]), 4) == (5, 7)
