"""What runs on the clock, one page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from qunce import reactions
from qunce.core import rota
from qunce.core.communities import Community
from qunce.core.reacting import LATER
from qunce.core.rota import Duty
from qunce.members import erasing, layers, people, segments, tagging
from qunce.sales import purchasetags
from qunce.sets import keep, tail

MINUTE = timedelta(minutes=1)
STEPS = 50
"""Batches of facts that are reacted to in one beat; the rest in the next."""

beaten_at: datetime | None = None
"""When this process last did its duties."""


def begin_days(*, at: datetime) -> None:
    """Lay everyone out and measure the segments once on each community's day."""
    for community in Community.objects.order_by("pk"):
        if not _has_begun(community, at):
            layers.recompute_all(community=community, at=at)
            segments.measure(community=community, at=at)


def _has_begun(community: Community, at: datetime) -> bool:
    """Every layering and segment in use has its row of today."""
    today = community.day(at)
    runs = (layers.newest(each) for each in layers.listed(community))
    measured = segments.SegmentSize.objects.filter(
        segment__community=community, segment__state="active", day=today
    )
    return all(
        run is not None and run.day >= today for run in runs
    ) and measured.count() >= len(segments.listed(community))


def keep_sets(*, at: datetime) -> None:
    keep.everything()


DUTIES: dict[str, Duty] = {
    "days.begin": Duty(begin_days, every=MINUTE),
    "tags.expire": Duty(tagging.expire, every=MINUTE),
    "sets.keep": Duty(keep_sets, every=5 * MINUTE),
    people.SCRUB: Duty(erasing.scrub),
    LATER: Duty(reactions.CONSUMER.again),
}


def run(*, clock: Callable[[], datetime], ending: Callable[[], bool]) -> None:
    """One beat: count new facts, do what follows from them, then what is due."""
    global beaten_at
    tail.catch_up(wait=False)
    follow(clock=clock, ending=ending)
    if not ending():
        rota.plan(DUTIES, at=clock())
        rota.perform(DUTIES, clock=clock)
    beaten_at = clock()


def follow(*, clock: Callable[[], datetime], ending: Callable[[], bool]) -> None:
    if not ending():
        reactions.CONSUMER.catch_up(at=clock(), steps=STEPS)
    if not ending():
        purchasetags.catch_up(at=clock(), ending=ending)
