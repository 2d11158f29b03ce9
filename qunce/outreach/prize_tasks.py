"""Staff tasks to hand prizes over, such as to send a red packet or to do a service.

The staff in charge of the winner get it if they see the winner, else the first of the staff
who may. `request` is the number of the task request, which the award keeps.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from qunce.core.facts import facts
from qunce.core.staff import models as staff_models
from qunce.members.accounts import queries as account_queries
from qunce.members.people import visibility
from qunce.members.staff_in_charge import assignments
from qunce.outreach import task_permissions
from qunce.outreach.tasks import requests, staff_tasks
from qunce.outreach.tasks.kinds import prize
from qunce.outreach.tasks.staff_tasks import StaffTask, State, TaskRequest, TaskTarget

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff

DUE_AFTER = timedelta(days=3)
MAX_TITLE = 80
KIND, GIVEN = prize.PRIZE.key, prize.GIVEN.key


def create(
    *, community: Community, account: int, title: str, text: str, at: datetime
) -> int | None:
    """Ask for a prize to be handed over; None if nobody of the staff can do it.

    Call it in the transaction of the reaction.
    """
    staff = _choose(community, account, at)
    if staff is None:
        return None
    request = TaskRequest.objects.create(
        community=community,
        kind=KIND,
        title=title[:MAX_TITLE],
        text=text,
        due_at=at + DUE_AFTER,
        created_at=at,
        by=staff_models.system(community),
    )
    task = StaffTask.objects.create(
        request=request, staff=staff, due_at=request.due_at, created_at=at
    )
    requests.add_targets(task, [account_queries.person_ids([account])[account]], at)
    fact = staff_tasks.StaffTaskRequested(
        request=request.pk,
        name=request.title,
        task_kind=request.kind,
        staff=[staff.name],
        size=1,
    )
    facts.record(fact, community=community, by=None, at=at)
    return request.pk


def _choose(community: Community, account: int, at: datetime) -> Staff | None:
    seeing = {
        staff.pk: staff
        for staff in task_permissions.list_assignable_staff(community)
        if visibility.filter_visible(by=staff, accounts=[account], at=at)
    }
    accounts = account_queries.account_ids_of_person(account)
    in_charge = assignments.staff_ids_by_person({accounts[0]: accounts})
    chosen = seeing.get(in_charge.get(accounts[0], 0))
    return chosen or next(iter(seeing.values()), None)


def finish(*, request: int, is_given: bool, at: datetime) -> None:
    """Close the task of a prize that was handed over elsewhere, or returned."""
    state = State.DONE if is_given else State.CANCELLED
    for task in StaffTask.objects.filter(request=request, state=State.OPEN):
        rows = StaffTask.objects.filter(pk=task.pk, state=State.OPEN)
        if rows.update(state=state, finished_at=at) and is_given:
            TaskTarget.objects.filter(task=task, outcome="").update(
                outcome=GIVEN, changed_at=at
            )
    TaskRequest.objects.filter(pk=request, state=State.OPEN).update(state=state)
