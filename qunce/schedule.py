"""What runs on the clock, one page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from qunce.channels import inbox
from qunce.channels.webhooks import deliveries as webhooks
from qunce.core.communities import Community
from qunce.core.jobs import scheduler
from qunce.core.jobs.scheduler import Job
from qunce.core.staff import pruning
from qunce.importing import jobs, uploads
from qunce.members.accounts import erasure
from qunce.members.layers import layers
from qunce.members.people import people
from qunce.members.search import name_index
from qunce.members.segments import segments
from qunce.members.tags import assignments
from qunce.members.tags import bulk as bulk_tagging
from qunce.outreach.campaigns import launch
from qunce.outreach.sending import channel_events, channel_sending, recording
from qunce.sales import purchase_tags
from qunce.sets.bitmaps import persisted_sets
from qunce.sets.mirror import deriver, mirror

MINUTE = timedelta(minutes=1)

beaten_at: datetime | None = None
"""When this process last did its duties."""


def begin_days(*, at: datetime) -> None:
    """Lay everyone out and measure the segments once on each community's day."""
    for community in Community.objects.order_by("pk"):
        if not _is_laid_out_and_measured(community, at):
            layers.recompute_all(community=community, at=at)
            segments.record_sizes(community=community, at=at)


def _is_laid_out_and_measured(community: Community, at: datetime) -> bool:
    today = community.day(at)
    runs = (layers.latest_run(each) for each in layers.list_active(community))
    measured = segments.SegmentSize.objects.filter(
        segment__community=community, segment__state="active", day=today
    )
    return all(
        run is not None and run.day >= today for run in runs
    ) and measured.count() >= len(segments.list_active(community))


def take_in(key: str, *, at: datetime) -> None:
    """An import from a page. What reads files is loaded with the first one."""
    from qunce.importing import jobs_runner

    jobs_runner.perform(key, at=at)


def hand_on(*, at: datetime) -> None:
    inbox.hand_on(handlers=channel_events.HANDLERS, at=at)


def keep_sets(*, at: datetime) -> None:
    persisted_sets.save_all()


DUTIES: dict[str, Job] = {
    "days.begin": Job(begin_days, every=MINUTE),
    "tags.expire": Job(assignments.remove_expired, every=MINUTE),
    "members.names": Job(name_index.preload, every=5 * MINUTE),
    "sets.keep": Job(keep_sets, every=5 * MINUTE),
    "channels.hand_on": Job(hand_on, every=MINUTE / 6),
    "outreach.begin": Job(launch.start_scheduled, every=MINUTE / 6),
    "outreach.push": Job(channel_sending.push, every=MINUTE),
    "outreach.tell": Job(recording.record_final_marks, every=MINUTE / 2),
    "webhooks.push": Job(webhooks.push, every=MINUTE / 12),
    "webhooks.tidy": Job(webhooks.tidy, every=60 * MINUTE),
    jobs.DUTY: Job(take_in),
    "doors.sweep": Job(pruning.sweep, every=60 * MINUTE),
    "uploads.tidy": Job(uploads.tidy, every=60 * MINUTE),
    people.SCRUB_JOB: Job(erasure.scrub),
    bulk_tagging.JOB: Job(bulk_tagging.run),
}


def derive() -> None:
    """On every beat of its own: what is derived from the log follows it."""
    deriver.catch_up(wait=False, tidy=False)


def follow(*, at: datetime, ending: Callable[[], bool]) -> None:
    """On every beat: the mirror's files merged, tags that follow the orders."""
    mirror.merge()
    purchase_tags.catch_up(at=at, ending=ending)


def perform(
    *,
    clock: Callable[[], datetime],
    ending: Callable[[], bool],
    also: Mapping[str, Job],
) -> None:
    """On every beat: what is due, ours and `also`."""
    global beaten_at
    duties = {**DUTIES, **also}
    scheduler.plan(duties, at=clock())
    scheduler.perform(duties, clock=clock, ending=ending)
    beaten_at = clock()
