"""Sends through channels that need no person: rows are leased, sent, and completed.

`channels.outbox` describes what happens if the process ends in between.
"""

from __future__ import annotations

import functools
from datetime import datetime

from qunce.channels import channel_contract, outbox
from qunce.channels.accounts import accounts as channel_accounts
from qunce.channels.accounts.models import ChannelAccount
from qunce.core import communities, timestamps
from qunce.core.communities import Community
from qunce.core.jobs import job_queue
from qunce.outreach.campaigns import campaigns
from qunce.outreach.sending import assisted_sending
from qunce.outreach.sending.campaign_tasks import CampaignTask
from qunce.outreach.sending.channel_queue import ChannelQueue
from qunce.outreach.sending.ledger import Message, Priority, State

JOB = "messages.send_channel"
"""Sends through a channel after that failed; its key is the community and the channel."""
START_JOB = "messages.start_channel"
"""Sends through a channel when a campaign has started, with the same key."""


def send_due(*, at: datetime) -> int:
    """Send what is due on every channel; returns how many messages were attempted."""
    attempted = 0

    def send(community: Community, channel: str) -> None:
        nonlocal attempted
        attempted += _send(community, channel, at)

    for community_id, channel in _channels_with_work(at):
        community = Community.objects.get(pk=community_id)
        job_queue.run_item(
            functools.partial(send, community, channel),
            job=JOB,
            key=f"{community.key}/{channel}",
            community=community,
            at=at,
        )
    return attempted


def send_now(*, at: datetime) -> int:
    """Send what is due on channels that limit nothing; called twice a second.

    A welcome or a notice is there within two seconds. The other channels have one run a
    minute, as their limit is for a minute.
    """
    attempted = 0
    for account in channel_accounts.list_connected():
        channel = channel_contract.for_community(account.channel, account.community_id)
        capabilities = channel.capabilities
        if capabilities.per_minute is None and _has_work(account, at):
            attempted += _send(account.community, account.channel, at)
    return attempted


def _has_work(account: ChannelAccount, at: datetime) -> bool:
    of_account = {"community": account.community, "channel": account.channel}
    due = Message.objects.filter(
        **of_account,
        state=State.PLANNED,
        staff__isnull=True,
        priority__in=Priority.values,
        due_at__lte=timestamps.to_micros(at),
    )
    shares = CampaignTask.objects.filter(
        staff__isnull=True,
        finished_at__isnull=True,
        campaign__state=campaigns.State.SENDING,
        campaign__community=account.community,
        campaign__channel=account.channel,
    )
    return due.exists() or shares.exists()


def send_soon(*, community: Community, channel: str, at: datetime) -> None:
    """Queue a run of a channel, so that a campaign need not wait for the next minute."""
    capabilities = channel_contract.get(channel).capabilities
    # A channel with a limit per minute has one run per minute.
    if capabilities.per_minute is None and not capabilities.needs_person:
        key = f"{community.key}/{channel}"
        job_queue.schedule(job=START_JOB, key=key, community=community, due_at=at)


def send_channel(key: str, *, at: datetime) -> None:
    """Send what is due on a channel; `key` is the queued job's."""
    community, _slash, channel = key.partition("/")
    _send(communities.get(community), channel, at)


def name_of(key: str) -> str:
    """The label of the channel of a queued job."""
    channel = key.partition("/")[2]
    known = {each.name: str(each.label) for each in channel_contract.list_channels()}
    return known.get(channel, channel)


def _channels_with_work(at: datetime) -> list[tuple[int, str]]:
    due = Message.objects.filter(
        state=State.PLANNED, staff__isnull=True, due_at__lte=timestamps.to_micros(at)
    )
    shares = CampaignTask.objects.filter(
        staff__isnull=True,
        finished_at__isnull=True,
        campaign__state=campaigns.State.SENDING,
    )
    found = {
        *due.values_list("community_id", "channel").distinct(),
        *shares.values_list("campaign__community_id", "campaign__channel").distinct(),
    }
    return sorted(found)


def _send(community: Community, name: str, at: datetime) -> int:
    channel = channel_contract.for_community(name, community.pk)
    queue = ChannelQueue(community, channel)
    stats = outbox.deliver(
        queue=queue,
        channel=channel,
        clock=lambda: at,
        batch_size=outbox.BATCH_SIZE,
    )
    # All targets may have been skipped, so that no outcome has finished the campaign.
    for task in queue.list_open_tasks():
        assisted_sending.finish_task_if_done(task, at)
    return stats.attempted
