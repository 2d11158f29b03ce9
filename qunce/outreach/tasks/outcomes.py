"""Results of staff tasks: an outcome for each member, typed fields, and a proof."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import IO, Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from qunce.core import errors, permissions
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.members.accounts import queries as account_queries
from qunce.members.people import visibility
from qunce.members.tags import assignments
from qunce.members.tags.models import TagBatch
from qunce.outreach import task_permissions
from qunce.outreach.content import file_types, files
from qunce.outreach.tasks import staff_tasks
from qunce.outreach.tasks.staff_tasks import (
    OPEN_OUTCOME,
    STATES,
    StaffTask,
    State,
    TaskTarget,
)

SOURCE = "task"
"""Source of the taggings that an outcome brings."""


class TaskNotOpen(errors.Refused):
    """The task is finished or cancelled."""


class TargetsLeft(errors.Refused):
    """Members of the task have no outcome yet."""


class OutcomeAlreadyRecorded(errors.Refused):
    """There is an outcome already, from another tab or device."""


# Checks


def check_open(task: StaffTask) -> None:
    if task.state != State.OPEN:
        raise TaskNotOpen(
            _("“%(title)s” is %(state)s.")
            % {"title": task.request.title, "state": State(task.state).label}
        )


def _lock_open(task: StaffTask) -> None:
    """Like `check_open`, for the task as it is now; it stays so until the transaction ends.

    Else a result could be changed after the facts about it were recorded.
    """
    fresh = StaffTask.objects.select_for_update().get(pk=task.pk)
    if fresh.staff_id != task.staff_id:
        raise TaskNotOpen(_("The task has changed. Load the page again."))
    task.state = fresh.state
    check_open(task)


def check_may_hand_over(task: StaffTask, by: Staff) -> None:
    staff_tasks.check_task_visible(task, by)
    if task.staff_id != by.pk:
        permissions.check_may(by, task_permissions.OVERSEE_TASKS)
    if task.request.task_kind.is_automatic:
        raise errors.Refused(_("This task is theirs alone, so it is not handed over."))
    check_open(task)


# Verbs


@transaction.atomic
def record(
    *, task: StaffTask, account: int, outcome: str, by: Staff, at: datetime
) -> None:
    """Record the outcome for a member, which may deepen the tag of the task.

    In kinds with an open list, such as Moments, the member is added.
    """
    staff_tasks.check_own(task, by)
    _lock_open(task)
    visibility.check_visible(by=by, accounts=[account], at=at)
    kind = task.request.task_kind
    chosen = kind.outcome(outcome)
    person = account_queries.person_ids([account])[account]
    if kind.is_open_list:
        given: dict[str, Any] = {"task": task, "target_id": person}
        TaskTarget.objects.get_or_create(**given, defaults={"changed_at": at})
    accounts = account_queries.account_ids_of_person(account)
    rows = TaskTarget.objects.filter(task=task, target_id__in=accounts)
    if not rows.filter(outcome=OPEN_OUTCOME).update(outcome=outcome, changed_at=at):
        if not rows.exists():
            raise account_queries.MemberNotFound(_("This member is not in the task."))
        raise OutcomeAlreadyRecorded(
            _("A result is recorded already. Undo it first to choose another one.")
        )
    tag = task.request.tag
    if tag is not None and chosen.deepens and tag.state == "active":
        batch = assignments.deepen(
            tag=tag, accounts=[person], by=by, at=at, note=task.request.title
        )
        rows.update(batch_id=batch.pk)


@transaction.atomic
def undo(*, task: StaffTask, account: int, by: Staff, at: datetime) -> None:
    """Take back an outcome, with the tagging that it brought."""
    staff_tasks.check_own(task, by)
    _lock_open(task)
    accounts = account_queries.account_ids_of_person(account)
    rows = TaskTarget.objects.select_for_update().filter(
        task=task, target_id__in=accounts
    )
    for row in rows.exclude(outcome=OPEN_OUTCOME):
        for batch in TagBatch.objects.filter(
            pk=row.batch_id or 0, undone_at__isnull=True
        ):
            assignments.undo(batch=batch, by=by, at=at)
        if task.request.task_kind.is_open_list:
            row.delete()
            continue
        row.outcome, row.batch_id, row.changed_at = OPEN_OUTCOME, None, at
        row.save(update_fields=["outcome", "batch_id", "changed_at"])


@transaction.atomic
def finish(
    *,
    task: StaffTask,
    by: Staff,
    at: datetime,
    result: Mapping[str, Any] | None = None,
    note: str = "",
) -> None:
    """Finish a task with its typed result; its outcomes are facts from then on."""
    staff_tasks.check_own(task, by)
    _lock_open(task)
    left = staff_tasks.count_left([task.pk])[task.pk]
    if left:
        raise TargetsLeft(
            ngettext(
                "%(n)s member is left. Choose a result for them first.",
                "%(n)s members are left. Choose a result for each of them first.",
                left,
            )
            % {"n": f"{left:,}"}
        )
    request = task.request
    parsed = request.task_kind.parse_result(result or {}, request.community.currency)
    STATES.transition(
        task, "finish", result=parsed, note=" ".join(note.split())[:200], finished_at=at
    )
    fact = staff_tasks.StaffTaskFinished(
        request=request.pk,
        task=task.pk,
        name=request.title,
        is_late=task.is_late(at),
    )
    facts.record(fact, community=request.community, by=by, at=at)
    _record_outcomes(task, by, at)
    finish_request_if_done(task, at)


def _record_outcomes(task: StaffTask, by: Staff, at: datetime) -> None:
    by_outcome: dict[str, list[int]] = {}
    rows = TaskTarget.objects.filter(task=task).order_by("target_id")
    for target, outcome in rows.values_list("target_id", "outcome"):
        by_outcome.setdefault(outcome, []).append(target)
    for outcome, people in sorted(by_outcome.items()):
        fact = staff_tasks.StaffTaskOutcome(
            request=task.request_id, task_kind=task.request.kind, outcome=outcome
        )
        facts.record_for_accounts(
            fact, people, community=task.request.community, by=by, at=at
        )


def finish_request_if_done(task: StaffTask, at: datetime) -> None:
    """Finish a request whose tasks are all finished, unless it is a standing one."""
    request = task.request
    is_standing = request.layering_id is not None
    if is_standing or request.tasks.filter(state=State.OPEN).exists():
        return
    request.refresh_from_db(fields=["state"])
    if request.state == State.OPEN:
        STATES.transition(request, "finish")


def attach_proof(
    *, task: StaffTask, content: IO[bytes], name: str, by: Staff, at: datetime
) -> None:
    """Attach a picture that proves the work; raises InvalidFile for anything else."""
    staff_tasks.check_own(task, by)
    check_open(task)
    if file_types.type_of_name(files.clean_name(name)).family != "image":
        raise file_types.InvalidFile(_("A proof is a picture, such as a screenshot."))
    stored = files.store(content=content, name=name, by=by, at=at)
    with transaction.atomic():
        rows = StaffTask.objects.select_for_update(of=("self",))
        replaced = rows.select_related("proof__community").get(pk=task.pk).proof
        rows.filter(pk=task.pk).update(proof=stored)
    task.proof = stored
    if replaced is not None:
        # Without its task, everybody could see what it shows.
        files.discard(replaced)


@transaction.atomic
def hand_over(*, task: StaffTask, to: Staff, by: Staff, at: datetime) -> None:
    """Assign a task to another staff member, with what is already recorded in it."""
    check_may_hand_over(task, by)
    task_permissions.check_assignable(to, task.request.community)
    if to.pk == task.staff_id:
        raise errors.Invalid(
            _("This task is already assigned to %(name)s.") % {"name": to}
        )
    rows = StaffTask.objects.filter(
        pk=task.pk, staff_id=task.staff_id, state=State.OPEN
    )
    if not rows.update(staff=to):
        raise TaskNotOpen(_("The task has changed. Load the page again."))
    fact = staff_tasks.StaffTaskHandedOver(
        task=task.pk,
        name=task.request.title,
        from_staff=str(task.staff),
        to_staff=to.name,
    )
    task.staff = to
    facts.record(fact, community=task.request.community, by=by, at=at)
