"""The rate of a campaign: messages per hour, spread over its minutes.

Any 60 minutes in a row have at most the rate. Minutes without a sender are not made up for.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from qunce.outreach.campaigns.models import Campaign
from qunce.outreach.sending.campaign_tasks import CampaignTask

MINUTE = timedelta(minutes=1)
NO_LIMIT = 10**9


def quota(rate_per_hour: int, minute: int) -> int:
    """How many messages the minute with this number may send."""
    done, before = (rate_per_hour * n // 60 for n in (minute + 1, minute))
    return done - before


def minute_of(campaign: Campaign, at: datetime) -> int:
    return 0 if campaign.started_at is None else (at - campaign.started_at) // MINUTE


def remaining(task: CampaignTask, campaign: Campaign, at: datetime) -> int:
    """How many messages the campaign may still send in this minute."""
    if campaign.rate_per_hour is None:
        return NO_LIMIT
    minute = minute_of(campaign, at)
    used = task.rate_used if task.rate_minute == minute else 0
    return max(quota(campaign.rate_per_hour, minute) - used, 0)


def record(task: CampaignTask, campaign: Campaign, sent: int, at: datetime) -> None:
    """Count what was sent in this minute. The caller must hold the lock of the task."""
    if campaign.rate_per_hour is None:
        return
    minute = minute_of(campaign, at)
    used = task.rate_used if task.rate_minute == minute else 0
    task.rate_minute, task.rate_used = minute, used + sent
    task.save(update_fields=["rate_minute", "rate_used"])


def end_of(campaign: Campaign, left: int, at: datetime) -> datetime | None:
    """When the campaign will end at its rate, None without one."""
    if campaign.rate_per_hour is None:
        return None
    return at + timedelta(hours=left / campaign.rate_per_hour)
