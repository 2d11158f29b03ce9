"""What a finding is: numbers, names and rules, from which sentences are made later.

It holds nothing but JSON values inside, so that a report can keep it as it was.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from qunce.insight.metric_definitions import METRICS, Metric

DOWN, UP = "down", "up"
MAX_SHOWN = 3
"""Findings of a report; a fourth one is read by nobody."""


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """A day that was compared with nothing, and why: a holiday or a platform change."""

    day: date
    reason: str


@dataclass(frozen=True, kw_only=True)
class FindingPart:
    """One part of the community; `contribution` = `observed` − `expected`."""

    key: str
    label: str
    expected: int
    observed: int

    @property
    def contribution(self) -> int:
        return self.observed - self.expected


@dataclass(frozen=True, kw_only=True)
class FindingCause:
    """The parts of a break-down that explain the difference.

    The difference of the finding = contributions of `leading` and `opposite` + `others`
    + `remainder`. `dimension` is written as in `breakdowns.parse`, or
    is `category` for what was bought.
    """

    dimension: str
    label: str
    leading: tuple[FindingPart, ...]
    opposite: tuple[FindingPart, ...] = ()
    others: int = 0
    remainder: int = 0


@dataclass(frozen=True, kw_only=True)
class Effect:
    """What came of earlier findings of the same kind on which staff acted.

    The shares are the number after the action in per cent of what was expected then.
    """

    cases: int
    lowest: int
    highest: int


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A metric of the community or a group that left its weekly rhythm.

    `observed` and `expected` are of the days from `since` to `until`, the `left_out` ones
    excepted; if `is_daily` they are means per day. Money is in the smallest unit of
    `currency`; `money` is the difference in paid money if it is about orders.
    `rule` selects the people behind it, whose number is `people`.
    """

    metric: str
    level: str
    direction: str
    since: date
    until: date
    days: int
    observed: int
    expected: int
    is_daily: bool
    p_value: float
    action: str
    group: str = ""
    group_name: str = ""
    currency: str = ""
    money: int | None = None
    left_out: tuple[LeftOut, ...] = ()
    cause: FindingCause | None = None
    rule: dict[str, Any] | None = None
    people: int = 0
    is_of_community: bool = False
    """Whether the same change of the community is that of this group."""
    effect: Effect | None = None

    @property
    def difference(self) -> int:
        return self.observed - self.expected

    @property
    def definition(self) -> Metric:
        return METRICS[self.metric]

    @property
    def cell(self) -> str:
        """What was looked at, and in which direction it changed; the same every day."""
        return ":".join((self.level, self.metric, self.direction, self.group))

    def to_json(self) -> dict[str, Any]:
        return {
            name: value.isoformat() if isinstance(value, date) else value
            for name, value in dataclasses.asdict(self).items()
        } | {
            "left_out": [
                {"day": each.day.isoformat(), "reason": each.reason}
                for each in self.left_out
            ],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Finding:
        cause, effect = data.get("cause"), data.get("effect")
        return cls(
            **{
                **data,
                "since": date.fromisoformat(data["since"]),
                "until": date.fromisoformat(data["until"]),
                "left_out": tuple(
                    LeftOut(day=date.fromisoformat(each["day"]), reason=each["reason"])
                    for each in data.get("left_out", ())
                ),
                "cause": None if cause is None else _cause_from_json(cause),
                "effect": None if effect is None else Effect(**effect),
            }
        )


def _cause_from_json(data: Mapping[str, Any]) -> FindingCause:
    parts = {
        name: tuple(FindingPart(**part) for part in data.get(name, ()))
        for name in ("leading", "opposite")
    }
    return FindingCause(**{**data, **parts})


@dataclass(frozen=True, kw_only=True)
class Findings:
    """What was found in the days up to `until`, the most certain first.

    `asked` counts the questions that were looked at, `not_enough` those of them without
    enough people or weeks to say; `small_groups` are names of groups that are too small
    or too young. `others` are further findings, such as dismissed ones.
    """

    until: date
    findings: tuple[Finding, ...]
    asked: int = 0
    not_enough: int = 0
    small_groups: tuple[str, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    others: tuple[Finding, ...] = field(default=())

    def to_json(self) -> dict[str, Any]:
        return {
            "until": self.until.isoformat(),
            "findings": [finding.to_json() for finding in self.findings],
            "others": [finding.to_json() for finding in self.others],
            "asked": self.asked,
            "not_enough": self.not_enough,
            "small_groups": list(self.small_groups),
            "left_out": [
                {"day": each.day.isoformat(), "reason": each.reason}
                for each in self.left_out
            ],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Findings:
        return cls(
            until=date.fromisoformat(data["until"]),
            findings=tuple(Finding.from_json(each) for each in data["findings"]),
            others=tuple(Finding.from_json(each) for each in data.get("others", ())),
            asked=data["asked"],
            not_enough=data["not_enough"],
            small_groups=tuple(data["small_groups"]),
            left_out=tuple(
                LeftOut(day=date.fromisoformat(each["day"]), reason=each["reason"])
                for each in data["left_out"]
            ),
        )
