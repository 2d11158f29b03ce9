"""Whether a goal is on course. Pure functions on exact numbers."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy, pgettext_lazy


class Standing(TextChoices):
    NOT_STARTED = "not_started", pgettext_lazy("goal", "not begun")
    ON_COURSE = "on_course", pgettext_lazy("goal", "on course")
    BEHIND = "behind", pgettext_lazy("goal", "behind")
    MET = "met", pgettext_lazy("goal", "met")
    MISSED = "missed", pgettext_lazy("goal", "missed")
    NOT_ENOUGH = "not_enough", gettext_lazy("not enough to say")
    PARTIAL = "partial", gettext_lazy("of the members you see")


@dataclass(frozen=True, kw_only=True)
class Clock:
    """Days of the span: all of them, those that are over, and those that have begun."""

    days: int
    over: int
    begun: int

    @property
    def is_over(self) -> bool:
        return self.over == self.days


def expected_value(
    target: Fraction, clock: Clock, *, is_at_least: bool, grows: bool
) -> Fraction:
    """What the value should have come to by now.

    A number that grows over the span follows a straight line: the day that is not over
    yet is asked for nothing, and is allowed its part of what is at most.
    """
    if not grows:
        return target
    return target * Fraction(clock.over if is_at_least else clock.begun, clock.days)


def judge(
    value: Fraction | None,
    *,
    target: Fraction,
    clock: Clock,
    is_at_least: bool,
    grows: bool,
) -> Standing:
    """How a goal stands; `value` is None if there are too few people to say.

    A growing number that has reached its target has met it, and one that is past what it
    may be at most has missed it, before the span is over.
    """
    if not clock.begun:
        return Standing.NOT_STARTED
    if value is None:
        return Standing.NOT_ENOUGH
    holds = _holds(value, target, is_at_least=is_at_least)
    if clock.is_over or (grows and holds == is_at_least):
        return Standing.MET if holds else Standing.MISSED
    wanted = expected_value(target, clock, is_at_least=is_at_least, grows=grows)
    is_on_course = _holds(value, wanted, is_at_least=is_at_least)
    return Standing.ON_COURSE if is_on_course else Standing.BEHIND


def _holds(value: Fraction, limit: Fraction, *, is_at_least: bool) -> bool:
    return value >= limit if is_at_least else value <= limit
