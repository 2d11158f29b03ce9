"""The generated fact log, by day of arrival, with a few facts that arrive days late."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bench import generate, sizes
from bench.generate import DAY, Ints, World
from qunce.core import timestamps


@dataclass(frozen=True)
class Kind:
    """A kind of fact. With `spread` 0 it is equally likely for everybody."""

    name: str
    share: float
    spread: float
    grouped: bool = False
    weekdays: tuple[float, ...] = (1.0, 0.95, 1.0, 1.05, 1.2, 1.5, 1.35)


CAMPAIGN_DAYS = (0.0, 1.0, 0.0, 1.0, 0.0, 0.8, 0.0)
"""Weights from Monday: campaigns are sent on three days per week."""
KINDS = (
    Kind("message.posted", 0.52, 1.0, grouped=True),
    Kind("send.delivered", 0.16, 0.0, weekdays=CAMPAIGN_DAYS),
    Kind("page.viewed", 0.08, 0.9),
    Kind("checkin.done", 0.08, 0.8, grouped=True),
    Kind("link.clicked", 0.06, 0.8),
    Kind("order.paid", 0.04, 0.9),
    Kind("stamp.collected", 0.03, 0.7),
    Kind("poll.answered", 0.01, 0.6, grouped=True),
    Kind("coupon.redeemed", 0.01, 0.9),
    Kind("reward.claimed", 0.01, 0.7),
)
KEYLESS_KINDS = ("stamp.collected", "reward.claimed")
"""Kinds that Qunce's own verbs record, without a key and a source."""
NAMES = [kind.name for kind in KINDS]
HOURS = (
    8,
    4,
    2,
    1,
    1,
    3,
    10,
    25,
    40,
    45,
    48,
    55,
    70,
    60,
    48,
    45,
    48,
    55,
    65,
    80,
    100,
    95,
    60,
    25,
)
LATE_SHARE = 0.005
SCHEMA = pa.schema(
    [
        ("n", pa.int64()),
        ("kind", pa.int8()),
        ("account", pa.int32()),
        ("person", pa.int32()),
        ("grp", pa.int16()),
        ("happened_at", pa.int64()),
        ("recorded_at", pa.int64()),
        ("day", pa.int32()),
        ("value", pa.int64()),
    ]
)
"""`n` is the position in the log from 1; `value` is an amount, a campaign or a link."""


