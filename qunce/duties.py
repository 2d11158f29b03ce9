"""What runs on the clock, one page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from qunce.channels import inbox
from qunce.channels.webhooks import deliveries as webhooks
from qunce.core import doors, rota
from qunce.core.communities import Community
from qunce.core.rota import Duty
from qunce.members import erasing, layers, namebook, people, segments, tagging, tagjobs
from qunce.members.importing import jobs, uploads
from qunce.outreach import deliveries, incoming, settling, starts
from qunce.sales import purchasetags
from qunce.sets import keep, mirror, tail

MINUTE = timedelta(minutes=1)

beaten_at: datetime | None = None
"""When this process last did its duties."""


def begin_days(*, at: datetime) -> None:
    """Lay everyone out and measure the segments once on each community's day."""
    for community in Community.objects.order_by("pk"):
        if not _is_laid_out_and_measured(community, at):
            layers.recompute_all(community=community, at=at)
            segments.measure(community=community, at=at)


def _is_laid_out_and_measured(community: Community, at: datetime) -> bool:
    today = community.day(at)
    runs = (layers.newest(each) for each in layers.listed(community))
    measured = segments.SegmentSize.objects.filter(
        segment__community=community, segment__state="active", day=today
    )
    return all(
        run is not None and run.day >= today for run in runs
    ) and measured.count() >= len(segments.listed(community))


def take_in(key: str, *, at: datetime) -> None:
    """An import from a page. What reads files is loaded with the first one."""
    from qunce.members.importing import background

    background.perform(key, at=at)


def hand_on(*, at: datetime) -> None:
    inbox.hand_on(handlers=incoming.HANDLERS, at=at)


def keep_sets(*, at: datetime) -> None:
    keep.everything()


DUTIES: dict[str, Duty] = {
    "days.begin": Duty(begin_days, every=MINUTE),
    "tags.expire": Duty(tagging.expire, every=MINUTE),
    "members.names": Duty(namebook.keep, every=5 * MINUTE),
    "sets.keep": Duty(keep_sets, every=5 * MINUTE),
    "channels.hand_on": Duty(hand_on, every=MINUTE / 6),
    "outreach.begin": Duty(starts.begin_due, every=MINUTE / 6),
    "outreach.push": Duty(deliveries.push, every=MINUTE),
    "outreach.tell": Duty(settling.tell, every=MINUTE / 2),
    "webhooks.push": Duty(webhooks.push, every=MINUTE / 12),
    "webhooks.tidy": Duty(webhooks.tidy, every=60 * MINUTE),
    jobs.DUTY: Duty(take_in),
    "doors.sweep": Duty(doors.sweep, every=60 * MINUTE),
    "uploads.tidy": Duty(uploads.tidy, every=60 * MINUTE),
    people.SCRUB: Duty(erasing.scrub),
    tagjobs.DUTY: Duty(tagjobs.run),
}


def derive() -> None:
    """On every beat of its own: what is derived from the log follows it."""
    tail.catch_up(wait=False, tidy=False)


def follow(*, at: datetime, ending: Callable[[], bool]) -> None:
    """On every beat: the mirror's files merged, tags that follow the orders."""
    mirror.merge()
    purchasetags.catch_up(at=at, ending=ending)


def perform(
    *,
    clock: Callable[[], datetime],
    ending: Callable[[], bool],
    also: Mapping[str, Duty],
) -> None:
    """On every beat: what is due, ours and `also`."""
    global beaten_at
    duties = {**DUTIES, **also}
    rota.plan(duties, at=clock())
    rota.perform(duties, clock=clock, ending=ending)
    beaten_at = clock()
