"""Scores of everybody and of one person are those of a slow oracle, in every zone."""

from __future__ import annotations

from datetime import timedelta
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from qunce.core import community_days
from qunce.members.scores import definitions, evaluation
from qunce.sets.rules import snapshots
from qunce.sets.rules.snapshots import Snapshot
from tests.oracle import scores as plain_scores
from tests.oracle import strategies
from tests.oracle.clock import Clock
from tests.oracle.oracle import Oracle
from tests.oracle.strategies import Setting
from tests.oracle.world import World
from tests.sets.test_ranked_clauses import make_world

ZONES = [
    Setting(Clock("Asia/Shanghai"), strategies.SETTINGS[0].today),
    Setting(Clock("America/Los_Angeles"), strategies.SETTINGS[2].today),
    Setting(Clock("Africa/Cairo", 240), strategies.SETTINGS[5].today),
]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("setting", ZONES, ids=lambda each: each.clock.zone)
@settings(
    max_examples=1,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(data=st.data(), random=st.randoms(use_true_random=True))
def test_scores_are_those_of_the_oracle(
    setting: Setting, data: st.DataObject, random: Random
) -> None:
    world = make_world(setting, data, random)
    for _ in range(8):
        at = random.choice(strategies.list_times(setting))
        days = random.choice([0, 0, 1, 3, 8, 40])
        for key in plain_scores.SCORES:
            compare(world, key, Oracle(world.plain, at), days)


def compare(world: World, key: str, oracle: Oracle, days: int) -> None:
    day = oracle.today - timedelta(days=days)
    spec = plain_scores.spec_on(oracle, key, day)
    number = community_days.from_date(day)

    def ask(snap: Snapshot) -> None:
        snap.load_revisions(evaluation.KEYS)
        definition = evaluation.definition_on(snap, key, number)
        assert definition is not None
        everybody = evaluation.of_everybody(snap, definition, number)
        found = dict(
            zip(everybody.people.tolist(), everybody.tenths.tolist(), strict=True)
        )
        known = [p for p in world.plain.people() if world.plain.joined_by(p, oracle.at)]
        expected = {
            world.ids[p[0]]: plain_scores.tenths(oracle, spec, day, p) for p in known
        }
        assert found == expected, f"{key} on {day}"
        for person in known:
            own = evaluation.of_person(snap, definition, number, world.ids[person[0]])
            assert own.tenths == expected[world.ids[person[0]]]
            measures = [
                plain_scores.measure(oracle, part, day, person)
                for part in spec["parts"]
            ]
            assert [part.measured for part in own.parts] == [n * 100 for n in measures]
            text = definitions.format_points(own.points)
            assert text.replace(",", "") == definitions.format_hundredths(
                sum(part.points for part in own.parts), 10_000
            ).replace(",", "")

    snapshots.run(world.qunce, oracle.at, ask)
