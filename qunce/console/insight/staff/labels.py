"""The columns of staff performance: their headings, definitions, numbers and lists."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django_stubs_ext import StrOrPromise

from qunce.insight.staff_performance.performance import StaffRow

COUNT, TIME, SHARE, PART, MONEY = "count", "time", "share", "part", "money"
"""How a number is shown. A SHARE and a PART are of a whole; a PART also names it."""


@dataclass(frozen=True)
class Column:
    """`number` is None if it is unknown; `link` is the list behind it, see `urls_of`."""

    key: str
    heading: StrOrPromise
    definition: StrOrPromise
    number: Callable[[StaffRow], int | None]
    kind: str = COUNT
    whole: Callable[[StaffRow], int] | None = None
    link: str = ""


@dataclass(frozen=True)
class Section:
    key: str
    title: StrOrPromise
    columns: tuple[Column, ...]


def _of_tasks(name: str) -> Callable[[StaffRow], int | None]:
    return lambda row: getattr(row.tasks, name) if row.tasks else None


def _of_members(name: str) -> Callable[[StaffRow], int | None]:
    return lambda row: getattr(row.members, name) if row.members else None


ANSWERS = Section(
    "answers",
    _("Messages and answers"),
    (
        Column(
            "messages",
            _("Messages"),
            _("What they wrote in groups with accounts marked as theirs."),
            lambda row: row.messages,
            link="groups",
        ),
        Column(
            "groups",
            pgettext_lazy("staff", "Groups"),
            _("Groups in which they wrote."),
            lambda row: row.groups,
            link="groups",
        ),
        Column(
            "answered",
            pgettext_lazy("staff", "Answers"),
            _(
                "Conversations that they answered first. A conversation opens with a "
                "member's first message since staff wrote in that group or direct chat, "
                "or after three days without a message; it need not be a question."
            ),
            lambda row: row.answers.answered,
            link="conversations:answered",
        ),
        Column(
            "median",
            _("First-answer time"),
            _(
                "The median time from the member's first message to the first message of "
                "staff, of the conversations that they answered."
            ),
            lambda row: row.answers.median,
            kind=TIME,
        ),
        Column(
            "ninety",
            _("90 % within"),
            _("Nine in ten of their answers came within this time."),
            lambda row: row.answers.ninety,
            kind=TIME,
        ),
        Column(
            "five_minutes",
            _("Within 5 minutes"),
            _("Of their answers."),
            lambda row: row.answers.within_five_minutes,
            kind=SHARE,
            whole=lambda row: row.answers.answered,
            link="conversations:five_minutes",
        ),
        Column(
            "hour",
            _("Within 1 hour"),
            _("Of their answers."),
            lambda row: row.answers.within_hour,
            kind=SHARE,
            whole=lambda row: row.answers.answered,
            link="conversations:hour",
        ),
        Column(
            "same_day",
            _("Same day"),
            _("Of their answers, those on the community day of the question."),
            lambda row: row.answers.same_day,
            kind=SHARE,
            whole=lambda row: row.answers.answered,
            link="conversations:same_day",
        ),
    ),
)
WORKING = (
    Column(
        "working_median",
        _("In working time"),
        _("The median first-answer time, counting only working hours on working days."),
        lambda row: row.answers.working_median,
        kind=TIME,
    ),
    Column(
        "working_ninety",
        _("90 % in working time"),
        _("Nine in ten of their answers came within this much working time."),
        lambda row: row.answers.working_ninety,
        kind=TIME,
    ),
)
TASKS = Section(
    "tasks",
    _("Staff tasks"),
    (
        Column(
            "assigned",
            _("Assigned"),
            _(
                "Tasks that were given in these days to those who have them now: shares "
                "of campaigns, and other tasks. Each is in one of the next five columns."
            ),
            _of_tasks("assigned"),
            link="tasks:assigned",
        ),
        Column(
            "done",
            pgettext_lazy("tasks", "Done"),
            _(
                "As staff marked themselves; of a campaign, at least one message was sent."
            ),
            _of_tasks("done"),
            link="tasks:done",
        ),
        Column(
            "could_not",
            _("Could not"),
            _("Nobody could be reached."),
            _of_tasks("could_not"),
            link="tasks:could_not",
        ),
        Column(
            "open",
            pgettext_lazy("tasks", "Open"),
            _("Not finished and not yet due."),
            _of_tasks("open"),
            link="tasks:open",
        ),
        Column(
            "overdue",
            pgettext_lazy("tasks", "Overdue"),
            _("Not finished by the due time."),
            _of_tasks("overdue"),
            link="tasks:overdue",
        ),
        Column(
            "cancelled",
            pgettext_lazy("tasks", "Cancelled"),
            _("Withdrawn by those who asked."),
            _of_tasks("cancelled"),
            link="tasks:cancelled",
        ),
        Column(
            "on_time",
            _("On time"),
            _(
                "Done by the due time, of the tasks with a due time that are done or overdue."
            ),
            lambda row: row.tasks.on_time if row.tasks and row.tasks.due else None,
            kind=PART,
            whole=lambda row: row.tasks.due if row.tasks else 0,
            link="tasks:on_time",
        ),
        Column(
            "median_done",
            _("Time to done"),
            _("The median time from assigning a task to done."),
            _of_tasks("median"),
            kind=TIME,
        ),
    ),
)
MEMBERS = Section(
    "members",
    _("Members in charge"),
    (
        Column(
            "members",
            _("In charge of"),
            _("Members of now of whom they are in charge."),
            _of_members("members"),
            link="members:now",
        ),
        Column(
            "joined",
            pgettext_lazy("members in charge", "Joined"),
            _("Members in charge who joined the community in these days."),
            _of_members("joined"),
            link="members:joined",
        ),
        Column(
            "left",
            pgettext_lazy("members in charge", "Left"),
            _("Members in charge who left the community in these days."),
            _of_members("left"),
            link="members:left",
        ),
        Column(
            "kept",
            _("Retained"),
            _(
                "Of the members in charge who were there before, those still there at the end."
            ),
            lambda row: (
                row.members.kept if row.members and row.members.opening else None
            ),
            kind=PART,
            whole=lambda row: row.members.opening if row.members else 0,
        ),
        Column(
            "orders",
            _("Orders"),
            _("Orders that members in charge paid in these days."),
            _of_members("orders"),
            link="members:orders",
        ),
        Column(
            "sales",
            _("Net sales"),
            _("What members in charge paid in these days, less what was refunded."),
            _of_members("sales"),
            kind=MONEY,
            link="members:orders",
        ),
    ),
)
