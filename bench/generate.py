"""A generated community with realistic distributions, reproducible by size and seed.

Few people have most facts and few tags are on most people; weeks and hours have their
rhythm; people join, leave and sometimes have two accounts. All data is in arrays: `World`
has the people, `fact_log` generates their facts.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench import sizes
from qunce.core import timestamps

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
DAY = 86_400_000_000
EIGHT_HOURS = 8 * 3_600_000_000
"""Asia/Shanghai has had no other offset since 1991, so its days are plain division."""
NEVER = np.iinfo(np.int64).max
MERGED_SHARE = 0.005
REGIONS = (
    "guangdong zhejiang jiangsu shanghai beijing sichuan hubei shandong "
    "fujian henan hunan shaanxi gansu guizhou yunnan hainan"
).split()
INTERESTS = "baby beauty books coffee fitness food garden games music pets tea travel"
SOURCES = ("livecode", "referral", "shop", "meetup", "import")


def today() -> int:
    return int(day_of(timestamps.to_micros(sizes.AT)))


def day_of(micros: Any) -> Any:
    return (micros + EIGHT_HOURS) // DAY


def start_of(day: Any) -> Any:
    return day * DAY - EIGHT_HOURS


def scramble(numbers: NDArray[Any]) -> NDArray[np.uint64]:
    """Distinct numbers for distinct numbers, scattered over 64 bits (splitmix64)."""
    x = numbers.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(x ^ (x >> np.uint64(31)))


def hex_keys(prefix: str, numbers: NDArray[Any]) -> list[str]:
    return [f"{prefix}{number:016x}" for number in scramble(numbers).tolist()]


@dataclass(frozen=True)
class World:
    """Arrays over accounts have index 0 for the account with id 1."""

    size: sizes.Size
    seed: int = sizes.SEED
    _: None = field(default=None, repr=False)

    def rng(self, *stream: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, *stream])

    @property
    def first_day(self) -> int:
        return today() - self.size.days + 1

    @functools.cached_property
    def person_ids(self) -> Ints:
        """The person of each account, which is the id of the person's first account."""
        extra = max(2, int(self.size.members * MERGED_SHARE))
        total = self.size.members + extra
        rng = self.rng(1)
        second = rng.choice(np.arange(total // 10, total), extra, replace=False)
        single = np.setdiff1d(np.arange(total), second)
        person_ids = np.arange(1, total + 1)
        for account in np.sort(second):
            earlier = int(np.searchsorted(single, account))
            person_ids[account] = single[rng.integers(earlier)] + 1
        return person_ids

    @property
    def accounts(self) -> int:
        return len(self.person_ids)

    @functools.cached_property
    def joined_at(self) -> Ints:
        """Six of ten joined in the two years before the log begins; ids are in this order."""
        rng, total = self.rng(2), self.accounts
        old = int(total * 0.6)
        start, end = start_of(self.first_day), timestamps.to_micros(sizes.AT)
        before = start - rng.integers(0, 730 * DAY, old)
        since = start + (rng.random(total - old) ** 0.8 * (end - start)).astype(
            np.int64
        )
        return np.sort(np.concatenate([before, since]))

    @functools.cached_property
    def left_at(self) -> Ints:
        """One in seven has left, most of them soon after joining."""
        rng = self.rng(3)
        stayed = (rng.exponential(120.0, self.accounts) * DAY).astype(np.int64)
        left = self.joined_at + stayed
        goes = rng.random(self.accounts) < 0.17
        end = timestamps.to_micros(sizes.AT)
        return np.where(goes & (left < end), left, NEVER)

    @functools.cached_property
    def keys(self) -> list[str]:
        return hex_keys("u", np.arange(1, self.accounts + 1))

    @functools.cached_property
    def source(self) -> Ints:
        return self.rng(4).choice(
            len(SOURCES), self.accounts, p=[0.4, 0.2, 0.2, 0.1, 0.1]
        )

    @functools.cached_property
    def present(self) -> Bools:
        """By person id: whether any of the person's accounts has not left."""
        here = np.zeros(self.accounts, dtype=bool)
        here[self.person_ids[self.left_at == NEVER] - 1] = True
        return here

    @functools.cached_property
    def activity(self) -> NDArray[np.float64]:
        """The activity of each account; the top hundredth has about a quarter of all."""
        return self.rng(5).lognormal(0.0, 1.3, self.accounts)

    @functools.cached_property
    def group(self) -> Ints:
        """The group of each account, from 1; 0 is none."""
        rng = self.rng(6)
        chosen = rng.choice(
            self.size.groups, self.accounts, p=zipf(self.size.groups, 0.6)
        )
        return np.where(rng.random(self.accounts) < 0.8, chosen + 1, 0)


def get_world(size: str) -> World:
    return World(sizes.SIZES[size])


def zipf(count: int, power: float) -> NDArray[np.float64]:
    weights = 1.0 / np.arange(1, count + 1) ** power
    return np.asarray(weights / weights.sum())


@dataclass(frozen=True)
class Marks:
    """Rows of tags or groups. `ref` counts from 1; `present` is false after a removal."""

    ref: Ints
    account: Ints
    weight: Ints
    present: Bools
    at: Ints


def taggings(world: World) -> Marks:
    """Exactly `tag_rows` marks, sorted by tag and account; depth has a long tail."""
    rng, size = world.rng(10), world.size
    popularity = zipf(size.tags, 0.85)
    inclination = world.rng(11).lognormal(0.0, 0.8, world.accounts)
    pairs = np.empty(0, dtype=np.int64)
    while len(pairs) < size.tag_rows:
        count = int((size.tag_rows - len(pairs)) * 1.3) + 100
        tag = weighted_choice(rng, popularity, count)
        account = rng.permutation(weighted_choice(rng, inclination, count))
        pairs = unique(np.concatenate([pairs, tag * 2**32 + account]))
    chosen = np.sort(rng.choice(len(pairs), size.tag_rows, replace=False))
    pairs = pairs[chosen]
    tag, account = pairs // 2**32, pairs % 2**32
    depth = 1 + np.minimum(rng.pareto(1.6, len(pairs)), 60).astype(np.int64)
    removed = rng.random(len(pairs)) < 0.01
    return Marks(tag + 1, account + 1, depth, ~removed, mark_times(world, rng, account))


def memberships(world: World) -> Marks:
    """Each account's group and for some a second one; one in fifty has left it."""
    rng = world.rng(12)
    own = np.flatnonzero(world.group)
    more = own[rng.random(len(own)) < 0.4]
    second = (
        rng.permutation(weighted_choice(rng, zipf(world.size.groups, 0.6), len(more)))
        + 1
    )
    pairs = np.concatenate([world.group[own] * 2**32 + own, second * 2**32 + more])
    pairs = unique(pairs)
    ref, account = pairs // 2**32, pairs % 2**32
    left = (rng.random(len(pairs)) < 0.02) | (world.left_at[account] != NEVER)
    ones = np.ones(len(pairs), dtype=np.int64)
    return Marks(ref, account + 1, ones, ~left, mark_times(world, rng, account))


def unique(numbers: Ints) -> Ints:
    """Like `np.unique`, which takes four times as long for so many numbers."""
    ordered = np.sort(numbers)
    first = np.concatenate([[True], ordered[1:] != ordered[:-1]])
    return np.asarray(ordered[first])


def weighted_choice(
    rng: np.random.Generator, weights: NDArray[Any], count: int
) -> Ints:
    """`count` sorted indexes, each with the probability of its weight."""
    edges = np.cumsum(weights)
    # Looking up sorted numbers takes a tenth of the time of random ones.
    numbers = np.sort(rng.random(count)) * edges[-1]
    return np.asarray(np.searchsorted(edges, numbers, side="right"), dtype=np.int64)


def mark_times(world: World, rng: np.random.Generator, account: Ints) -> Ints:
    end = timestamps.to_micros(sizes.AT)
    joined = world.joined_at[account]
    return joined + (rng.random(len(account)) * (end - joined)).astype(np.int64)


@dataclass(frozen=True)
class Attribute:
    """Values of one attribute, in the form that the importer would read."""

    name: str
    type: str
    account: Ints
    values: list[Any]
    at: Ints


def attributes(world: World) -> list[Attribute]:
    """One attribute of each type; not every account has a value."""
    definitions = {
        ("region", "choice", 0.9): regions,
        ("age", "number", 0.7): lambda rng, n: rng.integers(16, 80, n).tolist(),
        ("birthday", "date", 0.5): birthdays,
        ("invoiced", "bool", 0.3): lambda rng, n: (rng.random(n) < 0.4).tolist(),
        ("city", "text", 0.4): lambda rng, n: hex_keys(
            "city ", rng.integers(0, 300, n)
        ),
        ("seen", "instant", 0.3): last_seen_times,
        ("interests", "multi", 0.3): interests,
    }
    attributes_ = []
    for number, ((name, kind, share), generate) in enumerate(definitions.items()):
        rng = world.rng(20, number)
        account = np.flatnonzero(rng.random(world.accounts) < share)
        at = mark_times(world, rng, account)
        values = generate(rng, len(account))
        attributes_.append(Attribute(name, kind, account + 1, values, at))
    return attributes_


def regions(rng: np.random.Generator, count: int) -> list[str]:
    chosen = rng.permutation(weighted_choice(rng, zipf(len(REGIONS), 0.7), count))
    return [REGIONS[index] for index in chosen.tolist()]


def birthdays(rng: np.random.Generator, count: int) -> list[int]:
    """Days since 1970."""
    return list(today() - rng.integers(16 * 365, 80 * 365, count))


def last_seen_times(rng: np.random.Generator, count: int) -> list[int]:
    end = timestamps.to_micros(sizes.AT)
    return list(end - (rng.exponential(20.0, count) * DAY).astype(np.int64))


def interests(rng: np.random.Generator, count: int) -> list[list[str]]:
    words = INTERESTS.split()
    pairs = rng.integers(0, len(words), (count, 2)).tolist()
    return [sorted({words[a], words[b]}) for a, b in pairs]


def tag_key(number: int) -> str:
    return f"tag-{number:03d}"


def group_key(number: int) -> str:
    return f"group-{number:03d}"


def moment(micros: int) -> datetime:
    return timestamps.from_micros(micros)
