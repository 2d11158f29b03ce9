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
from qunce.outreach import skip_reasons, task_permissions
from qunce.outreach.campaigns import campaign_materials, campaigns
from qunce.outreach.campaigns.campaigns import Campaign
from qunce.outreach.sending import campaign_claims, campaign_tasks, ledger
from qunce.outreach.sending.campaign_tasks import CampaignTask
from qunce.outreach.sending.ledger import Message, State
from qunce.outreach.sending.timing import Planner
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


class InQuietHours(errors.Refused):
    """Nothing is sent at this time of day."""


class CampaignNotRunning(errors.Refused):
    """The campaign is paused or has ended."""


# Checks


def check_running(campaign: Campaign) -> None:
    if campaign.state != campaigns.State.SENDING:
        raise CampaignNotRunning(
            _("“%(name)s” is %(state)s.")
            % {"name": campaign, "state": campaigns.State(campaign.state).label}
        )


def check_no_quiet_hours(planner: Planner, at: datetime) -> None:
    """Raise InQuietHours if nobody may get a message now, of whatever style."""
    ends = [planner.quiet_until(policy, at) for policy in planner.list_policies()]
    if None not in ends:
        clock = planner.policies.of_groups.clock
        end = min(end for end in ends if end is not None).astimezone(clock.zone)
        raise InQuietHours(
            _("Quiet hours: nothing is sent until %(time)s.") % {"time": f"{end:%H:%M}"}
        )


def may_run(campaign: Campaign) -> bool:
    return campaign.state == campaigns.State.SENDING


def check_undoable(row: Message, at: datetime) -> None:
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


def may_undo(row: Message, at: datetime) -> bool:
    try:
        check_undoable(row, at)
    except errors.Refused:
        return False
    return True


def check_may_hand_over(task: CampaignTask, by: Staff) -> None:
    """Staff may hand over their own tasks, and those of others if they oversee tasks."""
    campaign_tasks.check_visible(task, by)
    if task.staff_id != by.pk:
        permissions.check_may(by, task_permissions.OVERSEE_TASKS)
    if task.campaign.state not in campaign_tasks.OPEN_CAMPAIGN_STATES:
        check_running(task.campaign)


def check_assignable(task: CampaignTask, to: Staff) -> None:
    task_permissions.check_assignable(to, task.campaign.community)
    if to.pk == task.staff_id:
        raise errors.Invalid(
            _("This task is already assigned to %(name)s.") % {"name": to}
        )


# Verbs


def open_next(
    *, task: CampaignTask, by: Staff, at: datetime, limit: int = PAGE_SIZE
) -> list[Message]:
    """Return the open rows of a task, after claiming targets until `limit` are open."""
    campaign_tasks.check_own(task, by)
    check_running(task.campaign)
    campaign_materials.check_sendable(task.campaign, at)
    claimer = campaign_claims.prepare(
        task.campaign, CampaignTask.objects.get(pk=task.pk), at
    )
    check_no_quiet_hours(claimer.planner, at)
    with transaction.atomic():
        locked = CampaignTask.objects.select_for_update().get(pk=task.pk)
        open_count = campaign_tasks.list_open_messages(task).count()
        unclaimed = bitmaps.from_bytes(locked.unclaimed)
        waiting = claimer.waiting(unclaimed, at)
        waiting |= claimer.planner.in_quiet_hours(unclaimed, at)
        unclaimed -= waiting
        # Some of the claimed targets are skipped, so this may need several rounds.
        while open_count < limit and unclaimed:
            targets = unclaimed[: limit - open_count]
            unclaimed -= targets
            open_count += len(claimer.claim(list(targets), at=at))
        locked.set_unclaimed(unclaimed | waiting)
        task.unclaimed_count = locked.unclaimed_count
        finish_if_done(locked, at)
    return list(campaign_tasks.list_open_messages(task))


def mark_sent(*, task: CampaignTask, target: int, by: Staff, at: datetime) -> None:
    """Mark a row as sent by hand."""
    _complete(task, target, by, at, State.MARKED)


def mark_failed(
    *,
    task: CampaignTask,
    target: int,
    reason: str,
    by: Staff,
    at: datetime,
    note: str = "",
) -> None:
    """Mark a row as not sent, for one of the reasons in `skip_reasons.SendFailure`."""
    if reason not in skip_reasons.SendFailure:
        raise errors.Invalid(_("Choose a reason."))
    note = " ".join(note.split())[:200]
    _complete(task, target, by, at, State.FAILED, reason=reason, note=note)


