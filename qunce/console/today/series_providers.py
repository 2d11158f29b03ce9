"""Occurrences of series that are near and have nothing to post."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from qunce.console.today import items
from qunce.console.today.items import DO, TodayItem
from qunce.core import day_texts
from qunce.core.staff.models import Staff
from qunce.outreach.series import occurrences
from qunce.outreach.series.occurrences import Gap

AHEAD = timedelta(days=3)
MAX_ITEMS = 10


@items.register
def series_without_content(staff: Staff, at: datetime) -> list[TodayItem]:
    """One item per series, for the first of its occurrences within three days."""
    by_series: dict[int, list[Gap]] = {}
    for gap in occurrences.list_gaps(by=staff, until=at + AHEAD, at=at):
        by_series.setdefault(gap.series.pk, []).append(gap)
    return [_item(gaps, at) for gaps in list(by_series.values())[:MAX_ITEMS]]


def _item(gaps: list[Gap], at: datetime) -> TodayItem:
    first = gaps[0]
    moment = first.upcoming.planned_at
    when = day_texts.moment(moment, at, timezone.get_current_timezone())
    others = len(gaps) - 1
    # Chinese has one plural form, so that no other time is a sentence of its own.
    text = (
        ngettext(
            "“%(series)s” has nothing to post %(when)s, and at %(n)s more time",
            "“%(series)s” has nothing to post %(when)s, and at %(n)s more times",
            others,
        )
        if others
        else _("“%(series)s” has nothing to post %(when)s")
    )
    return TodayItem(
        key=f"series-{first.series.pk}-{moment:%m%d%H%M}",
        section=DO,
        icon="calendar-days",
        text=text % {"series": first.series.name, "when": when, "n": others},
        reason=first.reason,
        url=reverse("series:detail", args=[first.series.pk]),
        action=_("Fill it"),
        minutes=3,
        due_at=moment,
        is_late=moment < at,
    )
