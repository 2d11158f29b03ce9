"""Posts what is due: each occurrence becomes one message to each of its groups.

Once a minute. The time of the last poll is moved by a conditional update that locks the
series, an occurrence has one row, and the ledger takes one message per occurrence and
group; so nothing is posted twice, whatever ends or runs in between.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import models, transaction
from django.utils.translation import gettext_lazy

from qunce.core.facts import facts
from qunce.core.jobs import job_queue
from qunce.groups.groups import Group
from qunce.outreach.sending import messages
from qunce.outreach.series import episodes, rhythm, series_groups
from qunce.outreach.series.episodes import Place
from qunce.outreach.series.models import (
    OCCURRENCE_STATES,
    Episode,
    Occurrence,
    OccurrenceState,
    Series,
    State,
)
from qunce.outreach.series.series import SeriesFact
from qunce.sets.bitmaps import bitmaps

JOB = "series.post_one"


class Missed(models.TextChoices):
    """Why an occurrence was not posted."""

    NO_CONTENT = "no_content", gettext_lazy("no episode was left")
    TOO_LATE = "too_late", gettext_lazy("Qunce was not running at that time")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class OccurrenceMissed(SeriesFact):
    """Nothing was posted at `slot_at`; `groups` is how many groups it was for."""

    kind = "series.occurrence_missed"
    label = gettext_lazy("occurrence of a series missed")
    slot_at: str
    reason: str
    groups: int


def poll_all(*, at: datetime) -> None:
    """Post what is due of all running series."""
    running = Series.objects.filter(state=State.RUNNING, polled_until__lt=at)
    for series in running.select_related("community").order_by("pk"):
        key, community = str(series.pk), series.community
        run = functools.partial(poll_due, key, at=at)
        job_queue.run_item(run, job=JOB, key=key, community=community, at=at)


def poll_due(key: str, *, at: datetime) -> None:
    """Post what is due of one series; `key` is that of the queued job."""
    rows = Series.objects.filter(pk=int(key), state=State.RUNNING)
    for series in rows.select_related("community", "staff"):
        poll(series, at=at)


def name_of(key: str) -> str:
    """The name of the series of a queued job."""
    return Series.objects.values_list("name", flat=True).get(pk=int(key))


@transaction.atomic
def poll(series: Series, *, at: datetime) -> int:
    """Post the occurrences of a series that are due; returns how many."""
    begin = series.polled_until
    rows = Series.objects.filter(pk=series.pk, state=State.RUNNING, polled_until=begin)
    if begin is None or not rows.update(polled_until=at):
        return 0
    # Staff may have changed it since it was read; now it is locked.
    series = Series.objects.select_related("community", "staff").get(pk=series.pk)
    parsed = series.parse_rhythm()
    moments = rhythm.list_moments(parsed, begin, at, series.zone)
    Occurrence.objects.bulk_create(
        (Occurrence(series=series, slot_at=m, planned_at=m) for m, _slot in moments),
        ignore_conflicts=True,
        batch_size=500,
    )
    due = Occurrence.objects.filter(
        series=series, state=OccurrenceState.OPEN, planned_at__lte=at
    )
    waiting = list(due.order_by("planned_at", "slot_at"))
    return _settle(series, waiting, begin, at) if waiting else 0


def _settle(
    series: Series, due: Sequence[Occurrence], begin: datetime, at: datetime
) -> int:
    parsed, window = series.parse_rhythm(), timedelta(minutes=series.window_minutes)
    groups = list(series_groups.list_groups(series))
    in_time = [row for row in due if at <= row.planned_at + window]
    places = []
    for row in in_time:
        slot = parsed.slot_at(row.slot_at, series.zone)
        places.append(Place(row.slot_at, row.planned_at, slot.key if slot else ""))
    waiting = list(episodes.list_waiting_of(series))
    chosen = episodes.assign(places, waiting)
    posted = 0
    for row in due:
        episode = chosen.get(row.slot_at)
        if episode is not None:
            _post(series, row, episode, groups, at)
            posted += 1
        elif row not in in_time:
            # Nobody could post it if it was not even polled within its window.
            was_down = begin < row.planned_at
            reason = Missed.TOO_LATE if was_down else Missed.NO_CONTENT
            _miss(series, row, groups, reason, at)
    return posted


def _post(
    series: Series,
    row: Occurrence,
    episode: Episode,
    groups: Sequence[Group],
    at: datetime,
) -> None:
    posters = series_groups.posters(series, groups)
    content = episodes.content_of(episode)
    drafts = [
        messages.Draft(
            origin=messages.Origin.SERIES,
            origin_id=row.pk,
            group=group.pk,
            text=episode.text,
            content=content,
            channel=series.channel,
            staff=posters[group.pk],
            due_at=row.planned_at,
            stale_at=row.planned_at + timedelta(minutes=series.window_minutes),
        )
        for group in groups
    ]
    if drafts:
        messages.request_many(drafts, community=series.community, at=at)
    Episode.objects.filter(pk=episode.pk).update(used_at=at)
    reached = bitmaps.to_bytes(bitmaps.of([group.pk for group in groups]))
    OCCURRENCE_STATES.transition(row, "post", episode=episode, groups=reached)


def _miss(
    series: Series,
    row: Occurrence,
    groups: Sequence[Group],
    reason: Missed,
    at: datetime,
) -> None:
    missed = bitmaps.to_bytes(bitmaps.of([group.pk for group in groups]))
    OCCURRENCE_STATES.transition(row, "miss", reason=reason, groups=missed)
    fact = OccurrenceMissed(
        series=series.pk,
        slot_at=row.slot_at.isoformat(),
        reason=reason,
        groups=len(groups),
    )
    facts.record(fact, community=series.community, by=None, at=at)
