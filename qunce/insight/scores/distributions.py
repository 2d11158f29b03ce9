"""How a score is spread over members: a histogram, and medians of groups and layers.

The people are today's members who had joined by the day. So each number is the length of
the list behind it, which the rule of its bar selects.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from django.utils.translation import gettext as _

from qunce.core import community_days, errors, permissions
from qunce.insight import breakdowns, small_numbers
from qunce.insight.breakdowns import Breakdown
from qunce.members.scores import definitions, evaluation
from qunce.sets import audiences

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray

    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff
    from qunce.members.scores.evaluation import Scores
    from qunce.members.scores.models import Score

    Ints = NDArray[np.int64]

BINS = (
    (0, 0),
    (1, 99),
    *((low, low + 99) for low in range(100, 900, 100)),
    (900, 1000),
)
"""The lowest and the highest score of each bar, in tenths. Nothing has a bar of its own."""
EARLIEST = timedelta(days=3660)


@dataclass(frozen=True)
class Bin:
    """A bar: `rule` selects its people."""

    least: int
    most: int
    people: int
    rule: dict[str, Any]

    @property
    def label(self) -> str:
        if self.least == self.most:
            return definitions.format_tenths(self.least)
        return _("%(least)s–%(most)s") % {
            "least": definitions.format_tenths(self.least),
            "most": definitions.format_tenths(self.most),
        }


@dataclass(frozen=True)
class Distribution:
    """`median` is the score of the member in the middle, None for too few members."""

    day: date
    members: int
    median: str | None
    bins: tuple[Bin, ...]


@dataclass(frozen=True)
class PartMedian:
    """The median of a part of the members, None for too few people."""

    key: str
    label: str
    people: int
    median: str | None


def parse_day(text: str, by: Staff, at: datetime) -> date | None:
    """The day of a page, None for today; raises Invalid."""
    if not text:
        return None
    today = community_days.to_date(by.community.day(at))
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise errors.Invalid(_("Write a date like 2026-03-31.")) from None
    if not today - EARLIEST <= day <= today:
        raise errors.Invalid(_("Choose a day of the last ten years, up to today."))
    return None if day == today else day


def compute(
    *, score: Score, by: Staff, at: datetime, day: date | None = None
) -> Distribution:
    """The distribution over the members that `by` sees, at the end of a day or now."""
    permissions.check_community(by, score.community_id)
    people = audiences.people(community=by.community, rule=_members(day), by=by, at=at)
    found = _read(score, by.community, at, day)
    return spread(
        score.key, found.among(people), day or compute_day(by.community, at), day
    )


def spread(key: str, tenths: Ints, shown: date, day: date | None) -> Distribution:
    """The distribution of scores in tenths."""
    bins = tuple(
        Bin(
            least,
            most,
            int(((tenths >= least) & (tenths <= most)).sum()),
            rule_of(key, least, most, day),
        )
        for least, most in BINS
    )
    return Distribution(shown, len(tenths), median(tenths), bins)


def median(tenths: Ints) -> str | None:
    """The score in the middle, the lower one of two; None for too few people."""
    if len(tenths) < small_numbers.MIN_PEOPLE:
        return None
    middle = (len(tenths) - 1) // 2
    return definitions.format_tenths(int(np.partition(tenths, middle)[middle]))


def compare(
    *,
    score: Score,
    breakdown: Breakdown,
    by: Staff,
    at: datetime,
    day: date | None = None,
) -> list[PartMedian]:
    """The median of each part of the members, by what they are today."""
    permissions.check_community(by, score.community_id)
    members = audiences.people(community=by.community, rule=_members(day), by=by, at=at)
    found = _read(score, by.community, at, day)
    rows = []
    for part in breakdowns.load_parts(breakdown, by=by, at=at):
        people = part.people & members
        if breakdown.kind == "group" and part.key:
            # Those of a break-down were ever in the group.
            here = {"group": {"any": [part.key]}}
            people &= audiences.people(community=by.community, rule=here, by=by, at=at)
        own = found.among(people)
        if len(own):
            rows.append(PartMedian(part.key, part.label, len(own), median(own)))
    return rows


def rule_of(key: str, least: int, most: int, day: date | None) -> dict[str, Any]:
    """The rule of the members whose score is in a span of tenths."""
    bounds: dict[str, Any] = {"gte": _number(least), "lte": _number(most)}
    if least == most:
        bounds = {"eq": _number(least)}
    if day is None:
        return {"score": {"name": key, **bounds}}
    score = {"score": {"name": key, **bounds, "on": day.isoformat()}}
    return {"all": [score, _members(day)]}


def _number(tenths: int) -> int | float:
    return tenths // 10 if tenths % 10 == 0 else tenths / 10


def _members(day: date | None) -> dict[str, Any]:
    if day is None:
        return audiences.EVERYONE
    return {"joined": {"before": (day + timedelta(days=1)).isoformat()}}


def _read(score: Score, community: Community, at: datetime, day: date | None) -> Scores:
    number = None if day is None else community_days.from_date(day)
    return evaluation.read(community, score.key, at, day=number)


def compute_day(community: Community, at: datetime) -> date:
    return community_days.to_date(community.day(at))