def _complete(
    task: CampaignTask, target: int, by: Staff, at: datetime, to: State, **changes: str
) -> None:
    campaign_tasks.check_own(task, by)
    with transaction.atomic():
        locked = CampaignTask.objects.select_for_update().get(pk=task.pk)
        rows = campaign_tasks.list_messages(task).filter(target_id=target)
        if not ledger.transition(
            rows, origins=[State.PLANNED], to=to, at=at, by_id=by.pk, **changes
        ):
            raise RecipientNotOpen(
                _("The state of this row has changed. Check the list again.")
            )
        finish_if_done(locked, at)


@transaction.atomic
def undo(*, task: CampaignTask, target: int, by: Staff, at: datetime) -> None:
    """Undo a mark or a failure: the row is open again, and so are task and campaign."""
    campaign_tasks.check_own(task, by)
    CampaignTask.objects.select_for_update().get(pk=task.pk)
    rows = campaign_tasks.list_messages(task).filter(target_id=target)
    row = rows.first()
    if row is None:
        raise RecipientNotOpen(_("There is nothing to undo here."))
    check_undoable(row, at)
    # The row must still be as it was checked: the recorder does not lock the task.
    unchanged = rows.filter(state=row.state, recorded=row.recorded)
    if not ledger.transition(
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
    CampaignTask.objects.filter(pk=task.pk).update(finished_at=None)
    campaign = Campaign.objects.select_for_update().get(pk=task.campaign_id)
    if campaign.state == campaigns.State.DONE:
        campaigns.transition(
            campaign=campaign, step="reopen", by=None, at=at, finished_at=None
        )


@transaction.atomic
def hand_over(
    *,
    task: CampaignTask,
    to: Staff,
    by: Staff,
    at: datetime,
    expected: int | None = None,
) -> int:
    """Assign what is left of a task to another staff member; returns how many rows.

    Raises HandOverChanged if another number than `expected` is left by now. Targets that
    the new staff member does not see are skipped when they open them.
    """
    check_may_hand_over(task, by)
    check_assignable(task, to)
    # All tasks of the campaign are locked, in one order. Two staff members who hand over
    # to each other at the same time would deadlock otherwise.
    locked = CampaignTask.objects.select_for_update().filter(
        campaign_id=task.campaign_id
    )
    by_staff = {row.staff_id: row for row in locked.order_by("pk")}
    source = by_staff[task.staff_id]
    destination = by_staff.get(to.pk) or CampaignTask.objects.create(
        campaign_id=source.campaign_id,
        staff=to,
        unclaimed=bitmaps.to_bytes(bitmaps.of([])),
        unclaimed_count=0,
        due_at=source.due_at,
        created_at=at,
    )
    opened = campaign_tasks.list_open_messages(source)
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
    moved = opened.update(staff=to) + source.unclaimed_count
    destination.set_unclaimed(
        bitmaps.from_bytes(destination.unclaimed) | bitmaps.from_bytes(source.unclaimed)
    )
    source.set_unclaimed(bitmaps.of([]))
    if moved:
        CampaignTask.objects.filter(pk=destination.pk).update(finished_at=None)
    finish_if_done(source, at)
    fact = TaskHandedOver(
        campaign=task.campaign.key,
        from_staff=str(task.staff),
        to_staff=to.name,
        size=moved,
    )
    facts.record(fact, community=task.campaign.community, by=by, at=at)
    return moved


def finish_if_done(task: CampaignTask, at: datetime) -> None:
    """Finish a task that has nothing left, and its campaign after the last task.

    The caller must hold the lock of the task.
    """
    if task.unclaimed_count or campaign_tasks.list_open_messages(task).exists():
        return
    unfinished = CampaignTask.objects.filter(pk=task.pk, finished_at__isnull=True)
    unfinished.update(finished_at=at)
    finish_campaign_if_done(task.campaign_id, at)


@transaction.atomic
def finish_task_if_done(task: CampaignTask, at: datetime) -> None:
    """Like `finish_if_done`, for a caller without a lock."""
    finish_if_done(CampaignTask.objects.select_for_update().get(pk=task.pk), at)


def finish_campaign_if_done(campaign_id: int, at: datetime) -> None:
    """Finish a campaign whose tasks are all finished."""
    # The lock makes two last tasks that finish at the same time see each other.
    campaign = Campaign.objects.select_for_update().get(pk=campaign_id)
    if (
        campaign.state in campaign_tasks.OPEN_CAMPAIGN_STATES
        and not campaign.tasks.filter(finished_at__isnull=True).exists()
    ):
        campaigns.transition(
            campaign=campaign, step="finish", by=None, at=at, finished_at=at
        )
