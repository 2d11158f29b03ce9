"""The jobs that run on the clock. One page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from qunce.channels import inbox
from qunce.channels.webhooks import deliveries as webhooks
from qunce.channels.webhooks import sending as webhook_calls
from qunce.core.communities import Community
from qunce.core.jobs import scheduler
from qunce.core.jobs.scheduler import Job
from qunce.core.staff import login_attempts, sessions
from qunce.importing.jobs import jobs, journal, uploads
from qunce.importing.undo import undos
from qunce.members.accounts import erasure
from qunce.members.attributes import type_change_jobs
from qunce.members.layers import layers
from qunce.members.people import people
from qunce.members.search import member_list
from qunce.members.segments import segments
from qunce.members.tags import assignments, automatic
from qunce.members.tags import bulk as bulk_tagging
from qunce.outreach.campaigns import launch
from qunce.outreach.sending import channel_events, channel_sending, recording
from qunce.sales import purchase_tags
from qunce.sets.bitmaps import persisted_sets
from qunce.sets.mirror import deriver, mirror

MINUTE = timedelta(minutes=1)

last_run_at: datetime | None = None
"""When this process last ran the jobs that were due."""


def start_days(*, at: datetime) -> None:
    """Recompute layerings and record sizes of segments once per community day."""
    # Called every minute, because communities start their days at different times.
    for community in Community.objects.order_by("pk"):
        layers.start_day(community=community, at=at)
        segments.start_day(community=community, at=at)


def run_import(key: str, *, at: datetime) -> None:
    """Run an import that was started in the console."""
    # Imported here because it loads readers of files, which few processes need.
    from qunce.importing import background_imports

    background_imports.run(key, at=at)


def process_inbox(*, at: datetime) -> None:
    inbox.dispatch(handlers=channel_events.HANDLERS, at=at)


def save_sets(*, at: datetime) -> None:
    persisted_sets.save_all()


SCHEDULE: dict[str, Job] = {
    "communities.start_day": Job(start_days, every=MINUTE),
    "tags.expire": Job(assignments.remove_expired, every=MINUTE),
    "members.preload_names": Job(member_list.preload, every=5 * MINUTE),
    "sets.save": Job(save_sets, every=5 * MINUTE),
    "channels.process_inbox": Job(process_inbox, every=MINUTE / 6),
    "campaigns.start_scheduled": Job(launch.start_scheduled, every=MINUTE / 6),
    "campaigns.send": Job(channel_sending.send_due, every=MINUTE),
    "campaigns.record_final_marks": Job(recording.record_final_marks, every=MINUTE / 2),
    "webhooks.deliver": Job(webhook_calls.send_due, every=MINUTE / 12),
    "webhooks.prune": Job(webhooks.prune, every=60 * MINUTE),
    jobs.JOB: Job(run_import),
    jobs.UNDO_JOB: Job(undos.run),
    "imports.prune": Job(journal.prune, every=60 * MINUTE),
    "login_attempts.prune": Job(login_attempts.prune, every=60 * MINUTE),
    "sessions.prune": Job(sessions.prune, every=60 * MINUTE),
    "uploads.prune": Job(uploads.prune, every=60 * MINUTE),
    people.SCRUB_JOB: Job(erasure.scrub),
    bulk_tagging.JOB: Job(bulk_tagging.run),
    type_change_jobs.JOB: Job(type_change_jobs.run),
    automatic.JOB: Job(automatic.fill),
}


def derive() -> None:
    """Bring derived data up to date with the fact log."""
    deriver.catch_up(wait=False, merge=False)


def follow(*, at: datetime, is_stopping: Callable[[], bool]) -> None:
    """Merge the mirror's files and update the tags that follow from orders."""
    mirror.merge()
    purchase_tags.catch_up(at=at, is_stopping=is_stopping)


def run_due_jobs(
    *,
    clock: Callable[[], datetime],
    is_stopping: Callable[[], bool],
    also: Mapping[str, Job],
) -> None:
    """Run the due jobs of `SCHEDULE` and `also`."""
    global last_run_at
    due = {**SCHEDULE, **also}
    scheduler.ensure_scheduled(due, at=clock())
    scheduler.run_due(due, clock=clock, is_stopping=is_stopping)
    last_run_at = clock()
