from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from bench import fact_log, generate, sizes
from bench.generate import NEVER, World

TINY = sizes.SIZES["tiny"]


@pytest.fixture(scope="module")
def world() -> World:
    return World(TINY)


@pytest.fixture(scope="module")
def log(world: World) -> pa.Table:
    return pa.concat_tables(fact_log.Log(world).tables())


def test_same_seed_generates_the_same_community(world: World, log: pa.Table) -> None:
    again = World(TINY)
    assert again.keys == world.keys
    assert np.array_equal(again.person_ids, world.person_ids)
    assert np.array_equal(again.left_at, world.left_at)
    assert repr(generate.taggings(again)) == repr(generate.taggings(world))
    assert pa.concat_tables(fact_log.Log(again).tables()).equals(log)


def test_other_seed_generates_another_log(world: World, log: pa.Table) -> None:
    other = World(TINY, seed=1)
    table = pa.concat_tables(fact_log.Log(other).tables())
    assert table.schema == log.schema
    assert not table.equals(log)


def test_single_day_can_be_generated(world: World) -> None:
    in_turn = list(fact_log.Log(world).tables())
    assert fact_log.Log(world).table(17).equals(in_turn[17])


def test_community_has_the_numbers_of_its_size(world: World, log: pa.Table) -> None:
    assert log.num_rows == TINY.facts
    assert np.array_equal(log["n"].to_numpy(), np.arange(1, TINY.facts + 1))
    assert len(np.unique(world.person_ids)) == TINY.members
    tags = generate.taggings(world)
    assert len(tags.ref) == TINY.tag_rows
    assert len(set(zip(tags.ref.tolist(), tags.account.tolist(), strict=True))) == len(
        tags.ref
    )


def test_second_account_belongs_to_an_earlier_person(world: World) -> None:
    accounts = np.arange(1, world.accounts + 1)
    assert np.all(world.person_ids <= accounts)
    assert np.array_equal(world.person_ids[world.person_ids - 1], world.person_ids)
    assert (
        np.count_nonzero(world.person_ids != accounts) == world.accounts - TINY.members
    )


def test_facts_are_between_joining_and_leaving(world: World, log: pa.Table) -> None:
    account = log["account"].to_numpy() - 1
    arrived = generate.day_of(log["recorded_at"].to_numpy())
    assert np.all(generate.day_of(world.joined_at[account]) <= arrived)
    left = np.minimum(world.left_at[account], 2**62)
    assert np.all(generate.day_of(left) >= arrived - 1)


def test_no_fact_is_after_the_time_of_the_questions(log: pa.Table) -> None:
    assert log["day"].to_numpy().max() == generate.today()
    assert log["happened_at"].to_numpy().max() <= sizes.AT.timestamp() * 1_000_000


def test_few_facts_are_late_and_few_people_have_most_facts(log: pa.Table) -> None:
    arrived = generate.day_of(log["recorded_at"].to_numpy() - 3_000_000)
    late = np.mean(arrived - log["day"].to_numpy() > 1)
    assert 0.002 < late < 0.01
    talk = log["kind"].to_numpy() == fact_log.NAMES.index("message.posted")
    times = np.sort(np.bincount(log["person"].to_numpy()[talk]))[::-1]
    assert times[: TINY.members // 10].sum() > 0.4 * times.sum()


def test_new_facts_differ_between_runs(world: World) -> None:
    kinds = ("order.paid", "message.posted")
    one, other = (
        fact_log.new_facts(world, run=run, count=50, kinds=kinds) for run in (0, 1)
    )
    assert not set(one["n"].to_pylist()) & set(other["n"].to_pylist())
    assert np.all(world.left_at[one["account"].to_numpy() - 1] == NEVER)
    assert fact_log.new_facts(world, run=1, count=50, kinds=kinds).equals(other)
