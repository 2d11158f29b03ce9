"""Staff tasks of other kinds than sending: what is asked, and each person's part of it.

A request asks several staff for one thing. Each of them has a staff task, and the members
whom it is about are its targets. The state of a request follows from its tasks.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from qunce.core import errors, permissions, personal_texts, state_machine, timestamps
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.groups.groups import Group
from qunce.members.layers.models import Layering
from qunce.members.tags.models import Tag
from qunce.outreach import task_permissions
from qunce.outreach.content.files import StoredFile
from qunce.outreach.tasks import kinds

OPEN_OUTCOME = ""
JOINED, NOT_NEEDED = "joined", "not_needed"
"""Outcomes that facts set: the member joined the group, or enough others have."""


class State(models.TextChoices):
    OPEN = "open", pgettext_lazy("task", "open")
    DONE = "done", pgettext_lazy("task", "done")
    CANCELLED = "cancelled", pgettext_lazy("task", "cancelled")


STATES = state_machine.StateMachine(
    {
        "finish": (("open",), "done"),
        "cancel": (("open",), "cancelled"),
    }
)


@personal_texts.erased_in("rule", "layer", sentences=("title", "text", "url"))
class TaskRequest(models.Model):
    """`rule` says whom it is about. `goal` is how many have to join `group`.

    With a `layering` it is standing: members who move into `layer` are invited from now on.
    """

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    kind = models.CharField(max_length=20)
    title = models.CharField(max_length=80)
    text = models.TextField(default="", blank=True)
    url = models.CharField(max_length=500, default="", blank=True)
    rule: models.JSONField[Any, Any] = models.JSONField(default=None, null=True)
    group = models.ForeignKey(Group, models.PROTECT, null=True, related_name="+")
    goal = models.PositiveIntegerField(null=True)
    layering = models.ForeignKey(Layering, models.PROTECT, null=True, related_name="+")
    layer = models.CharField(max_length=80, default="", blank=True)
    tag = models.ForeignKey(Tag, models.PROTECT, null=True, related_name="+")
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    due_at = timestamps.TimestampField(null=True)
    created_at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+", db_index=False)

    class Meta:
        db_table = "outreach_task_request"

    def __str__(self) -> str:
        return self.title

    @property
    def task_kind(self) -> kinds.Kind:
        return kinds.get(self.kind)


@personal_texts.erased_in(
    "result", sentences=("note",), community="request__community_id"
)
class StaffTask(models.Model):
    """`result` has the values of the kind's fields, amounts in the smallest unit."""

    request = models.ForeignKey(TaskRequest, models.PROTECT, related_name="tasks")
    staff = models.ForeignKey(Staff, models.PROTECT, related_name="staff_tasks")
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    due_at = timestamps.TimestampField(null=True)
    result: models.JSONField[Any, Any] = models.JSONField(default=dict)
    note = models.CharField(max_length=200, default="", blank=True)
    proof = models.ForeignKey(
        StoredFile, models.PROTECT, null=True, related_name="proofs"
    )
    created_at = timestamps.TimestampField()
    finished_at = timestamps.TimestampField(null=True)

    class Meta:
        db_table = "outreach_staff_task"
        indexes = [models.Index(fields=["staff", "state"], name="staff_tasks_to_do")]

    def __str__(self) -> str:
        return f"{self.request} / {self.staff}"

    def is_late(self, at: datetime) -> bool:
        end = self.finished_at or at
        return self.due_at is not None and end > self.due_at


class TaskTarget(models.Model):
    """A member whom a task is about; `outcome` is empty until it is recorded.

    `target_id` is the first account of the person, `batch_id` the tagging of the outcome.
    """

    task = models.ForeignKey(StaffTask, models.CASCADE, related_name="targets")
    target_id = models.BigIntegerField(db_index=True)
    outcome = models.CharField(max_length=20, default="", blank=True)
    changed_at = timestamps.TimestampField()
    batch_id = models.BigIntegerField(null=True)

    class Meta:
        db_table = "outreach_task_target"
        constraints = [
            models.UniqueConstraint(
                fields=["task", "target_id"], name="one_target_per_staff_task"
            )
        ]

    def __str__(self) -> str:
        return f"{self.task_id} / {self.target_id}"


@facts.declare
@dataclass(frozen=True, kw_only=True)
class StaffTaskRequested(facts.FactKind):
    """`name` is the title, `size` the number of members whom the tasks are about."""

    kind = "staff_task.requested"
    label = gettext_lazy("staff task requested")
    request: int
    name: str
    task_kind: str
    staff: list[str]
    size: int


@facts.declare
@dataclass(frozen=True, kw_only=True)
class StaffTaskFinished(facts.FactKind):
    kind = "staff_task.finished"
    label = gettext_lazy("staff task finished")
    request: int
    task: int
    name: str
    is_late: bool


@facts.declare
@dataclass(frozen=True, kw_only=True)
class StaffTaskCancelled(facts.FactKind):
    kind = "staff_task.cancelled"
    label = gettext_lazy("staff task cancelled")
    request: int
    name: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class StaffTaskHandedOver(facts.FactKind):
    """The names are of staff."""

    kind = "staff_task.handed_over"
    label = gettext_lazy("staff task handed over to others")
    task: int
    name: str
    from_staff: str
    to_staff: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class StaffTaskOutcome(facts.FactKind):
    """The outcome of a task for one member, recorded when the task is finished."""

    kind = "staff_task.outcome"
    label = gettext_lazy("result of a staff task")
    request: int
    task_kind: str
    outcome: str


