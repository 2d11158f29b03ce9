"""Starts campaigns, at once or as scheduled, and cancels them."""

from __future__ import annotations

import functools
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from qunce.core import errors
from qunce.core.facts import facts
from qunce.core.jobs import job_queue
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

JOB = "campaigns.start"
"""Starts a scheduled campaign after that failed; its key is the campaign's id."""
MAX_DELAY = timedelta(hours=2)
"""A campaign that could not start in time, for example because the server was down, is
not started later than this: a message written for noon may be wrong at midnight."""


class AudienceChanged(errors.Refused):
    """The number of recipients has changed since the review."""


class AudienceEmpty(errors.Refused):
    """The campaign has no recipients."""


# Verbs


def start(
    *, campaign: Campaign, by: Staff, at: datetime, expected: int | None = None
) -> Plan:
    """Freeze the audience and create the tasks.

    `expected` is the number of recipients that staff confirmed. Raises AudienceChanged if
    it is another one now.
    """
    campaigns.check_may_manage(campaign, by)
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
        counts = {"size": plan.size, "excluded": plan.excluded}
        STATES.transition(campaign, "start", started_at=at, note="", **counts)
        for staff, share in sorted(plan.shares.items()):
            Task.objects.create(
                campaign=campaign,
                staff_id=None if staff == CHANNEL_SENDER else staff,
                unclaimed=bitmaps.to_bytes(share),
                unclaimed_count=len(share),
                due_at=campaign.due_at,
                created_at=at,
            )
        fact = CampaignStarted(campaign=campaign.key, size=plan.size)
        facts.record(fact, community=campaign.community, by=by, at=at)
    return plan


@transaction.atomic
def cancel(*, campaign: Campaign, by: Staff, at: datetime) -> None:
    """End a campaign. Messages that have not been sent are not sent; open rows are skipped."""
    campaigns.check_may_manage(campaign, by)
    # Lock order: tasks, then the campaign, as everywhere else. A mark at the same time
    # would otherwise wait for us while we wait for it.
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


# Jobs


def start_scheduled(*, at: datetime) -> None:
    """Start the campaigns that are due. If one cannot start, it becomes a draft again."""
    due = Campaign.objects.filter(state=State.SCHEDULED, send_at__lte=at)
    for campaign in due.select_related("community").order_by("send_at", "pk"):
        key, community = str(campaign.pk), campaign.community
        run = functools.partial(start_due, key, at=at)
        job_queue.run_item(run, job=JOB, key=key, community=community, at=at)


def start_due(key: str, *, at: datetime) -> None:
    """Start a campaign that is due; `key` is the queued job's."""
    due = Campaign.objects.filter(pk=int(key), state=State.SCHEDULED, send_at__lte=at)
    for campaign in due.select_related("community", "by"):
        # The note is for all staff, so it is in the language of the community.
        with translation.override(campaign.community.language):
            note = ""
            if campaign.send_at is not None and at - campaign.send_at > MAX_DELAY:
                note = _(
                    "Not sent, because the scheduled time had passed by more than 2 hours."
                )
            else:
                try:
                    start(campaign=campaign, by=campaign.by, at=at)
                except errors.QunceError as error:
                    note = str(error)
        # Another worker may have started it, or staff may have cancelled it, since.
        if note and campaign.state == State.SCHEDULED:
            system = staff_models.system(campaign.community)
            campaigns.unschedule(campaign=campaign, by=system, at=at, note=note[:200])


def name_of(key: str) -> str:
    """The name of the campaign of a queued job."""
    names = Campaign.objects.filter(pk=int(key)).values_list("name", flat=True)
    return names.first() or ""
