"""What happened after staff acted on a finding, and what came of earlier ones like it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from qunce.insight.findings import rhythm
from qunce.insight.findings.cells import Cells
from qunce.insight.findings.finding import UP, Effect, Finding

MAX_DAYS = 14
"""Days after the action that count as its consequence."""
MIN_DAYS_OF_EFFECT = 3
MIN_CASES = 3
"""Fewer earlier cases are no experience."""
USUAL_NOISE = 2
"""A number within as many standard deviations is a usual one."""


class Verdict(StrEnum):
    USUAL = "usual"
    STILL = "still"
    REVERSED = "reversed"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The same metric on the complete days after an action, as in a finding.

    The expectation is that of like weekdays before the finding began.
    """

    since: date
    until: date
    days: int
    observed: int
    expected: int
    verdict: Verdict

    def to_json(self) -> dict[str, Any]:
        return {
            **dataclasses.asdict(self),
            "since": self.since.isoformat(),
            "until": self.until.isoformat(),
            "verdict": self.verdict.value,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Outcome:
        return cls(
            **{
                **data,
                "since": date.fromisoformat(data["since"]),
                "until": date.fromisoformat(data["until"]),
                "verdict": Verdict(data["verdict"]),
            }
        )


def measure(finding: Finding, *, acted_on: date, cells: Cells) -> Outcome | None:
    """What happened since the day after an action; None if no day is complete yet."""
    row = cells.row_of(finding.level, finding.group)
    counts = cells.counts.get((finding.level, finding.metric))
    since = cells.index_of(acted_on + timedelta(days=1))
    until = min(cells.days, since + MAX_DAYS)
    before = cells.index_of(finding.since)
    if row is None or counts is None or since >= until or before < 1:
        return None
    days = int(counts.usable[row, since:until].sum())
    history = int(counts.usable[row, :before].sum())
    if not days or history < 7 * rhythm.MIN_WEEKS:
        return None
    change = rhythm.measure(counts, row, since=since, until=until, before=before)
    per_day = days if finding.is_daily else 1
    return Outcome(
        since=cells.day_at(since),
        until=cells.day_at(until - 1),
        days=days,
        observed=round(change.observed / per_day),
        expected=round(change.expected / per_day),
        verdict=_judge(change, 1 if finding.direction == UP else -1),
    )


def _judge(change: rhythm.Change, direction: int) -> Verdict:
    difference = direction * change.difference
    if abs(difference) <= USUAL_NOISE * max(change.noise, 1.0):
        return Verdict.USUAL
    return Verdict.STILL if difference > 0 else Verdict.REVERSED


def summarise(outcomes: Iterable[Outcome]) -> Effect | None:
    """The range of what came of earlier actions; None without enough of them."""
    shares = [
        round(100 * each.observed / each.expected)
        for each in outcomes
        if each.expected > 0 and each.days >= MIN_DAYS_OF_EFFECT
    ]
    if len(shares) < MIN_CASES:
        return None
    return Effect(cases=len(shares), lowest=min(shares), highest=max(shares))
