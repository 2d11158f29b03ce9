"""Sending by hand: rows opened, marked, taken back, handed over.

A mark goes into the log only when it can no longer be taken back, `SETTLED_AFTER`: the
log never changes, and whoever counts messages must not count a slip of the finger.
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
    """`giver` and `taker` are names of staff, `size` what was not done yet."""

    kind = "task.handed_over"
    label = gettext_lazy("staff task handed over")
    campaign: str
    giver: str
    taker: str
    size: int


class RecipientNotOpen(errors.Refused):
    """This row is not waiting to be sent: somebody was faster, or it is done."""


class TooLateToUndo(errors.Refused):
    """The mark is in the log already."""


class CampaignNotRunning(errors.Refused):
    """Nothing is opened in a campaign that is paused or over."""


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
    """A failure may be tried again at any time, a mark taken back for 5 minutes."""
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


# Verbs


def open_next(
    *, task: Task, by: Staff, at: datetime, most: int = PAGE_SIZE
) -> list[Recipient]:
    """The rows to do now: those open already, filled up to `most` from what waits."""
    tasks.check_own(task, by)
    check_running(task.campaign)
    checker = eligibility.checker_for(task.campaign, by, at)
    with transaction.atomic():
        held = Task.objects.select_for_update().get(pk=task.pk)
        open_now = recipients.list_open(task).count()
        rest = bitmaps.from_bytes(held.unclaimed)
        while open_now < most and rest:
            chosen = rest[: most - open_now]
            rest -= chosen
            born = recipients.create_claimed(
                held, checker.reasons_to_skip(list(chosen)), at=at
            )
            open_now += len(born)
        held.set_unclaimed(rest)
        task.unclaimed_count = held.unclaimed_count
        finish_if_done(held, at)
    return list(recipients.list_open(task))


def mark_sent(*, task: Task, target: int, by: Staff, at: datetime) -> None:
    """Staff say that they sent it."""
    _complete(task, target, by, at, State.MARKED)


def mark_failed(
    *, task: Task, target: int, reason: str, by: Staff, at: datetime, note: str = ""
) -> None:
    """Staff say why they cannot send it."""
    if reason not in skip_reasons.SendFailure:
        raise errors.Invalid(_("Choose a reason."))
    note = " ".join(note.split())[:200]
    _complete(task, target, by, at, State.FAILED, reason=reason, note=note)


def _complete(
    task: Task, target: int, by: Staff, at: datetime, to: State, **changes: str
) -> None:
    tasks.check_own(task, by)
    with transaction.atomic():
        held = Task.objects.select_for_update().get(pk=task.pk)
        rows = recipients.list_of_task(task).filter(target_id=target)
        turned = recipients.transition(
            rows, origins=[State.PLANNED], to=to, at=at, by_id=by.pk, **changes
        )
        if not turned:
            raise RecipientNotOpen(
                _("The state of this row has changed. Check the list again.")
            )
        finish_if_done(held, at)


@transaction.atomic
def undo(*, task: Task, target: int, by: Staff, at: datetime) -> None:
    """Take back the last word on a row: it is open again."""
    tasks.check_own(task, by)
    held = Task.objects.select_for_update().get(pk=task.pk)
    rows = recipients.list_of_task(task).filter(target_id=target)
    row = rows.first()
    if row is None:
        raise RecipientNotOpen(_("There is nothing to undo here."))
    check_undoable(row, at)
    same = rows.filter(state=row.state, recorded=row.recorded)
    turned = recipients.transition(
        same,
        origins=[State.MARKED, State.FAILED],
        to=State.PLANNED,
        at=at,
        reason="",
        note="",
        recorded=False,
    )
    if not turned:
        raise RecipientNotOpen(
            _("The state of this row has changed. Check the list again.")
        )
    _reopen(held, at)


@transaction.atomic
def hand_over(*, task: Task, to: Staff, by: Staff, at: datetime) -> int:
    """Give what is not done yet to somebody else; returns how many.

    Whom they do not see is skipped when it is their turn, with the reason.
    """
    check_may_hand_over(task, by)
    _check_assignee(task, to)
    locked = Task.objects.select_for_update().filter(campaign_id=task.campaign_id)
    held = {one.staff_id: one for one in locked.order_by("pk")}
    mine = held[task.staff_id]
    theirs = held.get(to.pk) or _empty_task(mine, to, at)
    moved = mine.unclaimed_count + recipients.list_open(mine).update(task=theirs)
    theirs.set_unclaimed(
        bitmaps.from_bytes(theirs.unclaimed) | bitmaps.from_bytes(mine.unclaimed)
    )
    mine.set_unclaimed(bitmaps.of([]))
    if moved:
        Task.objects.filter(pk=theirs.pk).update(finished_at=None)
    finish_if_done(mine, at)
    _tell_handed_over(task, to, moved, by, at)
    return moved


def _check_assignee(task: Task, to: Staff) -> None:
    if to.pk not in {
        one.pk for one in campaigns.list_assignable_staff(task.campaign.community)
    }:
        raise errors.Invalid(_("Tasks cannot be assigned to %(name)s.") % {"name": to})
    if to.pk == task.staff_id:
        raise errors.Invalid(
            _("This task is already assigned to %(name)s.") % {"name": to}
        )


def _empty_task(like: Task, to: Staff, at: datetime) -> Task:
    return Task.objects.create(
        campaign_id=like.campaign_id,
        staff=to,
        unclaimed=bitmaps.to_bytes(bitmaps.of([])),
        unclaimed_count=0,
        due_at=like.due_at,
        created_at=at,
    )


def _tell_handed_over(
    task: Task, to: Staff, moved: int, by: Staff, at: datetime
) -> None:
    event = TaskHandedOver(
        campaign=task.campaign.key,
        giver=str(task.staff),
        taker=to.name,
        size=moved,
    )
    facts.record(event, community=task.campaign.community, by=by, at=at)


def check_may_hand_over(task: Task, by: Staff) -> None:
    """One's own task, or anyone's for who oversees them."""
    if task.staff_id != by.pk:
        permissions.check_may(by, campaigns.OVERSEE_TASKS)
    if task.campaign.state not in tasks.OPEN_CAMPAIGN_STATES:
        check_running(task.campaign)


def finish_if_done(task: Task, at: datetime) -> None:
    """A task without anything left is finished, and so is a campaign without tasks."""
    if task.unclaimed_count or recipients.list_open(task).exists():
        return
    done = Task.objects.filter(pk=task.pk, finished_at__isnull=True)
    done.update(finished_at=at)
    finish_campaign_if_done(task.campaign_id, at)


@transaction.atomic
def finish_task_if_done(task: Task, at: datetime) -> None:
    finish_if_done(Task.objects.select_for_update().get(pk=task.pk), at)


def finish_campaign_if_done(campaign_id: int, at: datetime) -> None:
    """The last task ends the campaign."""
    campaign = Campaign.objects.select_for_update().get(pk=campaign_id)
    if (
        campaign.state in tasks.OPEN_CAMPAIGN_STATES
        and not campaign.tasks.filter(finished_at__isnull=True).exists()
    ):
        campaigns.transition(
            campaign=campaign, step="finish", by=None, at=at, finished_at=at
        )


def _reopen(task: Task, at: datetime) -> None:
    Task.objects.filter(pk=task.pk).update(finished_at=None)
    campaign = Campaign.objects.select_for_update().get(pk=task.campaign_id)
    if campaign.state == campaigns.State.DONE:
        campaigns.transition(
            campaign=campaign, step="reopen", by=None, at=at, finished_at=None
        )
