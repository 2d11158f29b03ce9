"""Staff performance: tasks, first answers and members in charge by staff member."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from ninja import Field, Query, Router

from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.insight.first_answers import working_time
from qunce.insight.staff_performance import performance
from qunce.insight.staff_performance.performance import StaffRow

router = Router(auth=RequiresScope("metrics"), tags=["metrics"])


class StaffPerformanceIn(schemas.InputSchema):
    """The last 28 complete days by default. `hours` are working hours: 09:00-18:00."""

    first: date | None = None
    last: date | None = None
    hours: Annotated[str, Field(max_length=20)] = ""


class TaskCountsOut(schemas.OutputSchema):
    """`assigned` is the sum of the next five. `on_time` of `due` tasks were in time.

    `median` is in seconds from assigning to done, null for fewer than 30 tasks.
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


class AnswerTimesOut(schemas.OutputSchema):
    """Of the conversations that they answered; times are in seconds.

    Medians and the times within which 90 % came are null for fewer than 30 answers, and
    those of working time without `hours`.
    """

    answered: int
    median: int | None
    ninety: int | None
    within_five_minutes: int
    within_hour: int
    same_day: int
    working_median: int | None
    working_ninety: int | None


class MembersInChargeOut(schemas.OutputSchema):
    """`kept` of those at the `opening` were there at the end.

    `sales` are net, in the smallest unit of the community's currency.
    """

    members: int
    opening: int
    kept: int
    joined: int
    left: int
    orders: int
    sales: int


class StaffRowOut(schemas.OutputSchema):
    """`login` is null for accounts of people who work here that belong to nobody known.

    `tasks` is null if you do not see the tasks of others.
    """

    login: str | None
    name: str | None
    unit: str | None
    tasks: TaskCountsOut | None
    messages: int
    groups: int
    answers: AnswerTimesOut
    members: MembersInChargeOut | None


class ConversationsOut(schemas.OutputSchema):
    """`opened` is the sum of the others; those `waiting` can still be answered."""

    opened: int
    answered: int
    waiting: int
    unanswered: int


class StaffPerformanceOut(schemas.OutputSchema):
    """`conversations` is null for those who do not see all staff."""

    first: date
    last: date
    hours: str
    staff: list[StaffRowOut]
    total: StaffRowOut
    conversations: ConversationsOut | None


@router.get("/staff-performance", response=StaffPerformanceOut)
def staff_performance(request: ApiRequest, asked: Query[StaffPerformanceIn]) -> Any:
    """Return what the staff whom you see did, by name: it is no ranking."""
    default = performance.default_span(request.by, request.at)
    found = performance.compute(
        first=asked.first or default[0],
        last=asked.last or default[1],
        hours=working_time.parse(asked.hours),
        by=request.by,
        at=request.at,
    )
    return {
        "first": found.first,
        "last": found.last,
        "hours": found.hours.text if found.hours else "",
        "staff": [_row(row) for row in found.rows],
        "total": _row(found.total),
        "conversations": found.outcome,
    }


def _row(row: StaffRow) -> dict[str, Any]:
    staff = row.staff
    return {
        "login": staff.login if staff else None,
        "name": staff.name if staff else None,
        "unit": staff.unit.name if staff and staff.unit else None,
        "tasks": row.tasks,
        "messages": row.messages,
        "groups": row.groups,
        "answers": row.answers,
        "members": row.members,
    }
