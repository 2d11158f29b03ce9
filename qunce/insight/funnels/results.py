"""Results of funnels: how many people took each step, and how long it took them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from django.utils.translation import gettext as _

from qunce.core.facts import facts
from qunce.insight import breakdowns, small_numbers
from qunce.insight.funnels import definitions
from qunce.members.rule_text import contact_masks
from qunce.sets import audiences, step_funnels
from qunce.sets.step_funnels import Definition, Progress

if TYPE_CHECKING:
    from datetime import datetime

    from pyroaring import BitMap

    from qunce.core.staff.models import Staff
    from qunce.insight.breakdowns import Breakdown, Part


@dataclass(frozen=True)
class StepResult:
    """`people` took this step and all before it; `dropped` took none after it.

    `median` is the time from the step before, or in any order the time that all steps
    up to this one took. It is None, like the shares, for too few people.
    """

    label: str
    people: int
    dropped: int
    of_first: float | None
    of_previous: float | None
    median: timedelta | None


@dataclass(frozen=True)
class FunnelResult:
    """`may_go_on` have not finished and began too late for the time to be over."""

    steps: tuple[StepResult, ...]
    may_go_on: int

    @property
    def conversion(self) -> float | None:
        """The share of the first step's people who took the last one."""
        return self.steps[-1].of_first


@dataclass(frozen=True)
class Line:
    key: str
    label: str
    result: FunnelResult


def compute(*, definition: Any, by: Staff, at: datetime) -> FunnelResult:
    """The funnel of the members whom `by` sees, former members included."""
    parsed = definitions.parse(definition, by)
    progress = step_funnels.measure(community=by.community, definition=parsed, at=at)
    labels = label_steps(definition, by)
    return _summarise(parsed, labels, progress.among(_visible(by, at)), by, at)


def compare(
    *, definition: Any, breakdown: Breakdown, by: Staff, at: datetime
) -> list[Line]:
    """The funnel of each part of a break-down, as of today."""
    parsed = definitions.parse(definition, by)
    progress = step_funnels.measure(community=by.community, definition=parsed, at=at)
    labels = label_steps(definition, by)
    return [
        Line(
            part.key,
            part.label,
            _summarise(parsed, labels, progress.among(part.people), by, at),
        )
        for part in breakdowns.load_parts(breakdown, by=by, at=at)
    ]


def find_people(
    *,
    definition: Any,
    step: int,
    dropped: bool,
    by: Staff,
    at: datetime,
    part: Part | None = None,
) -> BitMap:
    """The people with the first `step` steps; only those without the next if `dropped`."""
    parsed = definitions.parse(definition, by)
    if not 1 <= step <= len(parsed.steps):
        raise definitions.InvalidFunnel(_("The funnel has no such step."))
    progress = step_funnels.measure(community=by.community, definition=parsed, at=at)
    visible = _visible(by, at) if part is None else part.people
    found = progress.reached(step)
    if dropped:
        found = found - progress.reached(step + 1)
    return found & visible


def label_steps(definition: Any, by: Staff) -> list[str]:
    """The steps in words; one with a contact that `by` may not read by its kind only."""
    parsed, written = definitions.parse(definition, by), definition["steps"]
    return [
        step.label if shown == raw else facts.label_of(step.name)
        for step, raw, shown in zip(
            parsed.steps, written, contact_masks.masked(written, by), strict=True
        )
    ]


def _visible(by: Staff, at: datetime) -> BitMap:
    rule = {"with_left": audiences.EVERYONE}
    return audiences.people(community=by.community, rule=rule, by=by, at=at)


def _summarise(
    definition: Definition,
    labels: Sequence[str],
    progress: Progress,
    by: Staff,
    at: datetime,
) -> FunnelResult:
    depths = progress.depths
    count = len(definition.steps)
    reached = [int((depths >= step).sum()) for step in range(1, count + 1)]
    steps = []
    for index, label in enumerate(labels):
        after = reached[index + 1] if index + 1 < count else 0
        previous = reached[index - 1] if index else reached[0]
        steps.append(
            StepResult(
                label=label,
                people=reached[index],
                dropped=reached[index] - after if index + 1 < count else 0,
                of_first=small_numbers.percent(reached[index], reached[0]),
                of_previous=small_numbers.percent(reached[index], previous),
                median=_median(definition, progress, index),
            )
        )
    may_go_on = 0
    if definition.duration is not None:
        end = step_funnels.end_of(definition, by.community, at)
        late = progress.last_starts > end - definition.duration
        may_go_on = int((late & (depths < count)).sum())
    return FunnelResult(tuple(steps), may_go_on)


def _median(definition: Definition, progress: Progress, index: int) -> timedelta | None:
    rows = progress.times[progress.depths > index]
    if index == 0 or len(rows) < small_numbers.MIN_PEOPLE:
        return None
    if definition.in_order:
        took = rows[:, index] - rows[:, index - 1]
    else:
        known = rows[:, : index + 1]
        took = known.max(axis=1) - known.min(axis=1)
    return timedelta(microseconds=int(np.median(took)))
