"""Series as lines of the list and as the page of one of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from qunce.console import http
from qunce.core import day_texts, timestamps
from qunce.outreach.content.materials import library
from qunce.outreach.content.materials.models import ContentType, MaterialVersion
from qunce.outreach.playbooks import calendars, delays, working_days
from qunce.outreach.series import episodes, occurrences, results, series_groups
from qunce.outreach.series import series as store
from qunce.outreach.series.models import Episode, Series, State
from qunce.outreach.series.occurrences import Upcoming
from qunce.outreach.series.results import OccurrenceNumbers, WeekNumbers
from qunce.outreach.series.rhythm import Rhythm
from qunce.outreach.tasks import left_texts

AHEAD = timedelta(days=14)
PAST = timedelta(days=28)
MAX_UPCOMING, MAX_PAST = 12, 12
STATE_CLASSES = {
    State.DRAFT: "",
    State.RUNNING: "good",
    State.PAUSED: "warn",
    State.ARCHIVED: "",
}


@dataclass(frozen=True)
class Row:
    """A line of the list; `gap` is the next occurrence without content."""

    series: Series
    rhythm: str
    groups: int
    waiting: int
    next_at: datetime | None
    gap: datetime | None
    week: WeekNumbers

    @property
    def state_class(self) -> str:
        return STATE_CLASSES[State(self.series.state)]


def rows(found: Iterable[Series], request: http.Request) -> list[Row]:
    return [_row(series, request) for series in found]


def _row(series: Series, request: http.Request) -> Row:
    by, at = request.staff, request.at
    day = timezone.localdate(at)
    (week,) = results.count_weeks(series=series, first=day, last=day, by=by, at=at)
    coming = [
        each
        for each in occurrences.list_upcoming(
            series=series, until=at + AHEAD, by=by, at=at
        )
        if each.is_open
    ]
    is_live = series.state == State.RUNNING
    gap = next((each.planned_at for each in coming if each.episode is None), None)
    return Row(
        series=series,
        rhythm=phrase(series.parse_rhythm()),
        groups=len(store.list_groups(series=series, by=by)),
        waiting=len(episodes.list_waiting(series=series, by=by)),
        next_at=coming[0].planned_at if coming and is_live else None,
        gap=gap if is_live else None,
        week=week,
    )


def phrase(rhythm: Rhythm) -> str:
    """“Monday to Friday, 08:00 and 20:00”."""
    parts = []
    weekdays = rhythm.days.weekdays
    if weekdays:
        parts.append(_weekdays(sorted(weekdays)))
    if rhythm.days.month_days:
        days = [
            _("the last day") if day == -1 else str(day)
            for day in rhythm.days.month_days
        ]
        parts.append(_("each month: %(days)s") % {"days": _(", ").join(days)})
    parts += [str(calendars.FESTIVALS[name].label) for name in rhythm.days.festivals]
    if rhythm.days.dates:
        parts.append(_("%(n)s dates") % {"n": len(rhythm.days.dates)})
    times = _(", ").join(f"{s.key} {s.label}".strip() for s in rhythm.slots)
    text = _("%(days)s · %(times)s") % {"days": _(", ").join(parts), "times": times}
    if rhythm.allowed.only != working_days.Only.ANY:
        only = working_days.Only(rhythm.allowed.only).label
        text = _("%(text)s, %(only)s") % {"text": text, "only": only}
    return text


def _weekdays(days: Sequence[int]) -> str:
    if len(days) == 7:
        return _("every day")
    names = [str(delays.WEEKDAYS[day]) for day in days]
    if len(days) > 2 and days[-1] - days[0] == len(days) - 1:
        return _("%(first)s to %(last)s") % {"first": names[0], "last": names[-1]}
    return _(", ").join(names)


@dataclass(frozen=True)
class EpisodeRow:
    """An episode that waits, with when it will be used."""

    episode: Episode
    lines: str
    materials: list[MaterialVersion]
    content_label: str
    used_at: datetime | None
    place: str


@dataclass(frozen=True)
class UpcomingRow:
    """An occurrence to come; `warning` says why nothing could be posted."""

    upcoming: Upcoming
    day: str
    text: str
    warning: str
    micros: int
    move_key: str


@dataclass(frozen=True)
class PastRow:
    """An occurrence that was posted or missed; `left` says who has not posted yet."""

    row: OccurrenceNumbers
    reasons: str
    left: str


@dataclass(frozen=True)
class Page:
    """Everything on the page of a series."""

    upcoming: list[UpcomingRow]
    episodes: list[EpisodeRow]
    weeks: list[WeekNumbers]
    past: list[PastRow]
    total: results.Numbers


def page(series: Series, request: http.Request) -> Page:
    by, at = request.staff, request.at
    today = timezone.localdate(at)
    ahead = occurrences.list_upcoming(series=series, until=at + AHEAD, by=by, at=at)
    weeks = results.count_weeks(
        series=series, first=today - PAST, last=today, by=by, at=at
    )
    past = results.count_occurrences(
        series=series, begin=at - PAST, end=at + timedelta(minutes=1), by=by
    )
    waiting = episodes.list_waiting(series=series, by=by)
    versions = _versions(series, waiting)
    total = results.Numbers()
    for week in weeks:
        for result, count in week.numbers.results.items():
            total.add(results.Result(result), count)
    return Page(
        upcoming=[_upcoming(each, series, request) for each in ahead[:MAX_UPCOMING]],
        episodes=_episodes(waiting, ahead, versions),
        weeks=[
            week for week in reversed(weeks) if week.numbers.planned or week.upcoming
        ],
        past=[_past(each) for each in reversed(past[-MAX_PAST:])],
        total=total,
    )


def _versions(series: Series, waiting: Iterable[Episode]) -> dict[int, MaterialVersion]:
    wanted = sorted({pk for each in waiting for pk in each.materials})
    return {each.pk: each for each in library.find_versions(series.community, wanted)}


def _upcoming(each: Upcoming, series: Series, request: http.Request) -> UpcomingRow:
    micros = timestamps.to_micros(each.slot_at)
    zone = timezone.get_current_timezone()
    warning = ""
    if each.is_open:
        warning = occurrences.why_not_postable(series, each, request.at)
    return UpcomingRow(
        upcoming=each,
        day=day_texts.moment(each.planned_at, request.at, zone),
        text=snippet(each.episode) if each.episode else "",
        warning=warning,
        micros=micros,
        move_key=f"series-{series.pk}-{micros}",
    )


def snippet(episode: Episode) -> str:
    """The beginning of its text, or the names of its materials."""
    line = " ".join(episode.text.split())
    if not line and episode.materials:
        found = library.find_versions(episode.series.community, episode.materials)
        line = _(", ").join(each.title for each in found)
    return line if len(line) <= 80 else f"{line[:79]}…"


def _episodes(
    waiting: Iterable[Episode],
    ahead: Iterable[Upcoming],
    versions: dict[int, MaterialVersion],
) -> list[EpisodeRow]:
    used = {each.episode.pk: each.planned_at for each in ahead if each.episode}
    found = []
    listed = list(waiting)
    types = episodes.content_types(listed, versions)
    for each in listed:
        kind = types[each.pk]
        found.append(
            EpisodeRow(
                episode=each,
                lines=snippet(each),
                materials=[versions[pk] for pk in each.materials if pk in versions],
                content_label=str(ContentType(kind).label) if kind else "",
                used_at=used.get(each.pk),
                place=_("only at %(time)s") % {"time": each.slot} if each.slot else "",
            )
        )
    return found


def _past(each: OccurrenceNumbers) -> PastRow:
    reasons = _(", ").join(
        f"{result.label} {count:,}" for result, count in each.numbers.reasons.items()
    )
    left = left_texts.describe(
        [(name or _("the channel"), count) for name, count in each.left.items()],
        in_groups=True,
    )
    return PastRow(each, reasons, left)


def places(series: Series, request: http.Request) -> list[tuple[str, str]]:
    """The occurrences to come, as choices of the form of an episode."""
    ahead = occurrences.list_upcoming(
        series=series, until=request.at + AHEAD, by=request.staff, at=request.at
    )
    zone = timezone.get_current_timezone()
    return [
        (
            str(timestamps.to_micros(each.slot_at)),
            _("only on %(moment)s")
            % {"moment": day_texts.moment(each.planned_at, request.at, zone)},
        )
        for each in ahead
        if each.is_open
    ]


def slot_choices(series: Series) -> list[tuple[str, str]]:
    slots = series.parse_rhythm().slots
    if len(slots) < 2:
        return []
    return [
        (s.key, _("for %(time)s") % {"time": f"{s.key} {s.label}".strip()})
        for s in slots
    ]


def poster_phrase(series: Series) -> str:
    """The sentence that names the poster."""
    if not series_groups.needs_person(series):
        return _("The channel posts it.")
    if series.poster == "staff":
        return _("%(name)s posts it by hand.") % {"name": series.staff}
    if series.staff is None:
        return _("Posted by hand by: %(who)s.") % {"who": series.get_poster_display()}
    return _("Posted by hand by: %(who)s; elsewhere by %(name)s.") % {
        "who": series.get_poster_display(),
        "name": series.staff,
    }
