"""Activities that award prizes, and what each does when one is delivered or returned.

They register here, since prizes know no activities. What they do runs in the transaction of
that step.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

if TYPE_CHECKING:
    from qunce.activities.prizes.models import Award, PrizeStock
    from qunce.core.communities import Community


WON = gettext_lazy("You have won: %(prize)s.")


def _count_none(community: Community) -> Counter[int]:
    """Nothing is kept back."""
    return Counter()


@dataclass(frozen=True, kw_only=True)
class Source:
    """`has_next` sources find another winner for an unclaimed prize, `always_next` ones
    whatever the prize says becomes of it.

    `returned` gets an award that returned and is not passed on to the next winner.
    `promises` says whether members have read of a prize that is not awarded yet.
    `count_reserved` returns how many of each stock were taken for a promise and are not
    awarded yet. `awarded_text` is what the winner reads.
    """

    key: str
    delivered: Callable[[Award, datetime], None]
    returned: Callable[[Award, datetime], None]
    promises: Callable[[PrizeStock], bool]
    has_next: bool = False
    always_next: bool = False
    awarded_text: StrOrPromise = WON
    count_reserved: Callable[[Community], Counter[int]] = _count_none


_sources: dict[str, Source] = {}


def register(source: Source) -> Source:
    """Register a source; call it in `ready()` of the application."""
    _sources[source.key] = source
    return source


def find(key: str) -> Source | None:
    """The source of an award, None for one that is not of an activity."""
    return _sources.get(key)


def awarded_text(key: str) -> str:
    """What a winner reads who was awarded a prize by this source."""
    source = find(key)
    return str(source.awarded_text if source else WON)


def is_promised(prize: PrizeStock) -> bool:
    """Whether members have read in an activity that they can win this prize."""
    return any(source.promises(prize) for source in _sources.values())


def count_reserved(community: Community) -> Counter[int]:
    """How many of each stock were taken for promises that are not awarded yet."""
    reserved: Counter[int] = Counter()
    for source in _sources.values():
        reserved.update(source.count_reserved(community))
    return reserved
