from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from bench import events, generate, sizes
from bench.generate import NEVER, World

TINY = sizes.SIZES["tiny"]


@pytest.fixture(scope="module")
def world() -> World:
    return World(TINY)


@pytest.fixture(scope="module")
def log(world: World) -> pa.Table:
    return pa.concat_tables(events.Log(world).tables())


def test_the_same_seed_makes_the_same_community(world: World, log: pa.Table) -> None:
    again = World(TINY)
    assert again.keys == world.keys
    assert np.array_equal(again.head, world.head)
    assert np.array_equal(again.left_at, world.left_at)
    assert repr(generate.taggings(again)) == repr(generate.taggings(world))
    assert pa.concat_tables(events.Log(again).tables()).equals(log)


def test_another_seed_makes_another(world: World, log: pa.Table) -> None:
    other = World(TINY, seed=1)
    assert not pa.concat_tables(events.Log(other).tables()).equals(log)


def test_a_day_can_be_made_alone(world: World) -> None:
    in_turn = list(events.Log(world).tables())
    assert events.Log(world).table(17).equals(in_turn[17])


def test_it_makes_exactly_what_the_size_says(world: World, log: pa.Table) -> None:
    assert log.num_rows == TINY.facts
    assert np.array_equal(log["n"].to_numpy(), np.arange(1, TINY.facts + 1))
    assert len(np.unique(world.head)) == TINY.members
    tags = generate.taggings(world)
    assert len(tags.ref) == TINY.tag_rows
    assert len(set(zip(tags.ref.tolist(), tags.account.tolist(), strict=True))) == len(
        tags.ref
    )


def test_a_second_account_leads_to_an_earlier_first(world: World) -> None:
    accounts = np.arange(1, world.accounts + 1)
    assert np.all(world.head <= accounts)
    assert np.array_equal(world.head[world.head - 1], world.head)
    assert np.count_nonzero(world.head != accounts) == world.accounts - TINY.members


def test_nobody_does_anything_before_joining_or_after_leaving(
    world: World, log: pa.Table
) -> None:
    account = log["account"].to_numpy() - 1
    arrived = generate.day_of(log["recorded_at"].to_numpy())
    assert np.all(generate.day_of(world.joined_at[account]) <= arrived)
    left = np.minimum(world.left_at[account], 2**62)
    assert np.all(generate.day_of(left) >= arrived - 1)


def test_nothing_happens_after_the_moment_of_asking(log: pa.Table) -> None:
    assert log["day"].to_numpy().max() == generate.today()
    assert log["happened_at"].to_numpy().max() <= sizes.AT.timestamp() * 1_000_000


def test_a_few_facts_are_late_and_few_people_do_most(log: pa.Table) -> None:
    arrived = generate.day_of(log["recorded_at"].to_numpy() - 3_000_000)
    late = np.mean(arrived - log["day"].to_numpy() > 1)
    assert 0.002 < late < 0.01
    talk = log["kind"].to_numpy() == events.NAMES.index("message.posted")
    times = np.sort(np.bincount(log["person"].to_numpy()[talk]))[::-1]
    assert times[: TINY.members // 10].sum() > 0.4 * times.sum()


def test_added_facts_differ_from_run_to_run(world: World) -> None:
    kinds = ("order.paid", "message.posted")
    one, other = (events.added(world, run=run, count=50, kinds=kinds) for run in (0, 1))
    assert not set(one["n"].to_pylist()) & set(other["n"].to_pylist())
    assert np.all(world.left_at[one["account"].to_numpy() - 1] == NEVER)
    assert events.added(world, run=1, count=50, kinds=kinds).equals(other)
