"""Clauses over breaks, ratios, ranks, grades and shares, against the oracle (K8)."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.oracle import comparisons, strategies
from tests.oracle.clauses import CLAUSES
from tests.oracle.questions import Questions
from tests.oracle.strategies import Setting
from tests.oracle.world import World

NAMES = (
    "score",
    "stopped",
    "returned",
    "ratio",
    "rank",
    "rfm",
    "random",
    "did",
    "seq",
    "tag",
)
QUESTIONS = 3
"""Of each clause, about each community."""


def make_world(setting: Setting, data: st.DataObject, random: Random) -> World:
    world = World(setting)
    times = strategies.times(setting)
    for number in range(6):
        joined = data.draw(times, label="joined")
        world.add(f"m{number}", joined, "", at=max(joined, data.draw(times)))
    facts = strategies.keyed_facts(setting, world.list_accounts())
    world.record(
        data.draw(st.lists(facts, min_size=10, max_size=30)), setting_time(world)
    )
    world.fill(random)
    world.merge("m1", "m4", setting_time(world))
    world.leave("m5", setting_time(world))
    world.catch_up()
    return world


def setting_time(world: World):  # type: ignore[no-untyped-def]
    return strategies.list_times(world.setting)[0]


@pytest.mark.django_db(transaction=True)
@settings(
    max_examples=5,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(
    setting=strategies.settings,
    data=st.data(),
    random=st.randoms(use_true_random=True),
)
def test_clauses_agree_with_the_oracle(
    setting: Setting, data: st.DataObject, random: Random
) -> None:
    world = make_world(setting, data, random)
    questions = Questions(random, setting, world.vocabulary())
    for name in NAMES * QUESTIONS:
        rule = {name: CLAUSES[name].draw(questions)}
        now = random.choice(strategies.list_times(setting))
        comparisons.compare(world, rule, now)
        comparisons.compare(world, {"with_left": rule}, now)
        comparisons.compare_reasons(
            world, rule, now, random.choice(world.list_accounts())
        )
