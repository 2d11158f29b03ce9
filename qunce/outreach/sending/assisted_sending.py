"""Assisted sending: staff open the rows of their task, send by hand, and mark them.

A mark can be undone for UNDO_PERIOD and is recorded in the fact log only after that. Facts
are never changed, so a mark set by mistake must not be counted as a message.

Locks are taken in the order task → campaign, here and in `launch.cancel`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import errors, permissions
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.outreach import skip_reasons
from qunce.outreach.campaigns import campaigns
from qunce.outreach.campaigns.campaigns import Campaign
from qunce.outreach.sending import eligibility, recipients, tasks
from qunce.outreach.sending.recipients import Recipient, State
from qunce.outreach.sending.tasks import Task
from qunce.sets.bitmaps import bitmaps

PAGE_SIZE = 40
UNDO_PERIOD = timedelta(minutes=5)


@facts.declare
@dataclass(frozen=True, kw_only=True)
class TaskHandedOver(facts.FactKind):
    """`size` is the number of recipients that were left; the names are of staff."""

    kind = "task.handed_over"
    label = gettext_lazy("staff task handed over")
    campaign: str
    from_staff: str
    to_staff: str
    size: int


class RecipientNotOpen(errors.Refused):
    """The row is not waiting to be sent: it is done, or somebody else was faster."""


class TooLateToUndo(errors.Refused):
    """The mark is recorded and can no longer be undone."""


class HandOverChanged(errors.Refused):
    """Another number of recipients is left than was shown."""


class CampaignNotRunning(errors.Refused):
    """The campaign is paused or has ended."""


# Checks


def check_running(campaign: Campaign) -> None:
    if campaign.state != campaigns.State.SENDING:
        raise CampaignNotRunning(
            _("“%(name)s” is %(state)s.")
            % {"name": campaign, "state": campaigns.State(campaign.state).label}
        )


def may_run(campaign: Campaign) -> bool:
    return campaign.state == campaigns.State.SENDING


def check_undoable(row: Recipient, at: datetime) -> None:
    """Raise unless the row is a failure, or a mark within the undo period."""
    if row.state == State.MARKED and (
        row.recorded or at >= row.changed_at + UNDO_PERIOD
    ):
        minutes = int(UNDO_PERIOD.total_seconds() // 60)
        raise TooLateToUndo(
            _("A mark can be undone for %(n)s minutes. After that, it is counted.")
            % {"n": minutes}
        )
    if row.state not in (State.MARKED, State.FAILED):
        raise RecipientNotOpen(_("There is nothing to undo here."))


def may_undo(row: Recipient, at: datetime) -> bool:
    try:
        check_undoable(row, at)
    except errors.Refused:
        return False
    return True


def check_may_hand_over(task: Task, by: Staff) -> None:
    """Staff may hand over their own tasks, and those of others if they oversee tasks."""
    tasks.check_visible(task, by)
    if task.staff_id != by.pk:
        permissions.check_may(by, campaigns.OVERSEE_TASKS)
    if task.campaign.state not in tasks.OPEN_CAMPAIGN_STATES:
        check_running(task.campaign)


def check_assignable(task: Task, to: Staff) -> None:
    assignable = campaigns.list_assignable_staff(task.campaign.community)
    if to.pk not in {staff.pk for staff in assignable}:
        raise errors.Invalid(_("Tasks cannot be assigned to %(name)s.") % {"name": to})
    if to.pk == task.staff_id:
        raise errors.Invalid(
            _("This task is already assigned to %(name)s.") % {"name": to}
        )


# Verbs


def open_next(
    *, task: Task, by: Staff, at: datetime, limit: int = PAGE_SIZE
) -> list[Recipient]:
    """Return the open rows of a task, after claiming targets until `limit` are open."""
    tasks.check_own(task, by)
    check_running(task.campaign)
    checker = eligibility.checker_for(task.campaign, by, at)
    with transaction.atomic():
        locked = Task.objects.select_for_update().get(pk=task.pk)
        open_count = recipients.list_open(task).count()
        unclaimed = bitmaps.from_bytes(locked.unclaimed)
        # Some of the claimed targets are skipped, so this may need several rounds.
        while open_count < limit and unclaimed:
            targets = unclaimed[: limit - open_count]
            unclaimed -= targets
            reasons = checker.reasons_to_skip(list(targets))
            open_count += len(recipients.create_claimed(locked, reasons, at=at))
        locked.set_unclaimed(unclaimed)
        task.unclaimed_count = locked.unclaimed_count
        finish_if_done(locked, at)
    return list(recipients.list_open(task))


def mark_sent(*, task: Task, target: int, by: Staff, at: datetime) -> None:
    """Mark a row as sent by hand."""
    _complete(task, target, by, at, State.MARKED)


def mark_failed(
    *, task: Task, target: int, reason: str, by: Staff, at: datetime, note: str = ""
) -> None:
    """Mark a row as not sent, for one of the reasons in `skip_reasons.SendFailure`."""
    if reason not in skip_reasons.SendFailure:
        raise errors.Invalid(_("Choose a reason."))
    note = " ".join(note.split())[:200]
    _complete(task, target, by, at, State.FAILED, reason=reason, note=note)


def _complete(
    task: Task, target: int, by: Staff, at: datetime, to: State, **changes: str
) -> None:
    tasks.check_own(task, by)
    with transaction.atomic():
        locked = Task.objects.select_for_update().get(pk=task.pk)
        rows = recipients.list_of_task(task).filter(target_id=target)
        if not recipients.transition(
            rows, origins=[State.PLANNED], to=to, at=at, by_id=by.pk, **changes
        ):
            raise RecipientNotOpen(
                _("The state of this row has changed. Check the list again.")
            )
        finish_if_done(locked, at)


@transaction.atomic
def undo(*, task: Task, target: int, by: Staff, at: datetime) -> None:
    """Undo a mark or a failure: the row is open again, and so are task and campaign."""
    tasks.check_own(task, by)
    Task.objects.select_for_update().get(pk=task.pk)
    rows = recipients.list_of_task(task).filter(target_id=target)
    row = rows.first()
    if row is None:
        raise RecipientNotOpen(_("There is nothing to undo here."))
    check_undoable(row, at)
    # The row must still be as it was checked: the recorder does not lock the task.
    unchanged = rows.filter(state=row.state, recorded=row.recorded)
    if not recipients.transition(
        unchanged,
        origins=[State.MARKED, State.FAILED],
        to=State.PLANNED,
        at=at,
        reason="",
        note="",
        recorded=False,
    ):
        raise RecipientNotOpen(
            _("The state of this row has changed. Check the list again.")
        )
    Task.objects.filter(pk=task.pk).update(finished_at=None)
    campaign = Campaign.objects.select_for_update().get(pk=task.campaign_id)
    if campaign.state == campaigns.State.DONE:
        campaigns.transition(
            campaign=campaign, step="reopen", by=None, at=at, finished_at=None
        )


@transaction.atomic
def hand_over(
    *, task: Task, to: Staff, by: Staff, at: datetime, expected: int | None = None
) -> int:
    """Assign what is left of a task to another staff member; returns how many rows.

    Raises HandOverChanged if another number than `expected` is left by now. Targets that
    the new staff member does not see are skipped when they open them.
    """
    check_may_hand_over(task, by)
    check_assignable(task, to)
    # All tasks of the campaign are locked, in one order. Two staff members who hand over
    # to each other at the same time would deadlock otherwise.
    locked = Task.objects.select_for_update().filter(campaign_id=task.campaign_id)
    by_staff = {row.staff_id: row for row in locked.order_by("pk")}
    source = by_staff[task.staff_id]
    destination = by_staff.get(to.pk) or Task.objects.create(
        campaign_id=source.campaign_id,
        staff=to,
        unclaimed=bitmaps.to_bytes(bitmaps.of([])),
        unclaimed_count=0,
        due_at=source.due_at,
        created_at=at,
    )
    opened = recipients.list_open(source)
    left = opened.count() + source.unclaimed_count
    if expected is not None and left != expected:
        raise HandOverChanged(
            _("%(n)s are left by now, not %(expected)s. Check and hand over again.")
            % {"n": f"{left:,}", "expected": f"{expected:,}"}
        )
    if to.is_scoped:
        # They are opened again by the new staff member, who may not see all of them.
        targets = bitmaps.of(opened.values_list("target_id", flat=True))
        opened.delete()
        source.set_unclaimed(bitmaps.from_bytes(source.unclaimed) | targets)
    moved = opened.update(task=destination) + source.unclaimed_count
    destination.set_unclaimed(
        bitmaps.from_bytes(destination.unclaimed) | bitmaps.from_bytes(source.unclaimed)
    )
    source.set_unclaimed(bitmaps.of([]))
    if moved:
        Task.objects.filter(pk=destination.pk).update(finished_at=None)
    finish_if_done(source, at)
    fact = TaskHandedOver(
        campaign=task.campaign.key,
        from_staff=str(task.staff),
        to_staff=to.name,
        size=moved,
    )
    facts.record(fact, community=task.campaign.community, by=by, at=at)
    return moved


def finish_if_done(task: Task, at: datetime) -> None:
    """Finish a task that has nothing left, and its campaign after the last task.

    The caller must hold the lock of the task.
    """
    if task.unclaimed_count or recipients.list_open(task).exists():
        return
    unfinished = Task.objects.filter(pk=task.pk, finished_at__isnull=True)
    unfinished.update(finished_at=at)
    finish_campaign_if_done(task.campaign_id, at)


@transaction.atomic
def finish_task_if_done(task: Task, at: datetime) -> None:
    """Like `finish_if_done`, for a caller without a lock."""
    finish_if_done(Task.objects.select_for_update().get(pk=task.pk), at)


def finish_campaign_if_done(campaign_id: int, at: datetime) -> None:
    """Finish a campaign whose tasks are all finished."""
    # The lock makes two last tasks that finish at the same time see each other.
    campaign = Campaign.objects.select_for_update().get(pk=campaign_id)
    if (
        campaign.state in tasks.OPEN_CAMPAIGN_STATES
        and not campaign.tasks.filter(finished_at__isnull=True).exists()
    ):
        campaigns.transition(
            campaign=campaign, step="finish", by=None, at=at, finished_at=at
        )
