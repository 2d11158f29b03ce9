"""The jobs of channels that run on the clock. One page."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy as _

from qunce.channels import channel_files
from qunce.channels.accounts import accounts, polling
from qunce.core.jobs.scheduler import Job
from qunce.outreach.sending import channel_events, channel_sending

SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)
SEND = "messages.send"
"""What a loop does twice a second; queued only to be tried again after an error."""


def poll(*, at: datetime) -> None:
    """Ask platforms for what they do not report unasked, and handle it."""
    polling.poll_all(at=at)
    channel_events.handle_all(at=at)


JOBS: dict[str, Job] = {
    "channels.check": Job(accounts.check_due, _("Check channels"), 10 * SECOND),
    "channels.prune_files": Job(
        channel_files.prune, _("Delete old pictures of messages"), HOUR
    ),
    "channels.process_inbox": Job(
        channel_events.handle_all, _("Handle messages"), 10 * SECOND
    ),
    "channels.poll": Job(poll, _("Read reports of members"), 30 * SECOND),
    "campaigns.send": Job(channel_sending.send_due, _("Send messages"), 60 * SECOND),
    SEND: Job(channel_sending.send_now, _("Send messages")),
}
