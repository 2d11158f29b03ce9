"""Progress of goals: the value, how it stands, and the line against its pace."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from qunce.core import community_days
from qunce.insight.goals import goals, pace, targets, values
from qunce.insight.goals.models import Direction, Goal, GoalResult
from qunce.insight.goals.pace import Clock, Standing
from qunce.insight.goals.values import Value
from qunce.insight.metric_definitions import Metric, Ratio
from qunce.insight.typed_numbers.marked_numbers import Origin

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from qunce.core.staff.models import Staff


@dataclass(frozen=True, kw_only=True)
class Progress:
    """`entry` is None if the metric is no longer in the dictionary.

    `expected` is what the value should have come to by now, None for a goal that has not
    begun, or that is not a growing number.
    """

    goal: Goal
    entry: Metric | Ratio | None
    clock: Clock
    value: Value
    standing: Standing
    expected: Fraction | None = None
    result: GoalResult | None = None

    @property
    def label(self) -> str:
        if self.entry is None:
            return self.goal.metric
        return self.entry.label_for(goals.level_of(self.goal))

    @property
    def title(self) -> str:
        """The name of the goal, or what it is about."""
        return self.goal.name or self.sentence

    @property
    def subject(self) -> str:
        """The metric, after the group where it is of one."""
        group = goals.find_group_name(self.goal)
        return f"{group} · {self.label}" if group else self.label

    @property
    def sentence(self) -> str:
        """`"New members at least 300"`, with the group where it is of one."""
        return _("%(metric)s %(direction)s %(target)s") % {
            "metric": self.subject,
            "direction": Direction(self.goal.direction).label,
            "target": self.target_text,
        }

    @property
    def target_text(self) -> str:
        return targets.format_target(self.goal, self.entry)

    @property
    def value_text(self) -> str:
        """The value with its mark; a recorded one is as it was recorded."""
        if not self.clock.begun:
            return "–"
        if self.result is not None:
            return self._marked(self.result.text or _("not enough to say"))
        if self.value.number is None or self.entry is None:
            return _("not enough to say")
        return self._marked(self._format(self.value.number))

    def _marked(self, text: str) -> str:
        if not self.value.mark:
            return text
        return _("%(number)s (%(mark)s)") % {"number": text, "mark": self.value.mark}

    def _format(self, number: Fraction) -> str:
        if self.entry is None:
            return ""
        return targets.format_value(number, self.entry, self.goal.currency)

    @property
    def expected_text(self) -> str:
        return "" if self.expected is None else self._format(self.expected)

    @property
    def share(self) -> int | None:
        """The value in per cent of the target, rounded down; None where there is none."""
        if self.value.number is None or self.entry is None or not self.clock.begun:
            return None
        if self.standing is Standing.PARTIAL:
            return None
        target = targets.to_number(self.goal, self.entry)
        return int(100 * self.value.number / target) if target > 0 else None

    @property
    def elapsed(self) -> int:
        """The days that are over in per cent of the span, rounded down."""
        return 100 * self.clock.over // self.clock.days


def find_clock(goal: Goal, today: date) -> Clock:
    """The days of a goal as of a day, which is not over yet."""
    days = goals.count_days(goal)
    over = min(max((today - goal.first).days, 0), days)
    begun = min(max((today - goal.first).days + 1, 0), days)
    return Clock(days=days, over=over, begun=begun)


def load(goal: Goal, *, by: Staff, at: datetime, until: date | None = None) -> Progress:
    """How a goal stands now, or as it stood when the day `until` was over.

    Staff who see some of a group's members get the number of these, which is not compared
    with the target of all of them.
    """
    goals.check_visible(goal, by)
    today = community_days.to_date(goal.community.day(at))
    entry = goals.find_entry(goal)
    is_past = until is not None and until < today
    clock = find_clock(goal, until + timedelta(days=1) if is_past and until else today)
    if is_past:
        clock = replace(clock, begun=clock.over)
    is_final = entry is not None and clock.is_over and by.scope is None
    result = find_result(goal) if is_final else None
    if entry is not None and result is not None:
        return _recorded(goal, entry, clock, result)
    if entry is None or not clock.begun or not is_countable(goal, entry):
        standing = Standing.NOT_STARTED if not clock.begun else Standing.NOT_ENOUGH
        return Progress(
            goal=goal,
            entry=entry,
            clock=clock,
            value=Value(number=None),
            standing=standing,
        )
    last = goal.first + timedelta(days=clock.begun - 1)
    return judge(goal, entry, clock, values.count(goal, entry, last, by=by, at=at), by)


def is_countable(goal: Goal, entry: Metric | Ratio) -> bool:
    """Whether the group is still there under its key, and the money is the community's."""
    has_other_currency = entry.is_money and goal.currency != goal.community.currency
    return not has_other_currency and goals.has_group(goal)


def judge(
    goal: Goal, entry: Metric | Ratio, clock: Clock, value: Value, by: Staff
) -> Progress:
    """The progress with a value."""
    target = targets.to_number(goal, entry)
    is_at_least = goal.direction == Direction.AT_LEAST
    grows = values.grows(entry)
    standing = pace.judge(
        value.number,
        target=target,
        clock=clock,
        is_at_least=is_at_least,
        grows=grows,
    )
    if by.scope is not None:
        standing = Standing.PARTIAL
    expected = None
    if grows and not clock.is_over and standing is not Standing.PARTIAL:
        expected = pace.expected_value(
            target, clock, is_at_least=is_at_least, grows=True
        )
    return Progress(
        goal=goal,
        entry=entry,
        clock=clock,
        value=value,
        standing=standing,
        expected=expected,
    )


def find_result(goal: Goal) -> GoalResult | None:
    return getattr(goal, "result", None)


def _recorded(
    goal: Goal, entry: Metric | Ratio, clock: Clock, result: GoalResult
) -> Progress:
    number = None
    if result.denominator:
        number = Fraction(result.numerator, result.denominator)
    return Progress(
        goal=goal,
        entry=entry,
        clock=clock,
        value=Value(number=number, origin=Origin(result.origin)),
        standing=Standing(result.standing),
        result=result,
    )


def load_all(
    found: Iterable[Goal], *, by: Staff, at: datetime, until: date | None = None
) -> list[Progress]:
    return [load(goal, by=by, at=at, until=until) for goal in found]
