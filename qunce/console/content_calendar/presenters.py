"""The content calendar as a table of a week, lists of days, and a sheet of a month."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from qunce.console import http
from qunce.groups.groups import Group
from qunce.outreach.content.materials.models import ContentType
from qunce.outreach.content_calendar import best_hours, board
from qunce.outreach.content_calendar.best_hours import BestHours, Suggestions
from qunce.outreach.content_calendar.board import Board
from qunce.outreach.content_calendar.entries import Entry, Kind, Status
from qunce.outreach.content_calendar.measures import Share
from qunce.outreach.playbooks import delays

URLS = {
    Kind.CAMPAIGN: "outreach:campaign-detail",
    Kind.SERIES: "series:detail",
    Kind.PLAYBOOK: "playbooks:detail",
    Kind.TASK: "tasks:request-detail",
}
ICONS = {
    Status.REVIEW: "clock",
    Status.PLANNED: "",
    Status.EMPTY: "exclamation-triangle",
    Status.WAITING: "arrow-path",
    Status.SENT: "check",
    Status.FAILED: "x-mark",
    Status.SKIPPED: "minus-circle",
}
SHOWN_IN_MONTH = 3


@dataclass(frozen=True)
class Line:
    """An entry with what its chip shows. `url` is empty if the asker does not see it."""

    entry: Entry
    url: str
    icon: str
    time: str
    day: str
    content_label: str

    @property
    def title(self) -> str:
        return self.entry.title

    @property
    def groups(self) -> int:
        return len(self.entry.groups)


def line(entry: Entry) -> Line:
    local = timezone.localtime(entry.at)
    url = ""
    if entry.move_key:
        url = reverse("content_calendar:entry", args=[entry.move_key])
    elif entry.pk and entry.kind in URLS:
        url = reverse(URLS[entry.kind], args=[entry.pk])
    content_type = entry.content_type
    return Line(
        entry=entry,
        url=url,
        icon=ICONS[entry.status],
        time=f"{local:%H:%M}",
        day=f"{local:%Y-%m-%d}",
        content_label=str(ContentType(content_type).label) if content_type else "",
    )


@dataclass(frozen=True)
class Day:
    """A column of the week. `to_members` is None where the asker gets no number."""

    date: date
    name: str
    is_today: bool
    is_past: bool
    lines: list[Line]
    messages: int
    to_members: int | None


@dataclass(frozen=True)
class Cell:
    """`is_first` is the first day of a silence that the week shows."""

    date: date
    chips: list[SafeString]
    is_overloaded: bool
    is_silent: bool
    is_first: bool
    count: int


@dataclass(frozen=True)
class Row:
    """A group with its week; `mix` is empty if nothing has a content type."""

    group: Group
    cells: list[Cell]
    hours: BestHours
    mix: list[Share]


@dataclass(frozen=True)
class Week:
    days: list[Day]
    rows: list[Row]
    member_cells: list[tuple[Day, list[SafeString]]]
    mix: list[Share]
    hours: BestHours
    overloaded: int
    silent: int
    total: int


def week(
    shown: Board,
    rows: Sequence[int],
    suggestions: Suggestions,
    request: http.Request,
) -> Week:
    """The week of a board, with these rows of its groups."""
    groups = [shown.groups[row] for row in rows]
    lines = [line(entry) for entry in shown.entries]
    chips = {
        id(each.entry): SafeString(
            render_to_string("console/content_calendar/_chip.html", {"line": each})
        )
        for each in lines
    }
    by_cell = board.cells(shown, [group.pk for group in groups])
    days = list(_days(shown, lines, request))
    return Week(
        days=days,
        rows=[
            Row(
                group=group,
                cells=list(_cells(shown, row, group, by_cell, chips)),
                hours=suggestions.of(group.pk),
                mix=present(shown.mix(group.pk)),
            )
            for row, group in zip(rows, groups, strict=True)
        ],
        member_cells=[
            (
                day,
                [chips[id(line.entry)] for line in day.lines if line.entry.to_members],
            )
            for day in days
        ],
        mix=present(shown.mix()),
        hours=suggestions.overall,
        overloaded=len(shown.rows_with(shown.overload)),
        silent=len(shown.rows_with(shown.silence)),
        total=len(shown.groups),
    )


def _cells(
    shown: Board,
    row: int,
    group: Group,
    by_cell: dict[tuple[int, int], list[Entry]],
    chips: dict[int, SafeString],
) -> Iterator[Cell]:
    for day, when in enumerate(shown.days):
        yield Cell(
            date=when,
            chips=[chips[id(entry)] for entry in by_cell.get((group.pk, day), ())],
            is_overloaded=bool(shown.overload[row, day]),
            is_silent=bool(shown.silence[row, day]),
            is_first=day == 0 or not shown.silence[row, day - 1],
            count=int(shown.counts[row, day]),
        )


def _days(shown: Board, lines: Iterable[Line], request: http.Request) -> Iterator[Day]:
    today = timezone.localdate(request.at)
    by_day: dict[int, list[Line]] = {}
    for each in lines:
        by_day.setdefault(shown.day_of(each.entry), []).append(each)
    totals = shown.counts.sum(axis=0)
    for number, day in enumerate(shown.days):
        yield Day(
            date=day,
            name=str(delays.WEEKDAYS[day.weekday()]),
            is_today=day == today,
            is_past=day < today,
            lines=by_day.get(number, []),
            messages=int(totals[number]),
            to_members=shown.to_members[number] if shown.to_members else None,
        )


def present(shares: list[Share]) -> list[Share]:
    has_any = any(share.count for share in shares)
    return [s for s in shares if s.count or s.target] if has_any else []


def label_of(share: Share) -> str:
    return str(ContentType(share.content_type).label)


# The month


@dataclass(frozen=True)
class MonthDay:
    day: Day
    is_outside: bool
    first: list[Line]
    more: int
    overloaded: int
    silent: int


def month(shown: Board, first: date, request: http.Request) -> list[list[MonthDay]]:
    """The weeks of the month of `first`, from Monday to Sunday."""
    lines = [line(entry) for entry in shown.entries]
    days = []
    overloaded, silent = shown.overload.sum(axis=0), shown.silence.sum(axis=0)
    for number, day in enumerate(_days(shown, lines, request)):
        listed = [each for each in day.lines if each.entry.counts]
        days.append(
            MonthDay(
                day=day,
                is_outside=day.date.month != first.month,
                first=listed[:SHOWN_IN_MONTH],
                more=max(len(listed) - SHOWN_IN_MONTH, 0),
                overloaded=int(overloaded[number]),
                silent=int(silent[number]),
            )
        )
    return [days[i : i + 7] for i in range(0, len(days), 7)]


# The export


def headings() -> list[str]:
    return [
        _("Day"),
        _("Time"),
        _("Name"),
        _("Kind"),
        _("State"),
        _("Content type"),
        _("Groups"),
        _("Names of the groups"),
    ]


def export_rows(shown: Board) -> Iterator[list[str]]:
    """One row per entry, with the names of its groups."""
    names = {group.pk: group.name for group in shown.groups}
    for entry in shown.entries:
        local = timezone.localtime(entry.at)
        yield [
            f"{local:%Y-%m-%d}",
            f"{local:%H:%M}",
            entry.title,
            str(entry.kind.label),
            str(entry.status.label),
            str(ContentType(entry.content_type).label) if entry.content_type else "",
            _("members") if entry.to_members else str(len(entry.groups)),
            _(", ").join(names[group] for group in entry.groups),
        ]


def hours_phrase(hours: BestHours) -> str:
    """“12:00 and 20:00”, or that the messages are too few."""
    if not hours.hours:
        return _(
            "not enough data (%(n)s messages in %(days)s days, %(least)s needed)"
        ) % {
            "n": f"{hours.messages:,}",
            "days": hours.days,
            "least": best_hours.MIN_MESSAGES,
        }
    text = _(", ").join(f"{hour:02d}:00" for hour in hours.hours)
    return _("%(hours)s (%(n)s messages in %(days)s days)") % {
        "hours": text,
        "n": f"{hours.messages:,}",
        "days": hours.days,
    }
