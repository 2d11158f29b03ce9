"""Starts campaigns, immediately or as scheduled, and cancels them."""

from __future__ import annotations

import functools
from datetime import datetime, timedelta

from django.db import models, transaction
from django.utils import translation
from django.utils.translation import gettext as _

from qunce.core import errors
from qunce.core.facts import facts
from qunce.core.jobs import job_queue
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.outreach import skip_reasons
from qunce.outreach.campaigns import (
    approvals,
    audience_plan,
    campaign_materials,
    campaigns,
    fingerprints,
    local_times,
    variants,
)
from qunce.outreach.campaigns.audience_plan import CHANNEL_SENDER, Plan
from qunce.outreach.campaigns.campaigns import STATES, Campaign, CampaignStarted, State
from qunce.outreach.sending import channel_sending, ledger, message_endings
from qunce.outreach.sending.campaign_tasks import CampaignTask
from qunce.outreach.sending.ledger import Origin
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
    digest = fingerprints.digest(campaign)
    STATES.check("start", campaign.state)
    campaigns.check_complete(campaign)
    campaign_materials.check_sendable(campaign, at)
    plan = audience_plan.build(campaign=campaign, by=by, at=at)
    if not plan.size:
        raise AudienceEmpty(
            _("There are no recipients left. Change the target audience.")
        )
    if expected is not None and plan.size != expected:
        raise AudienceChanged(
            _(
                "The campaign would now be sent to %(now)s recipients instead of "
                "%(before)s. Review it again."
            )
            % {"now": plan.size, "before": expected}
        )
    approvals.check_approved(campaign, plan.size)
    parts = variants.divide(campaign, plan.targets, by, at)
    with transaction.atomic():
        _check_unchanged(campaign, digest)
        excluded = dict(plan.excluded)
        # They get a row each, which says why they got nothing.
        for reason in (skip_reasons.OVER_CONTACT_LIMIT, skip_reasons.KEPT_PLACE):
            excluded.pop(reason, None)
        counts = {"size": plan.size, "excluded": excluded}
        STATES.transition(campaign, "start", started_at=at, note="", **counts)
        variants.save(campaign, parts, plan.held_out)
        _create_tasks(campaign, plan, at)
        fact = CampaignStarted(campaign=campaign.key, size=plan.size)
        facts.record(fact, community=campaign.community, by=by, at=at)
        channel_sending.send_soon(
            community=campaign.community, channel=campaign.channel, at=at
        )
    return plan


def _create_tasks(campaign: Campaign, plan: Plan, at: datetime) -> None:
    shares = dict(plan.shares)
    if plan.over_budget:
        left = shares.get(CHANNEL_SENDER, bitmaps.of([]))
        shares[CHANNEL_SENDER] = left | plan.over_budget
    for staff, share in sorted(shares.items()):
        CampaignTask.objects.create(
            campaign=campaign,
            staff_id=None if staff == CHANNEL_SENDER else staff,
            unclaimed=bitmaps.to_bytes(share),
            unclaimed_count=len(share),
            due_at=campaign.due_at,
            created_at=at,
        )


def _check_unchanged(campaign: Campaign, digest: str) -> None:
    """Raise CampaignChangedSince if it is not what was planned and approved any more."""
    rows = Campaign.objects.select_for_update(of=("self",))
    fresh = rows.select_related("community").get(pk=campaign.pk)
    if fingerprints.digest(fresh) != digest:
        raise approvals.CampaignChangedSince(
            _("The campaign has changed since you opened it. Review it again.")
        )


def cancel(*, campaign: Campaign, by: Staff, at: datetime) -> None:
    """End a campaign. Messages that have not been sent are not sent; open rows are cancelled.

    Those that a channel is sending at this moment keep their row, for their outcome.
    """
    campaigns.check_may_manage(campaign, by)
    try:
        _cancel(campaign, by, at)
    except _StartedMeanwhile:
        # Its tasks are there now, and there will be no others.
        campaign.refresh_from_db()
        _cancel(campaign, by, at)


class _StartedMeanwhile(Exception):
    """Between the lock of the tasks and that of the campaign, it was started."""


@transaction.atomic
def _cancel(campaign: Campaign, by: Staff, at: datetime) -> None:
    # Lock order: tasks, then the campaign, as everywhere else. A mark at the same time
    # would otherwise wait for us while we wait for it.
    tasks = CampaignTask.objects.select_for_update().filter(campaign=campaign)
    locked = list(tasks.order_by("pk"))
    for task in locked:
        task.cancelled_count = task.unclaimed_count
        task.save(update_fields=["cancelled_count"])
        task.set_unclaimed(bitmaps.of([]))
    campaigns.transition(campaign=campaign, step="cancel", by=by, at=at, finished_at=at)
    open_tasks = CampaignTask.objects.filter(
        campaign=campaign, finished_at__isnull=True
    )
    if open_tasks.exclude(pk__in=[task.pk for task in locked]).exists():
        raise _StartedMeanwhile
    open_tasks.update(finished_at=at)
    rows = ledger.list_of(Origin.CAMPAIGN, campaign.pk)
    message_endings.cancel(rows.filter(lease=""), at=at)


# Jobs


def start_scheduled(*, at: datetime) -> None:
    """Start the campaigns that are due. If one cannot start, it becomes a draft again."""
    soon = models.Q(member_clock=True, send_at__lte=at + local_times.MOST_APART)
    due = Campaign.objects.filter(
        models.Q(send_at__lte=at) | soon, state=State.SCHEDULED
    )
    for campaign in due.select_related("community").order_by("send_at", "pk"):
        key, community = str(campaign.pk), campaign.community
        run = functools.partial(start_due, key, at=at)
        job_queue.run_item(run, job=JOB, key=key, community=community, at=at)


def start_due(key: str, *, at: datetime) -> None:
    """Start a campaign that is due; `key` is the queued job's."""
    due = Campaign.objects.filter(pk=int(key), state=State.SCHEDULED)
    for campaign in due.select_related("community", "by"):
        if not local_times.is_due(campaign, at, within=MAX_DELAY):
            continue
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
