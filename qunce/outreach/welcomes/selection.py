"""Which welcome fits a join: the first of the list whose conditions hold. Pure functions."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Mismatch(StrEnum):
    """The first condition of a welcome that does not hold."""

    OFF = "off"
    EVENT = "event"
    SOURCE = "source"
    GROUP = "group"
    HOUR = "hour"
    RULE = "rule"


@dataclass(frozen=True)
class Join:
    """What is known of a join when it is decided about.

    `groups` are those that the member joined at the same time, and `minute` is the minute
    of the community's day.
    """

    is_of_community: bool
    source: str
    groups: frozenset[int]
    minute: int


@dataclass(frozen=True, kw_only=True)
class Conditions:
    """The conditions of a welcome; what is empty or None is any.

    `has_rule` says that it is for members of a segment, or with other properties.
    """

    id: int
    is_on: bool = True
    for_group_joins: bool = False
    sources: frozenset[str] = frozenset()
    groups: frozenset[int] = frozenset()
    hours: tuple[int, int] | None = None
    has_rule: bool = False
    for_each_group: bool = False


def contains(hours: tuple[int, int], minute: int) -> bool:
    """Whether a minute is in these hours; a start later than the end is over midnight."""
    start, end = hours
    if start < end:
        return start <= minute < end
    return minute >= start or minute < end


def find_mismatch(
    conditions: Conditions, join: Join, holding: Collection[int]
) -> Mismatch | None:
    """Why a welcome does not fit, or None. `holding` are the welcomes whose rule holds."""
    if not conditions.is_on:
        return Mismatch.OFF
    if conditions.for_group_joins:
        if not join.groups:
            return Mismatch.EVENT
        if conditions.groups and not conditions.groups & join.groups:
            return Mismatch.GROUP
    elif not join.is_of_community:
        return Mismatch.EVENT
    if conditions.sources and join.source not in conditions.sources:
        return Mismatch.SOURCE
    if conditions.hours is not None and not contains(conditions.hours, join.minute):
        return Mismatch.HOUR
    if conditions.has_rule and conditions.id not in holding:
        return Mismatch.RULE
    return None


def find_first(
    welcomes: Sequence[Conditions], join: Join, holding: Collection[int]
) -> Conditions | None:
    """The first welcome that fits."""
    for each in welcomes:
        if find_mismatch(each, join, holding) is None:
            return each
    return None


@dataclass(frozen=True)
class Earlier:
    """An earlier welcome of a member: when it was, and for which group."""

    at: float
    group: int | None


class Repeat(StrEnum):
    """Why a member is not welcomed again."""

    SAME_JOIN = "same_join"
    WELCOMED = "welcomed"


def find_repeat(
    chosen: Conditions,
    group: int | None,
    earlier: Sequence[Earlier],
    at: float,
    *,
    same_join: float,
    again_after: float,
) -> Repeat | None:
    """Why a member with these earlier welcomes gets none now; None if they get it.

    Joins less than `same_join` apart are one join. A welcome for each group asks only
    about earlier ones for this group.
    """
    since = [at - each.at for each in earlier]
    if any(age < same_join for age in since):
        return Repeat.SAME_JOIN
    counted = [
        age
        for age, each in zip(since, earlier, strict=True)
        if not chosen.for_each_group or each.group == group
    ]
    return Repeat.WELCOMED if any(age < again_after for age in counted) else None
