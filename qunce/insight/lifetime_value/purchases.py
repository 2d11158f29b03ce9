"""How often, when last and for how much each member bought: what the models are fitted to.

Everything here is pure. A day with orders counts as one purchase, the first one only
begins the time during which a member is observed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

DAYS_PER_WEEK = 7


@dataclass(frozen=True)
class Purchases:
    """One row per buyer, shapes (n,).

    `frequency` is the number of days with repeat purchases, `recency` the weeks from the
    first to the last purchase, `age` the weeks from the first purchase to the end of the
    observation. `spend` is the mean amount of a repeat purchase, 0 without any.
    """

    people: Ints
    frequency: Floats
    recency: Floats
    age: Floats
    spend: Floats

    def __len__(self) -> int:
        return len(self.people)

    def select(self, mask: NDArray[np.bool_]) -> Purchases:
        return Purchases(
            self.people[mask],
            self.frequency[mask],
            self.recency[mask],
            self.age[mask],
            self.spend[mask],
        )


def summarise(people: Ints, days: Ints, amounts: Ints, last_day: int) -> Purchases:
    """Summarise one row per person and day, sorted by both, with the amount of the day.

    Days after `last_day` are not observed yet and are left out.
    """
    seen = days <= last_day
    people, days, amounts = people[seen], days[seen], amounts[seen]
    unique, first = np.unique(people, return_index=True)
    if not len(unique):
        empty = np.zeros(0)
        return Purchases(unique, empty, empty, empty, empty)
    ends = np.append(first[1:], len(people))
    frequency = (ends - first - 1).astype(np.float64)
    total = np.add.reduceat(amounts, first) - amounts[first]
    spend = np.divide(total, frequency, out=np.zeros(len(unique)), where=frequency > 0)
    return Purchases(
        people=unique,
        frequency=frequency,
        recency=(days[ends - 1] - days[first]) / DAYS_PER_WEEK,
        age=(last_day - days[first]) / DAYS_PER_WEEK,
        spend=spend,
    )


def count_after(people: Ints, days: Ints, buyers: Ints, first: int, last: int) -> Ints:
    """On how many days from `first` to `last` each of `buyers`, ascending, bought."""
    inside = (days >= first) & (days <= last)
    counts = np.zeros(len(buyers), dtype=np.int64)
    found = people[inside]
    index = np.searchsorted(buyers, found)
    known = (index < len(buyers)) & (
        buyers[np.minimum(index, len(buyers) - 1)] == found
    )
    np.add.at(counts, index[known], 1)
    return counts


def looks_like_subscription(people: Ints, days: Ints) -> bool:
    """Whether most who bought at least four times did so at even distances.

    The models take purchases for random in time, and a renewal is not.
    """
    same = people[1:] == people[:-1]
    owners, gaps = people[1:][same], np.diff(days)[same].astype(np.float64)
    if not len(gaps):
        return False
    _owners, first, numbers = np.unique(owners, return_index=True, return_counts=True)
    means = np.add.reduceat(gaps, first) / numbers
    squares = np.add.reduceat(gaps**2, first) / numbers
    variation = np.sqrt(np.maximum(squares - means**2, 0)) / means
    often = numbers >= MIN_GAPS
    if np.count_nonzero(often) < MIN_REGULARS:
        return False
    return float(np.mean(variation[often] < MAX_VARIATION)) > 0.5


MIN_GAPS, MIN_REGULARS, MAX_VARIATION = 3, 10, 0.25
"""A rhythm is seen in as many gaps, of as many people, with so little variation."""
