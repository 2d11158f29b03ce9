"""Activities that award prizes, and what each does when one is delivered or returned.

They register here, since prizes know no activities. What they do runs in the transaction of
that step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qunce.activities.prizes.models import Award, PrizeStock


@dataclass(frozen=True, kw_only=True)
class Source:
    """`has_next` sources find another winner for an unclaimed prize.

    `returned` gets an award that returned and is not passed on to the next winner.
    `promises` says whether members have read of a prize that is not awarded yet.
    """

    key: str
    delivered: Callable[[Award, datetime], None]
    returned: Callable[[Award, datetime], None]
    promises: Callable[[PrizeStock], bool]
    has_next: bool = False


_sources: dict[str, Source] = {}


def register(source: Source) -> Source:
    """Register a source; call it in `ready()` of the application."""
    _sources[source.key] = source
    return source


def find(key: str) -> Source | None:
    """The source of an award, None for one that is not of an activity."""
    return _sources.get(key)


def is_promised(prize: PrizeStock) -> bool:
    """Whether members have read in an activity that they can win this prize."""
    return any(source.promises(prize) for source in _sources.values())
