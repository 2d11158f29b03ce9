"""Overload, silence and the mix of content types. Pure functions over counts by day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from qunce.outreach.content.materials.models import ContentType

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Flags = NDArray[np.bool_]


def find_overload(counts: Ints, most: int) -> Flags:
    """Where a group has more than `most` messages; counts have shape (groups, days)."""
    return counts > most


def find_silence(counts: Ints, days: int, existing_days: Sequence[int]) -> Flags:
    """Where a group has had nothing for `days` days, this one included.

    Shape (groups, columns); the first `days` − 1 columns only lead in and are never
    silent. `existing_days` is for each group the first column on which it existed.
    """
    total = np.zeros((counts.shape[0], counts.shape[1] + 1), dtype=np.int64)
    np.cumsum(counts, axis=1, out=total[:, 1:])
    silent = np.zeros(counts.shape, dtype=bool)
    if days <= counts.shape[1]:
        silent[:, days - 1 :] = total[:, days:] == total[:, : total.shape[1] - days]
    columns = np.arange(counts.shape[1])
    first = np.asarray(existing_days, dtype=np.int64).reshape(-1, 1)
    return silent & (columns - days + 1 >= first)


@dataclass(frozen=True)
class Share:
    """How many messages have a content type, and their percent; `target` may be unset."""

    content_type: str
    count: int
    percent: int
    target: int | None = None


def mix(counts: Mapping[str, int], target: Mapping[str, int]) -> list[Share]:
    """The share of each content type among the messages that have one."""
    total = sum(n for name, n in counts.items() if name)
    return [
        Share(
            each.value,
            counts.get(each.value, 0),
            round(100 * counts.get(each.value, 0) / total) if total else 0,
            target.get(each.value, 0) if target else None,
        )
        for each in ContentType
    ]


def count_types(types: Iterable[tuple[str, int]]) -> Counter[str]:
    """Content type → number of messages, of pairs of both."""
    found: Counter[str] = Counter()
    for name, count in types:
        found[name] += count
    return found
