"""Tasks for staff to write to members whose points or memberships end, where no channel can.

One request has all members of one last day, however many notices come one after another.
Each of the staff has a task in it, with those members whom they are in charge of.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy
from django_stubs_ext import StrOrPromise

from qunce.core.facts import facts
from qunce.core.staff import models as staff_models
from qunce.members.accounts import queries as account_queries
from qunce.members.people import visibility
from qunce.members.staff_in_charge import assignments
from qunce.outreach import task_permissions
from qunce.outreach.tasks import requests, staff_tasks
from qunce.outreach.tasks.kinds.ending_memberships import ENDING_MEMBERSHIPS
from qunce.outreach.tasks.kinds.expiring_points import EXPIRING_POINTS
from qunce.outreach.tasks.staff_tasks import StaffTask, State, TaskRequest

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff


@dataclass(frozen=True)
class Subject:
    """What ends: the kind of the task, its title with %(day)s, and what it asks for."""

    kind: str
    title: StrOrPromise
    text: StrOrPromise


POINTS = Subject(
    EXPIRING_POINTS.key,
    gettext_lazy("Points expire on %(day)s"),
    gettext_lazy(
        "Write to each of these members before that day. How many points expire "
        "stands on the member's page, under points."
    ),
)
MEMBERSHIPS = Subject(
    ENDING_MEMBERSHIPS.key,
    gettext_lazy("Memberships end on %(day)s"),
    gettext_lazy(
        "Write to each of these members before that day. The member's page shows, under "
        "levels, which membership ends."
    ),
)


def ask(
    *,
    community: Community,
    people: Sequence[int],
    day: str,
    due_at: datetime,
    at: datetime,
    subject: Subject = POINTS,
) -> None:
    """Add people to the task of a last day; call it in the caller's transaction.

    Without staff who may do tasks and see them, nobody is asked.
    """
    shares = _share(community, people, at)
    if not shares:
        return
    request = _find_open(community, subject, due_at) or TaskRequest.objects.create(
        community=community,
        kind=subject.kind,
        title=str(subject.title) % {"day": day},
        text=str(subject.text),
        due_at=due_at,
        created_at=at,
        by=staff_models.system(community),
    )
    for staff, own in shares.items():
        task, _is_new = StaffTask.objects.get_or_create(
            request=request,
            staff=staff,
            state=State.OPEN,
            defaults={"due_at": due_at, "created_at": at},
        )
        requests.add_targets(task, own, at)
    fact = staff_tasks.StaffTaskRequested(
        request=request.pk,
        name=request.title,
        task_kind=request.kind,
        staff=[staff.name for staff in shares],
        size=len(people),
    )
    facts.record(fact, community=community, by=None, at=at)


def _find_open(
    community: Community, subject: Subject, due_at: datetime
) -> TaskRequest | None:
    rows = TaskRequest.objects.filter(
        community=community,
        kind=subject.kind,
        due_at=due_at,
        state=State.OPEN,
    )
    return rows.order_by("pk").first()


def _share(
    community: Community, people: Sequence[int], at: datetime
) -> Mapping[Staff, list[int]]:
    """People by the staff in charge of them, else by the first who sees them."""
    able = {each.pk: each for each in task_permissions.list_assignable_staff(community)}
    seen = {
        pk: visibility.filter_visible(by=staff, accounts=people, at=at)
        for pk, staff in able.items()
    }
    by_person = account_queries.accounts_by_person(people)
    in_charge = assignments.staff_ids_by_person(by_person)
    shares: dict[Staff, list[int]] = {}
    for person in people:
        for pk in (in_charge.get(person, 0), *able):
            if person in seen.get(pk, ()):
                shares.setdefault(able[pk], []).append(person)
                break
    return shares
