"""Occurrences of series: those to come with their content, moving and skipping one.

Only occurrences that are past, moved or left out have rows; all others follow from the
rhythm.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import errors
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.outreach.content.materials import checks, library
from qunce.outreach.series import episodes, rhythm
from qunce.outreach.series import series as series_module
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

MAX_AHEAD = timedelta(days=400)
MAX_MOVE = timedelta(days=60)


@facts.declare
@dataclass(frozen=True, kw_only=True)
class OccurrenceMoved(SeriesFact):
    """`slot_at` is the time in the rhythm, `to` the new one; both in ISO format."""

    kind = "series.occurrence_moved"
    label = gettext_lazy("occurrence of a series moved")
    slot_at: str
    to: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class OccurrenceSkipped(SeriesFact):
    kind = "series.occurrence_skipped"
    label = gettext_lazy("occurrence of a series left out")
    slot_at: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class OccurrenceRestored(SeriesFact):
    kind = "series.occurrence_restored"
    label = gettext_lazy("occurrence of a series restored")
    slot_at: str


class OccurrenceNotFound(errors.NotFound):
    """The series has no occurrence at this time."""


class OccurrenceNotOpen(errors.Refused):
    """The occurrence is posted, missed or left out."""


class InvalidTime(errors.Invalid):
    """An occurrence is moved to a time that is to come."""


@dataclass(frozen=True)
class Upcoming:
    """An occurrence that is not posted yet; `label` is that of its time of the day."""

    slot_at: datetime
    planned_at: datetime
    slot: str
    label: str = ""
    content_type: str = ""
    state: str = OccurrenceState.OPEN
    episode: Episode | None = None

    @property
    def is_open(self) -> bool:
        return self.state == OccurrenceState.OPEN

    @property
    def is_moved(self) -> bool:
        return self.slot_at != self.planned_at


# Verbs


@transaction.atomic
def move(
    *, series: Series, slot_at: datetime, to: datetime, by: Staff, at: datetime
) -> None:
    """Post one occurrence at another time; its own time brings it back."""
    series_module.check_may_manage(series, by)
    if to <= at:
        raise InvalidTime(_("Choose a time in the future."))
    if abs(to - slot_at) > MAX_MOVE:
        raise InvalidTime(
            _("An occurrence can be moved by at most %(n)s days.")
            % {"n": MAX_MOVE.days}
        )
    row = _lock_open(series, slot_at, at)
    Occurrence.objects.filter(pk=row.pk).update(planned_at=to)
    fact = OccurrenceMoved(
        series=series.pk, slot_at=slot_at.isoformat(), to=to.isoformat()
    )
    facts.record(fact, community=series.community, by=by, at=at)


@transaction.atomic
def skip(*, series: Series, slot_at: datetime, by: Staff, at: datetime) -> None:
    """Leave one occurrence out; it is not counted as planned."""
    series_module.check_may_manage(series, by)
    row = _lock_open(series, slot_at, at)
    OCCURRENCE_STATES.transition(row, "skip")
    fact = OccurrenceSkipped(series=series.pk, slot_at=slot_at.isoformat())
    facts.record(fact, community=series.community, by=by, at=at)


@transaction.atomic
def restore(*, series: Series, slot_at: datetime, by: Staff, at: datetime) -> None:
    """Restore an occurrence that was left out and is still to come."""
    series_module.check_may_manage(series, by)
    row = Occurrence.objects.filter(series=series, slot_at=slot_at).first()
    if row is None or row.state != OccurrenceState.SKIPPED or row.planned_at <= at:
        raise OccurrenceNotFound(
            _("No occurrence that is to come was left out at this time.")
        )
    OCCURRENCE_STATES.transition(row, "restore")
    fact = OccurrenceRestored(series=series.pk, slot_at=slot_at.isoformat())
    facts.record(fact, community=series.community, by=by, at=at)


def _lock_open(series: Series, slot_at: datetime, at: datetime) -> Occurrence:
    """The row of an occurrence that is to come, created if it has none.

    The series is locked, so that it is not posted at the same time.
    """
    Series.objects.select_for_update(of=("self",)).get(pk=series.pk)
    row = Occurrence.objects.filter(series=series, slot_at=slot_at).first()
    if row is not None:
        if row.state != OccurrenceState.OPEN:
            raise OccurrenceNotOpen(
                _("This occurrence is %(state)s, so it stays as it is.")
                % {"state": row.get_state_display()}
            )
        return row
    if slot_at <= at:
        raise OccurrenceNotOpen(
            _("The time of this occurrence is past, so it stays as it is.")
        )
    if series.parse_rhythm().slot_at(slot_at, series.zone) is None:
        raise OccurrenceNotFound(_("The series has no occurrence at this time."))
    return Occurrence.objects.create(series=series, slot_at=slot_at, planned_at=slot_at)


# Reads


def list_upcoming(
    *, series: Series, until: datetime, by: Staff, at: datetime
) -> list[Upcoming]:
    """What is not posted yet up to a moment, with those left out, in order."""
    series_module.check_visible(series, by)
    return plan(series, until, at)


def plan(series: Series, until: datetime, at: datetime) -> list[Upcoming]:
    """The same without asking who may see it; a draft is planned as if it ran from now."""
    until = min(until, at + MAX_AHEAD)
    if series.state == State.ARCHIVED:
        return []
    found = _list_places(series, until, at)
    waiting = list(episodes.list_waiting_of(series))
    places = [
        Place(each.slot_at, each.planned_at, each.slot)
        for each in found
        if each.is_open
    ]
    chosen = episodes.assign(places, waiting)
    shown = [
        Upcoming(
            each.slot_at,
            each.planned_at,
            each.slot,
            each.label,
            each.content_type,
            each.state,
            chosen.get(each.slot_at) if each.is_open else None,
        )
        for each in found
    ]
    return [each for each in shown if each.planned_at <= until]


def _list_places(series: Series, until: datetime, at: datetime) -> list[Upcoming]:
    parsed, zone = series.parse_rhythm(), series.zone
    begin = series.polled_until if series.state == State.RUNNING else None
    begin = begin or at
    states = (OccurrenceState.OPEN, OccurrenceState.SKIPPED)
    rows = Occurrence.objects.filter(series=series, state__in=states)
    if series.state != State.RUNNING:
        rows = rows.filter(planned_at__gt=at)
    stored = {row.slot_at: row for row in rows}
    stored = {
        slot_at: row
        for slot_at, row in stored.items()
        if row.state == OccurrenceState.OPEN or row.planned_at > at
    }
    found = []
    for row in stored.values():
        slot = parsed.slot_at(row.slot_at, zone)
        key = slot.key if slot else ""
        label = slot.label if slot else ""
        wanted = slot.content_type if slot else ""
        found.append(
            Upcoming(row.slot_at, row.planned_at, key, label, wanted, row.state)
        )
    known = set(
        Occurrence.objects.filter(series=series, slot_at__gt=begin).values_list(
            "slot_at", flat=True
        )
    )
    for moment, slot in rhythm.list_moments(parsed, begin, until, zone):
        if moment not in known:
            found.append(
                Upcoming(moment, moment, slot.key, slot.label, slot.content_type)
            )
    return sorted(found, key=lambda each: (each.planned_at, each.slot_at))


@dataclass(frozen=True)
class Gap:
    """An occurrence that is to come and has nothing to post; `reason` is a sentence."""

    series: Series
    upcoming: Upcoming
    reason: str


def list_gaps(*, by: Staff, until: datetime, at: datetime) -> list[Gap]:
    """Occurrences of running series without content, or with a material that cannot be sent.

    Of the series that `by` may fill, in order of time.
    """
    found = []
    for series in series_module.list_visible(by):
        if series.state != State.RUNNING or not series_module.may_manage(series, by):
            continue
        for each in plan(series, until, at):
            if each.is_open and (reason := why_not_postable(series, each, at)):
                found.append(Gap(series, each, reason))
    return sorted(found, key=lambda gap: (gap.upcoming.planned_at, gap.series.pk))


def why_not_postable(series: Series, each: Upcoming, at: datetime) -> str:
    """The sentence why nothing could be posted, "" if something can."""
    if each.episode is None:
        return _("No episode is left for it.")
    if not each.episode.materials:
        return ""
    moment = max(each.planned_at, at)
    versions = library.find_versions(series.community, each.episode.materials)
    return next(
        filter(None, (checks.why_not_sendable(v.material, moment) for v in versions)),
        "",
    )


def list_past(series: Series, begin: datetime, end: datetime) -> Sequence[Occurrence]:
    """Posted and missed occurrences that were planned in a span, in order."""
    states = (OccurrenceState.POSTED, OccurrenceState.MISSED)
    rows = Occurrence.objects.filter(series=series, state__in=states)
    rows = rows.filter(planned_at__gte=begin, planned_at__lt=end)
    return list(rows.select_related("episode").order_by("planned_at", "pk"))
