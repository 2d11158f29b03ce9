"""The tasks of staff, of every kind that a domain registers, and how they ended.

Whatever page shows a number of them counts the same list.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from qunce.core import community_days, permissions, timestamps
from qunce.insight import small_numbers

if TYPE_CHECKING:
    from qunce.core.staff.models import Staff


class Ending(models.TextChoices):
    """What became of a task; each is in exactly one of these states."""

    DONE = "done", pgettext_lazy("task", "done")
    COULD_NOT = "could_not", pgettext_lazy("task", "could not be done")
    OPEN = "open", pgettext_lazy("task", "open")
    OVERDUE = "overdue", _("overdue")
    CANCELLED = "cancelled", pgettext_lazy("task", "cancelled")


@dataclass(frozen=True, kw_only=True)
class AssignedTask:
    """`kind` and `pk` name the task, `staff` is the id of who has it now."""

    kind: str
    pk: int
    title: str
    staff: int
    ending: Ending
    assigned_at: datetime
    due_at: datetime | None
    finished_at: datetime | None

    @property
    def is_due(self) -> bool:
        return self.due_at is not None and self.ending in (Ending.DONE, Ending.OVERDUE)

    @property
    def is_on_time(self) -> bool:
        return (
            self.ending == Ending.DONE
            and self.due_at is not None
            and self.finished_at is not None
            and self.finished_at <= self.due_at
        )

    def is_in(self, name: str) -> bool:
        """Whether the number of this name in TaskCounts counts the task."""
        if name == "on_time":
            return self.is_on_time
        if name == "due":
            return self.is_due
        return name in ("assigned", self.ending)


LISTS = ("assigned", *Ending.values, "due", "on_time")
"""The numbers of TaskCounts that count tasks."""


@dataclass(frozen=True, kw_only=True)
class Window:
    """The moments from which and before which tasks were assigned."""

    begin: datetime
    end: datetime


ListTasks = Callable[["Staff", Window, datetime], Iterable[AssignedTask]]
_sources: dict[str, tuple[ListTasks, str]] = {}


def register(kind: str, *, oversee: str) -> Callable[[ListTasks], ListTasks]:
    """A decorator: the function lists the tasks of a kind that a staff member sees.

    It is asked who asks, when the tasks were assigned, and for when their ending counts.
    Staff see tasks of others only with the permission `oversee`.
    """

    def add(source: ListTasks) -> ListTasks:
        _sources[kind] = (source, oversee)
        return source

    return add


def may_see_others(by: Staff) -> bool:
    """Whether `by` sees tasks of others, so that a number of theirs says something."""
    return all(permissions.may(by, oversee) for _source, oversee in _sources.values())


def load(*, first: int, last: int, by: Staff, at: datetime) -> list[AssignedTask]:
    """The tasks assigned from community day `first` to `last`, of staff whom `by` sees."""
    clock = by.community.timezone, by.community.day_start
    begin, end = (
        timestamps.from_micros(community_days.start_of(*clock, day))
        for day in (first, last + 1)
    )
    window = Window(begin=begin, end=end)
    return [
        task
        for source, _oversee in _sources.values()
        for task in source(by, window, at)
    ]


@dataclass(frozen=True)
class TaskCounts:
    """`assigned` = `done` + `could_not` + `open` + `overdue` + `cancelled`.

    `on_time` of `due` tasks were done in time; those are due that have a due time and are
    done or overdue. `median` is in seconds, from assigning to done.
    """

    assigned: int
    done: int
    could_not: int
    open: int
    overdue: int
    cancelled: int
    due: int
    on_time: int
    median: int | None

    @property
    def on_time_percent(self) -> float | None:
        return small_numbers.percent(self.on_time, self.due)


def count(tasks: Iterable[AssignedTask]) -> TaskCounts:
    found = list(tasks)
    counts = {name: sum(task.is_in(name) for task in found) for name in LISTS}
    taken = sorted(
        int((task.finished_at - task.assigned_at).total_seconds())
        for task in found
        if task.ending == Ending.DONE and task.finished_at is not None
    )
    is_enough = len(taken) >= small_numbers.MIN_PEOPLE
    median = taken[(len(taken) - 1) // 2] if is_enough else None
    return TaskCounts(**counts, median=median)
