"""What the children do: create a campaign, send it, change it, and report what is stored.

Each runs in a process of its own, see `forks`. The channel is one more process.
"""

from __future__ import annotations

import contextlib
import resource
import signal
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings

from qunce import queued_jobs
from qunce.channels import channel_contract, outbox
from qunce.core import communities, data_dir, errors
from qunce.core.facts import facts
from qunce.core.jobs import scheduler
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.members.accounts import accounts
from qunce.members.accounts.models import Account
from qunce.members.segments import segments
from qunce.outreach import opt_outs
from qunce.outreach.campaigns import campaigns, launch
from qunce.outreach.campaigns.campaigns import Campaign
from qunce.outreach.hold_outs import hold_outs
from qunce.outreach.sending import channel_sending
from qunce.outreach.sending.ledger import Message, Origin
from tests.faults.sends.channel import RecordingChannel

AT = datetime(2026, 3, 5, 12, tzinfo=UTC)
LATER = timedelta(days=2)


class PlatformChannel(RecordingChannel, channel_contract.SendingChannel):
    """The recording channel as it is registered."""


def migrate() -> None:
    for alias in settings.DATABASES:
        data_dir.migrate(alias)


def open_channel(address: str, *, idempotent: bool, **dies: int) -> None:
    capabilities = channel_contract.Capabilities(
        to_member=True, idempotent_sends=idempotent
    )
    channel = PlatformChannel(address, capabilities)
    channel.dies_before = dies.get("dies_before", -1)
    channel.dies_after = dies.get("dies_after", -1)
    channel_contract.register(channel)


def boss_of(key: str) -> Staff:
    return Staff.objects.get(login=f"boss-{key}")


def campaign_of(key: str) -> Campaign:
    rows = Campaign.objects.select_related("community", "by")
    return rows.get(community__key=key)


# Before


def prepare(
    key: str,
    members: int,
    *,
    channel: Mapping[str, Any],
    opted_out: int = 0,
    send_at: datetime | None = None,
) -> None:
    """Create members and start a campaign to all of them, of whom some opted out since.

    With `send_at` it is scheduled instead.
    """
    open_channel(**channel)
    shop = communities.create(key=key, at=AT)
    login = f"boss-{key}"
    boss = staff_models.create(community=shop, login=login, role="owner", at=AT)
    keys = [f"m{number}" for number in range(members)]
    ids = accounts.ensure(community=shop, keys=keys, by=boss, at=AT, channel="fake")
    everyone: dict[str, Any] = {"all": []}
    segments.create(community=shop, key="all", rule=everyone, by=boss, at=AT)
    rule = {"segment": {"any": ["all"]}}
    fields: dict[str, Any] = {"text": "Hello", "rule": rule, "channel": "fake"}
    # Otherwise some members of a large community are held out.
    hold_outs.update(community=shop, per_mille=0, by=boss, at=AT)
    campaign = campaigns.create(community=shop, name="News", by=boss, at=AT, **fields)
    if send_at is None:
        launch.start(campaign=campaign, by=boss, at=AT)
    else:
        campaigns.schedule(campaign=campaign, send_at=send_at, by=boss, at=AT)
    some = sorted(ids.values())[:opted_out]
    if some:
        opt_outs.opt_out(community=shop, accounts=some, by=boss, at=AT)


# In between


def send(
    *, at: datetime, batch: int, channel: Mapping[str, Any], max_bytes: int = 0
) -> None:
    """Send until nothing is due, as a worker does; no file may grow over `max_bytes`."""
    open_channel(**channel)
    outbox.BATCH_SIZE = batch
    if max_bytes:
        # What Python answers to the signal, SQLite sees as an error.
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (max_bytes, max_bytes))
    # What failed before waits in the queue, and is left to it.
    scheduler.run_due(queued_jobs.JOBS, clock=lambda: at)
    while channel_sending.send_due(at=at):
        pass


def edit(key: str, at: datetime, *, channel: Mapping[str, Any]) -> None:
    """Let nobody be in the segment any more, and change the text."""
    open_channel(**channel)
    boss, campaign = boss_of(key), campaign_of(key)
    segment = segments.get(boss.community, "all")
    segments.update(segment=segment, rule={"any": []}, by=boss, at=at)
    campaigns.pause(campaign=campaign, by=boss, at=at)
    campaigns.update(campaign=campaign, by=boss, at=at, text="Good evening")
    campaigns.resume(campaign=campaign, by=boss, at=at)


def start_scheduled(at: datetime, *, batch: int, channel: Mapping[str, Any]) -> None:
    open_channel(**channel)
    launch.start_scheduled(at=at)
    send(at=at, batch=batch, channel=channel)


def cancel(key: str, at: datetime, *, channel: Mapping[str, Any]) -> bool:
    """Whether the campaign was cancelled; it may be done already."""
    open_channel(**channel)
    with contextlib.suppress(errors.QunceError):
        launch.cancel(campaign=campaign_of(key), by=boss_of(key), at=at)
        return True
    return False


# After


def count_open(key: str) -> int:
    return Message.objects.filter(community__key=key, state="planned").count()


def is_done(key: str) -> bool:
    return campaign_of(key).state not in ("sending", "scheduled")


def report(key: str) -> dict[str, Any]:
    """What is stored: the state of each member's message, facts by member, the state."""
    shop, campaign = communities.get(key), campaign_of(key)
    keys = dict(Account.objects.filter(community=shop).values_list("pk", "key"))
    rows = Message.objects.filter(origin=Origin.CAMPAIGN, origin_id=campaign.pk)
    recorded = {}
    for kind, number in facts.ensure_kinds(["send.delivered", "send.unknown"]).items():
        own = facts.Fact.objects.filter(community_id=shop.pk, kind_id=number)
        people = Counter(own.values_list("account_id", flat=True))
        recorded[kind] = {keys[pk]: n for pk, n in people.items() if pk is not None}
    cancelled = sum(campaign.tasks.values_list("cancelled_count", flat=True))
    return {
        "states": {keys[pk]: s for pk, s in rows.values_list("target_id", "state")},
        "facts": recorded["send.delivered"],
        "unknown": recorded["send.unknown"],
        "campaign": campaign.state,
        "cancelled": cancelled,
        "size": campaign.size or 0,
    }