class TaskRequestNotFound(errors.NotFound):
    """There is no such request, or it belongs to somebody else."""


class StaffTaskNotFound(errors.NotFound):
    """There is no such staff task, or it belongs to somebody else."""


class StaffTaskNotOwn(errors.Refused):
    """The task is assigned to somebody else."""


class InvalidTaskRequest(errors.Invalid):
    """A request lacks what its kind needs."""


# Checks


def check_visible(request: TaskRequest, by: Staff) -> None:
    """Raise TaskRequestNotFound unless `by` made the request or oversees all tasks."""
    if request.community_id == by.community_id and (
        request.by_id == by.pk
        or (permissions.may(by, task_permissions.OVERSEE_TASKS) and not by.is_scoped)
    ):
        return
    raise TaskRequestNotFound(_("There is no such request."))


def check_task_visible(task: StaffTask, by: Staff) -> None:
    if task.staff_id == by.pk and task.request.community_id == by.community_id:
        return
    try:
        check_visible(task.request, by)
    except TaskRequestNotFound:
        raise StaffTaskNotFound(_("There is no such task.")) from None


def check_own(task: StaffTask, by: Staff) -> None:
    """Raise StaffTaskNotOwn unless the task is assigned to `by`."""
    permissions.check_may(by, task_permissions.DO_TASKS)
    check_task_visible(task, by)
    if task.staff_id != by.pk:
        raise StaffTaskNotOwn(
            _("This task belongs to %(name)s.") % {"name": task.staff}
        )


def may_do(task: StaffTask, by: Staff) -> bool:
    return (
        task.staff_id == by.pk
        and task.state == State.OPEN
        and permissions.may(by, task_permissions.DO_TASKS)
    )


# Labels


def outcome_label(kind: str, outcome: str) -> str:
    """The label of an outcome, also of those that facts set."""
    fixed = {
        OPEN_OUTCOME: str(State.OPEN.label),
        JOINED: _("joined"),
        NOT_NEEDED: _("not needed any more"),
    }
    if outcome in fixed:
        return fixed[outcome]
    labels = {each.key: str(each.label) for each in kinds.get(kind).outcomes}
    return labels.get(outcome, outcome)


# Reads


def list_requests(by: Staff) -> models.QuerySet[TaskRequest]:
    """The requests that `by` made, or all for those who oversee tasks.

    Tasks that nobody asked for, such as reports to read, are seen only by whose they are.
    """
    automatic = [kind.key for kind in kinds.list_all() if kind.is_automatic]
    rows = TaskRequest.objects.filter(community=by.community)
    rows = rows.exclude(kind__in=automatic)
    if not permissions.may(by, task_permissions.OVERSEE_TASKS) or by.is_scoped:
        rows = rows.filter(by=by)
    return rows.select_related("community", "by", "group", "tag", "layering")


def get_request(*, by: Staff, pk: int) -> TaskRequest:
    for request in list_requests(by).filter(pk=pk):
        return request
    raise TaskRequestNotFound(_("There is no such request."))


def list_visible(by: Staff) -> models.QuerySet[StaffTask]:
    """The tasks of `by`, and those of requests that they see."""
    visible = Q(staff=by, request__community=by.community)
    visible |= Q(request__in=list_requests(by).values("pk"))
    return StaffTask.objects.filter(visible).select_related(
        "request__community",
        "request__by",
        "request__group",
        "request__tag",
        "request__layering",
        "staff",
        "proof__community",
    )


def get(*, by: Staff, pk: int) -> StaffTask:
    for task in list_visible(by).filter(pk=pk):
        return task
    raise StaffTaskNotFound(_("There is no such task."))


def by_due_time(rows: models.QuerySet[StaffTask]) -> models.QuerySet[StaffTask]:
    return rows.order_by(F("due_at").asc(nulls_last=True), "pk")


def list_open(staff: Staff) -> list[StaffTask]:
    """Unfinished tasks of a staff member, the earliest due time first."""
    return list(by_due_time(list_visible(staff).filter(staff=staff, state=State.OPEN)))


def list_late_of_others(by: Staff, at: datetime) -> list[StaffTask]:
    rows = list_visible(by).exclude(staff=by)
    late = rows.filter(state=State.OPEN, due_at__lt=timestamps.to_micros(at))
    return list(by_due_time(late))


def count_left(task_ids: list[int]) -> dict[int, int]:
    """Task → how many of its targets have no outcome yet."""
    rows = TaskTarget.objects.filter(task_id__in=task_ids, outcome=OPEN_OUTCOME)
    counted = rows.values("task_id").annotate(n=models.Count("pk"))
    return dict.fromkeys(task_ids, 0) | {row["task_id"]: row["n"] for row in counted}


def list_open_about(person_accounts: list[int], by: Staff) -> list[StaffTask]:
    """Open tasks of `by` in which this person is still to be dealt with."""
    about = TaskTarget.objects.filter(
        target_id__in=person_accounts, outcome=OPEN_OUTCOME
    )
    rows = list_visible(by).filter(
        staff=by, state=State.OPEN, pk__in=about.values("task")
    )
    return list(by_due_time(rows))
