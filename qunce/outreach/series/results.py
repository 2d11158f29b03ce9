"""Planned against really sent: what became of each occurrence in each group.

The numbers are those of the ledger. Planned is always sent + late + waiting + missing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from qunce.core import community_days, timestamps
from qunce.core.staff.models import Staff
from qunce.groups import visibility as group_visibility
from qunce.outreach import skip_reasons
from qunce.outreach.sending.ledger import REACHED, Message, Origin
from qunce.outreach.sending.ledger import State as MessageState
from qunce.outreach.series import occurrences
from qunce.outreach.series import series as series_module
from qunce.outreach.series.models import Occurrence, OccurrenceState, Series
from qunce.sets.bitmaps import bitmaps

WEEK = 7
MAX_DAYS = 400
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2100, 12, 31)


class Result(models.TextChoices):
    """What became of one occurrence in one group; all but the first three are missing."""

    SENT = "sent", pgettext_lazy("occurrence", "sent")
    LATE = "late", pgettext_lazy("occurrence", "sent late")
    WAITING = "waiting", pgettext_lazy("occurrence", "waiting")
    NO_CONTENT = "no_content", gettext_lazy("no episode was left")
    TOO_LATE = "too_late", gettext_lazy("Qunce was not running at that time")
    CHANNEL_FAILED = "channel_failed", gettext_lazy("the channel failed")
    NOT_DONE = "not_done", gettext_lazy("staff did not post it")
    NO_POSTER = "no_poster", gettext_lazy("nobody could post in this group")
    MATERIAL = "material", gettext_lazy("a material could not be sent")
    UNKNOWN = "unknown", gettext_lazy("it is not known whether it was sent")
    OTHER = "other", gettext_lazy("another reason")


PRESENT = (Result.SENT, Result.LATE, Result.WAITING)
_SKIPPED = {
    skip_reasons.STALE: Result.TOO_LATE,
    skip_reasons.NO_SENDER: Result.NO_POSTER,
    skip_reasons.NOT_VISIBLE: Result.NO_POSTER,
    skip_reasons.MATERIAL: Result.MATERIAL,
}


def classify(
    *,
    state: str,
    reason: str,
    by_hand: bool,
    planned_at: datetime,
    sent_at: datetime | None,
    late_after: timedelta,
) -> Result:
    """The result of a message, from its row of the ledger."""
    if state in REACHED:
        is_late = sent_at is not None and sent_at > planned_at + late_after
        return Result.LATE if is_late else Result.SENT
    if state == MessageState.PLANNED:
        return Result.WAITING
    if state == MessageState.UNKNOWN:
        return Result.UNKNOWN
    if state == MessageState.FAILED:
        return Result.NOT_DONE if by_hand else Result.CHANNEL_FAILED
    if state == MessageState.SKIPPED:
        found = _SKIPPED.get(reason, Result.OTHER)
        return Result.NOT_DONE if by_hand and found == Result.TOO_LATE else found
    return Result.OTHER


@dataclass
class Numbers:
    """Occurrences times groups. `results` has what became of them, by Result."""

    planned: int = 0
    results: Counter[str] = field(default_factory=Counter)

    def add(self, result: Result, count: int = 1) -> None:
        self.planned += count
        self.results[result] += count

    @property
    def sent(self) -> int:
        return self.results[Result.SENT]

    @property
    def late(self) -> int:
        return self.results[Result.LATE]

    @property
    def waiting(self) -> int:
        return self.results[Result.WAITING]

    @property
    def missing(self) -> int:
        return self.planned - sum(self.results[each] for each in PRESENT)

    @property
    def reasons(self) -> dict[Result, int]:
        """Why something is missing, the most frequent first."""
        found = [
            (Result(each), n)
            for each, n in self.results.most_common()
            if n and each not in PRESENT
        ]
        return dict(found)


@dataclass
class OccurrenceNumbers:
    """One past occurrence; `left` counts open messages by the name of who posts them."""

    occurrence: Occurrence
    numbers: Numbers = field(default_factory=Numbers)
    left: Counter[str] = field(default_factory=Counter)


@dataclass
class WeekNumbers:
    """A week from its Monday; `upcoming` is planned and not due yet."""

    monday: date
    numbers: Numbers = field(default_factory=Numbers)
    upcoming: int = 0


# Reads


def count_occurrences(
    *, series: Series, begin: datetime, end: datetime, by: Staff
) -> list[OccurrenceNumbers]:
    """What became of the occurrences planned in a span, in the groups that `by` sees."""
    series_module.check_visible(series, by)
    rows = occurrences.list_past(series, begin, end)
    visible = bitmaps.of(group_visibility.list_visible(by).values_list("pk", flat=True))
    found = {row.pk: OccurrenceNumbers(row) for row in rows}
    for row in rows:
        if row.state == OccurrenceState.MISSED and row.groups is not None:
            size = len(bitmaps.from_bytes(row.groups) & visible)
            if size:
                found[row.pk].numbers.add(Result(row.reason), size)
    late_after = timedelta(minutes=series.late_minutes)
    for message in _messages(list(found)):
        origin_id, target, state, reason, staff, name, counted_at = message
        if target not in visible:
            continue
        each = found[origin_id]
        result = classify(
            state=state,
            reason=reason,
            by_hand=staff is not None,
            planned_at=each.occurrence.planned_at,
            sent_at=counted_at,
            late_after=late_after,
        )
        each.numbers.add(result)
        if result == Result.WAITING:
            each.left[name or ""] += 1
    return list(found.values())


def _messages(
    origin_ids: Sequence[int],
) -> list[tuple[int, int, str, str, int | None, str | None, datetime | None]]:
    rows: list[tuple[int, int, str, str, int | None, str | None, datetime | None]] = []
    for start in range(0, len(origin_ids), 500):
        some = Message.objects.filter(
            origin=Origin.SERIES, origin_id__in=origin_ids[start : start + 500]
        )
        rows += some.filter(is_group=True).values_list(
            "origin_id",
            "target_id",
            "state",
            "reason",
            "staff_id",
            "staff__name",
            "counted_at",
        )
    return rows


def count_weeks(
    *, series: Series, first: date, last: date, by: Staff, at: datetime
) -> list[WeekNumbers]:
    """Planned against sent for each week from the one of `first` to that of `last`."""
    if not FIRST_DAY <= first <= LAST_DAY:
        raise series_module.InvalidSeries(_("Give days from 2000 to 2100."))
    community = series.community
    monday = first - timedelta(days=first.weekday())
    last = min(last, monday + timedelta(days=MAX_DAYS))
    mondays = [monday]
    while mondays[-1] + timedelta(days=WEEK) <= last:
        mondays.append(mondays[-1] + timedelta(days=WEEK))
    starts = [
        timestamps.from_micros(
            community_days.start_of(
                community.timezone,
                community.day_start,
                community_days.from_date(day),
            )
        )
        for day in (*mondays, mondays[-1] + timedelta(days=WEEK))
    ]
    weeks = [WeekNumbers(day) for day in mondays]
    for each in count_occurrences(
        series=series, begin=starts[0], end=starts[-1], by=by
    ):
        week = _week_of(each.occurrence.planned_at, starts)
        for result, count in each.numbers.results.items():
            weeks[week].numbers.add(Result(result), count)
    groups = len(series_module.list_groups(series=series, by=by))
    for upcoming in occurrences.plan(series, starts[-1], at):
        if upcoming.is_open and starts[0] <= upcoming.planned_at < starts[-1]:
            weeks[_week_of(upcoming.planned_at, starts)].upcoming += groups
    return weeks


def _week_of(moment: datetime, starts: Sequence[datetime]) -> int:
    return sum(start <= moment for start in starts) - 1
