"""K8: how many each part of a rule leaves, against counts of rules cut off by hand."""

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
from tests.oracle import strategies
from tests.oracle.people import Fact
from tests.oracle.questions import Known, Questions
from tests.oracle.strategies import Event
from tests.oracle.world import World

pytestmark = [pytest.mark.both_databases, pytest.mark.django_db(transaction=True)]
SETTING = strategies.SETTINGS[0]
NOW = strategies.nows(SETTING)[2]
KEYS = [f"m{number}" for number in range(7)]


@pytest.fixture
def world() -> World:
    """Seven accounts, six people, one gone, with tags and facts all over."""
    random, world = Random(8), World(SETTING)  # noqa: S311 - not a secret
    moments = strategies.nows(SETTING)
    for key in KEYS:
        world.add(key, moments[0], random.choice(["", *strategies.SOURCES]), moments[0])
    for number, key in enumerate(KEYS * 4):
        kind, at = random.choice(strategies.KINDS), random.choice(moments)
        payload = (("amount", random.randint(0, 3)), ("page", "home"))
        fact = Fact(kind, key, at, random.choice(strategies.GROUPS), payload)
        world.happen([Event(fact, str(number))], moments[0])
    for tag in strategies.TAG_GROUPS:
        world.put_tag(tag, random.sample(KEYS, 3), moments[0])
    world.merge("m0", "m3", moments[0])
    world.leave("m5", moments[0])
    world.catch_up()
    return world


def rules() -> st.SearchStrategy[Any]:
    def drawn(random: Random, wide: bool) -> Any:
        asking = Questions(random, SETTING, Known(KEYS))
        parts = [asking.rule() for _ in range(random.choice([0, 1, 2, 3, 4]))]
        return {"all": parts} if wide else {"all": [narrow(part) for part in parts]}

    return st.builds(drawn, st.randoms(use_true_random=False), st.booleans())


def narrow(rule: Any) -> Any:
    """The same without those who left."""
    ((name, body),) = rule.items()
    if name == "with_left":
        return narrow(body)
    if name in ("all", "any"):
        return {name: [narrow(part) for part in body]}
    return {name: narrow(body)} if name == "not" else rule


def is_wide(rule: Any) -> bool:
    return bool(narrow(rule) != rule)


def count(world: World, rule: Any, by: Staff) -> int:
    return audiences.count(community=world.qunce, rule=rule, by=by, at=NOW)


SCOPES = st.sampled_from([None, {"tag": {"any": ["vip", "tea"]}}])


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(rule=rules(), scope=SCOPES)
def test_each_line_leaves_what_a_rule_that_ends_there_counts(
    world: World, rule: Any, scope: Any
) -> None:
    by = world._operator(scope)
    found = audiences.funnel(community=world.qunce, rule=rule, by=by, at=NOW, sample=3)
    assert found.everyone == count(world, {"all": []}, by)
    assert found.total == found.steps[""].remaining == count(world, rule, by)
    for number, part in enumerate(rule["all"]):
        step = found.steps[f"all[{number}]"]
        assert step.remaining == count(world, {"all": rule["all"][: number + 1]}, by)
        assert step.alone == count(world, part, by)
    for path in found.steps:
        if path and not is_wide(rule):
            prefix = rule_editing.rule_up_to(rule, rule_editing.parse_path(path))
            assert found.steps[path].remaining == count(world, prefix, by)
    asked = audiences.list_ids(community=world.qunce, rule=rule, by=by, at=NOW)
    assert set(found.sample) <= set(asked)
    assert len(found.sample) == min(3, len(asked))


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(rule=rules(), key=st.sampled_from(KEYS))
def test_a_person_lights_each_part_that_holds(
    world: World, rule: Any, key: str
) -> None:
    person = world.ids["m0" if key == "m3" else key]
    about: dict[str, Any] = {"community": world.qunce, "by": world.by, "at": NOW}
    lit = audiences.explain(rule=rule, account=world.ids[key], **about).matches_by_path
    for number, part in enumerate(rule["all"]):
        fits = audiences.list_ids(rule={"with_left": part}, **about)
        assert lit[f"all[{number}]"] == (person in fits)


def test_a_sample_is_spread_over_all() -> None:
    assert funnels.sample_evenly(of(range(100)), 4) == (0, 25, 50, 75)
    assert funnels.sample_evenly(of([5, 7]), 4) == (5, 7)
