"""Starting, ending and the clock's part of it."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from qunce.core import errors, permissions
from qunce.core.facts import facts
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.outreach import skip_reasons
from qunce.outreach.campaigns import audience_plan, campaigns
from qunce.outreach.campaigns.audience_plan import CHANNEL_SENDER, Plan
from qunce.outreach.campaigns.campaigns import STATES, Campaign, CampaignStarted, State
from qunce.outreach.sending import recipients
from qunce.outreach.sending.recipients import Recipient
from qunce.outreach.sending.tasks import Task
from qunce.sets.bitmaps import bitmaps

MAX_DELAY = timedelta(hours=2)
"""A campaign that could not start in time, as after a stop of the server, is not sent
later than this: what was right for noon may be wrong at midnight."""


class AudienceChanged(errors.Refused):
    """Another number of receivers than the review showed."""


class AudienceEmpty(errors.Refused):
    """Nobody is left who would get it."""


def start(
    *, campaign: Campaign, by: Staff, at: datetime, expected: int | None = None
) -> Plan:
    """Freeze the audience and give everyone their task. `expected` is what was confirmed."""
    permissions.check_may(by, campaigns.MANAGE)
    STATES.check("start", campaign.state)
    campaigns.check_complete(campaign)
    plan = audience_plan.build(campaign=campaign, by=by, at=at)
    if not plan.size:
        raise AudienceEmpty(_("There are no recipients left."))
    if expected is not None and plan.size != expected:
        raise AudienceChanged(
            _(
                "The campaign would now be sent to %(now)s recipients instead of "
                "%(before)s. Review it again."
            )
            % {"now": plan.size, "before": expected}
        )
    with transaction.atomic():
        STATES.transition(
            campaign,
            "start",
            started_at=at,
            size=plan.size,
            excluded=plan.excluded,
            note="",
        )
        _create_tasks(campaign, plan, at)
        event = CampaignStarted(campaign=campaign.key, size=plan.size)
        facts.record(event, community=campaign.community, by=by, at=at)
    return plan


def _create_tasks(campaign: Campaign, plan: Plan, at: datetime) -> None:
    for staff, share in sorted(plan.shares.items()):
        Task.objects.create(
            campaign=campaign,
            staff_id=None if staff == CHANNEL_SENDER else staff,
            unclaimed=bitmaps.to_bytes(share),
            unclaimed_count=len(share),
            due_at=campaign.due_at,
            created_at=at,
        )


@transaction.atomic
def cancel(*, campaign: Campaign, by: Staff, at: datetime) -> None:
    """What has not gone out will not. Rows that are open are skipped."""
    permissions.check_may(by, campaigns.MANAGE)
    # The tasks first, as a mark takes its locks: task, then campaign.
    tasks = Task.objects.select_for_update().filter(campaign=campaign)
    for task in tasks.order_by("pk"):
        task.set_unclaimed(bitmaps.of([]))
    campaigns.transition(campaign=campaign, step="cancel", by=by, at=at, finished_at=at)
    open_tasks = Task.objects.filter(campaign=campaign, finished_at__isnull=True)
    open_tasks.update(finished_at=at)
    recipients.transition(
        Recipient.objects.filter(campaign=campaign),
        origins=[recipients.State.PLANNED],
        to=recipients.State.SKIPPED,
        at=at,
        reason=skip_reasons.CANCELLED,
        recorded=True,
        lease="",
    )


def start_scheduled(*, at: datetime) -> None:
    """Start what is scheduled; what cannot start goes back to draft and says why."""
    due = Campaign.objects.filter(state=State.SCHEDULED, send_at__lte=at)
    for campaign in due.select_related("community", "by").order_by("send_at", "pk"):
        _begin(campaign, at)


def _begin(campaign: Campaign, at: datetime) -> None:
    """The note is for whoever looks next, so it is in the community's language."""
    with translation.override(campaign.community.language):
        note = _started_or_why_not(campaign, at)
    if note and campaign.state == State.SCHEDULED:
        system = staff_models.system(campaign.community)
        campaigns.unschedule(campaign=campaign, by=system, at=at, note=note[:200])


def _started_or_why_not(campaign: Campaign, at: datetime) -> str:
    if campaign.send_at is not None and at - campaign.send_at > MAX_DELAY:
        return _(
            "Not sent, because the scheduled time had passed by more than 2 hours."
        )
    try:
        start(campaign=campaign, by=campaign.by, at=at)
    except errors.QunceError as error:
        return str(error)
    return ""