class Log:
    """The log of a world, one table per day of arrival."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.counts = count_by_day(world)
        self.starts = 1 + np.concatenate([[0], np.cumsum(self.counts.sum(axis=1))])

    @functools.cached_property
    def weights(self) -> list[NDArray[np.float64]]:
        """The relative frequency of each kind by account."""
        weights = []
        for index, kind in enumerate(KINDS):
            own = self.world.rng(30, index).lognormal(
                0.0, 0.8 * kind.spread, self.world.accounts
            )
            weights.append(self.world.activity**kind.spread * own)
        return weights

    def tables(self) -> Iterator[pa.Table]:
        for index in range(self.world.size.days):
            yield self.table(index)

    def table(self, index: int) -> pa.Table:
        day = self.world.first_day + index
        rng = self.world.rng(31, index)
        here = generate.day_of(self.world.joined_at) <= day
        here &= generate.day_of(np.minimum(self.world.left_at, 2**62)) >= day
        actors = [
            generate.weighted_choice(
                rng, self.weights[kind] * here, int(self.counts[index, kind])
            )
            for kind in range(len(KINDS))
        ]
        kind = np.repeat(np.arange(len(KINDS)), self.counts[index])
        last = timestamps.to_micros(sizes.AT) if day == generate.today() else None
        times = arrivals(rng, day, len(kind), last)
        first = int(self.starts[index])
        return facts_table(self.world, rng, kind, np.concatenate(actors), times, first)


def count_by_day(world: World) -> Ints:
    """Facts by day and kind, which add up exactly to the size."""
    days = np.arange(world.first_day, generate.today() + 1)
    weekday = (days + 3) % 7  # 1970-01-01 was a Thursday, Monday is 0
    noise = world.rng(32).lognormal(0.0, 0.12, len(days))
    growth = np.linspace(0.8, 1.2, len(days)) * noise
    rhythm = np.array([np.array(kind.weekdays)[weekday] * growth for kind in KINDS]).T
    shares = np.array([kind.share for kind in KINDS])
    exact = rhythm / rhythm.sum(axis=0) * shares / shares.sum() * world.size.facts
    whole = np.ascontiguousarray(np.floor(exact).astype(np.int64))
    missing = world.size.facts - int(whole.sum())
    largest_rests = np.argsort((whole - exact).ravel(), kind="stable")[:missing]
    whole.ravel()[largest_rests] += 1
    return whole


def arrivals(rng: np.random.Generator, day: int, count: int, last: int | None) -> Ints:
    """Times of one day in the rhythm of its hours, none after `last`."""
    edges = np.concatenate([[0], np.cumsum(HOURS)]) / sum(HOURS)
    until = 24.0 if last is None else (last - generate.start_of(day)) / (DAY / 24)
    end = np.interp(until, np.arange(25), edges)
    hours = np.interp(rng.random(count) * end, edges, np.arange(25))
    since = (hours * (DAY / 24)).astype(np.int64)
    return np.asarray(since + generate.start_of(day))


def facts_table(
    world: World,
    rng: np.random.Generator,
    kind: Ints,
    actor: Ints,
    times: Ints,
    first: int,
) -> pa.Table:
    """Facts by time of arrival; some happened up to thirty days before."""
    order = np.argsort(times, kind="stable")
    kind, actor, times = kind[order], actor[order], times[order]
    late = rng.random(len(kind)) < LATE_SHARE
    happened = times - late * rng.integers(1, 30, len(kind)) * DAY
    grouped = np.array([kind.grouped for kind in KINDS])[kind]
    columns = {
        "n": np.arange(first, first + len(kind)),
        "kind": kind,
        "account": actor + 1,
        "person": world.person_ids[actor],
        "grp": np.where(grouped, world.group[actor], 0),
        "happened_at": happened,
        "recorded_at": times + rng.integers(0, 3_000_000, len(kind)),
        "day": generate.day_of(happened),
        "value": values(rng, kind, generate.day_of(times)),
    }
    return to_table(columns)


def to_table(columns: dict[str, NDArray[Any]]) -> pa.Table:
    arrays = [
        pa.array(columns[field.name].astype(field.type.to_pandas_dtype()))
        for field in SCHEMA
    ]
    return pa.table(arrays, schema=SCHEMA)


def values(rng: np.random.Generator, kind: Ints, day: Ints) -> Ints:
    count = len(kind)
    amounts = (rng.lognormal(8.8, 0.9, count)).astype(np.int64) + 100
    small = np.minimum(rng.pareto(1.2, count) * 8, 2000).astype(np.int64) + 1
    value = np.where(kind == NAMES.index("order.paid"), amounts, small)
    return np.where(kind == NAMES.index("send.delivered"), day, value)


def new_facts(
    world: World, *, run: int, count: int, kinds: tuple[str, ...]
) -> pa.Table:
    """New facts of the last week, as a later import has them, different for each run."""
    rng = world.rng(33, run)
    present = np.flatnonzero(world.left_at == generate.NEVER)
    actor = present[
        rng.permutation(generate.weighted_choice(rng, world.activity[present], count))
    ]
    kind = np.array([NAMES.index(name) for name in kinds])[
        rng.integers(0, len(kinds), count)
    ]
    end = timestamps.to_micros(sizes.AT)
    times = end - rng.integers(1, 7 * DAY, count)
    # Runs are far apart, so that no key is generated twice.
    return facts_table(world, rng, kind, actor, times, (run + 1) * 10**10)


PAYLOAD = """
CASE kind
  WHEN 0 THEN '{"length":' || value || '}'
  WHEN 1 THEN '{"campaign":"c' || value || '"}'
  WHEN 2 THEN '{"page":"p' || value || '"}'
  WHEN 4 THEN '{"link":"l' || value || '"}'
  WHEN 5 THEN '{"amount":' || value || ',"currency":"CNY","order":"o' || n || '"}'
  WHEN 6 THEN '{"points":' || value || '}'
END
"""
"""SQL for the payload as `facts.dump` writes it; kinds by their index in KINDS."""
