"""Notices of playbooks to staff, and their tasks in groups: shown on Today until done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import errors, permissions
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.groups import visibility as group_visibility
from qunce.members.people import visibility
from qunce.outreach import skip_reasons, task_permissions
from qunce.outreach.playbooks import assignees
from qunce.outreach.playbooks.actions import Obstacle
from qunce.outreach.playbooks.assignees import Assignee
from qunce.outreach.playbooks.definitions import Subject
from qunce.outreach.playbooks.models import StaffNotice
from qunce.outreach.playbooks.work import Outcome, Work, WorkItem


@dataclass(frozen=True, kw_only=True)
class NoticeFact(facts.FactKind):
    """`playbook` is its key, `staff` the name of who was notified."""

    labels = {"playbook": gettext_lazy("playbook"), "staff": gettext_lazy("staff")}
    playbook: str
    staff: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class StaffNotified(NoticeFact):
    kind = "staff_notice.created"
    label = gettext_lazy("staff notified")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class StaffNoticeDone(NoticeFact):
    kind = "staff_notice.done"
    label = gettext_lazy("notice to staff done")


class NoticeNotFound(errors.NotFound):
    """There is no such notice for this member of staff."""


class NoticeAlreadyDone(errors.Refused):
    """The notice was marked as done before."""


# Steps


def assign(
    work: Work, assignee: Assignee, do: Callable[[Work, WorkItem, Staff], Outcome]
) -> list[Outcome]:
    """Call `do` for each item with who does it; the outcomes in the order of the items.

    What nobody can do is held, and what they may not see is skipped.
    """
    found = assignees.find(
        assignee,
        community=work.community,
        targets=work.targets,
        is_group=work.is_group,
    )
    seen = {
        staff.pk: visible(staff, work.targets, is_group=work.is_group, at=work.at)
        for staff in set(found.values())
        if staff is not None
    }
    outcomes = []
    for item in work.items:
        staff = found[item.target]
        if staff is None:
            held = Obstacle.ROLE if assignee.role else Obstacle.STAFF
            outcomes.append(Outcome(held=held))
        elif item.target not in seen[staff.pk]:
            outcomes.append(Outcome(skipped=skip_reasons.NOT_VISIBLE))
        else:
            outcomes.append(do(work, item, staff))
    return outcomes


def visible(
    staff: Staff, targets: list[int], *, is_group: bool, at: datetime
) -> set[int]:
    """Those of these accounts or groups that the staff member sees."""
    if not is_group:
        return set(visibility.filter_visible(by=staff, accounts=targets, at=at))
    rows = group_visibility.list_visible(staff).filter(pk__in=targets)
    return set(rows.values_list("pk", flat=True))


def create(
    *,
    work: Work,
    item: WorkItem,
    staff: Staff,
    text: str,
    due_at: datetime | None = None,
) -> StaffNotice:
    """Notify staff about the member or group of a run; with `due_at` it is a task."""
    notice = StaffNotice.objects.create(
        community=work.community,
        run_step_id=item.row,
        staff=staff,
        text=text,
        due_at=due_at,
        created_at=work.at,
    )
    column = "group" if work.is_group else "account"
    fact = StaffNotified(
        playbook=work.playbook, staff=staff.name, **{column: item.target}
    )
    facts.record(fact, community=work.community, by=None, at=work.at)
    return notice


# Verbs


@transaction.atomic
def mark_done(*, notice: StaffNotice, by: Staff, at: datetime) -> None:
    """Mark a notice as seen, or a task as done."""
    permissions.check_may(by, task_permissions.DO_TASKS)
    if notice.staff_id != by.pk or notice.community_id != by.community_id:
        raise NoticeNotFound(_("There is no such notice."))
    rows = StaffNotice.objects.filter(pk=notice.pk, staff=by, done_at__isnull=True)
    if not rows.update(done_at=at):
        raise NoticeAlreadyDone(_("This notice is done already."))
    notice.done_at = at
    run = notice.run_step.run
    is_group = run.playbook.subject == Subject.GROUP
    column = "group" if is_group else "account"
    fact = StaffNoticeDone(
        playbook=run.playbook.key, staff=by.name, **{column: run.target_id}
    )
    facts.record(fact, community=notice.community, by=by, at=at)


# Reads


def list_open(*, by: Staff, at: datetime) -> list[StaffNotice]:
    """The notices and tasks of `by` that are not done, by due time; tasks come first.

    Those about members or groups that `by` no longer sees are left out.
    """
    rows = _of(by).filter(done_at__isnull=True)
    due = models.F("due_at").asc(nulls_last=True)
    found = list(rows.order_by(due, "created_at", "pk"))
    seen: dict[bool, set[int]] = {}
    for is_group in (False, True):
        targets = [n.target_id for n in found if n.is_group == is_group]
        seen[is_group] = (
            visible(by, targets, is_group=is_group, at=at) if targets else set()
        )
    return [notice for notice in found if notice.target_id in seen[notice.is_group]]


def _of(by: Staff) -> models.QuerySet[StaffNotice]:
    if not permissions.may(by, task_permissions.DO_TASKS):
        return StaffNotice.objects.none()
    rows = StaffNotice.objects.filter(community=by.community, staff=by)
    return rows.select_related("run_step__run__playbook__community", "staff")


def get(*, by: Staff, pk: int) -> StaffNotice:
    try:
        return _of(by).get(pk=pk)
    except StaffNotice.DoesNotExist:
        raise NoticeNotFound(_("There is no such notice.")) from None
