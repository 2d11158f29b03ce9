"""Rows of staff performance as texts and links."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from qunce.console import http, paging
from qunce.console.insight import presenters
from qunce.console.insight.staff import labels
from qunce.console.insight.staff.labels import Column, Section
from qunce.core import day_texts, money
from qunce.core.staff.models import Staff
from qunce.insight import small_numbers
from qunce.insight.staff_performance import lists, members_in_charge
from qunce.insight.staff_performance.performance import Performance, StaffRow


@dataclass(frozen=True)
class Heading:
    key: str
    label: str
    definition: str
    href: str
    is_sorted: bool


@dataclass(frozen=True)
class Cell:
    """`text` is "" for a number that is unknown; `note` is the share of a part."""

    label: str
    text: str
    href: str = ""
    note: str = ""


@dataclass(frozen=True)
class Line:
    """`bar` is the median as a share of the longest one; None without a median."""

    name: str
    unit: str
    cells: tuple[Cell, ...]
    bar: float | None = None
    is_total: bool = False


@dataclass(frozen=True)
class Table:
    """`idle` are the names of staff for whom there is nothing to show."""

    key: str
    title: str
    headings: tuple[Heading, ...]
    lines: tuple[Line, ...]
    idle: tuple[str, ...]


def sections_of(found: Performance) -> list[Section]:
    answers = labels.ANSWERS
    if found.hours is not None:
        columns = answers.columns[:5] + labels.WORKING + answers.columns[5:]
        answers = Section(answers.key, answers.title, columns)
    return [answers, labels.TASKS, labels.MEMBERS]


def sort(
    rows: Iterable[StaffRow], order: str, columns: Sequence[Column]
) -> list[StaffRow]:
    """By name, or by a column with the largest number first, unknown ones last."""
    found = list(rows)
    column = next((each for each in columns if each.key == order), None)
    if column is None:
        return found
    return sorted(found, key=lambda row: -_rank(column.number(row)))


def _rank(number: int | None) -> float:
    return float("-inf") if number is None else number


def tables(request: http.Request, found: Performance, order: str) -> list[Table]:
    sections = sections_of(found)
    rows = sort(found.rows, order, [c for each in sections for c in each.columns])
    return [_table(request, section, rows, found, order) for section in sections]


def sort_choices(shown: Sequence[Table]) -> list[Heading]:
    """Every heading once, for phones, on which tables have none."""
    return list({h.key: h for table in shown for h in table.headings}.values())


def _table(
    request: http.Request,
    section: Section,
    rows: Sequence[StaffRow],
    found: Performance,
    order: str,
) -> Table:
    longest = max((row.answers.median or 0 for row in rows), default=0)
    shown = [row for row in rows if any(c.number(row) for c in section.columns)]
    lines = [_line(request, row, section, found, longest) for row in shown]
    if len(shown) > 1:
        lines.append(_line(request, found.total, section, found, longest))
    idle = tuple(row.staff.name for row in rows if row.staff and row not in shown)
    return Table(
        section.key,
        str(section.title),
        tuple(_headings(request, section, order)),
        tuple(lines),
        idle,
    )


def _headings(request: http.Request, section: Section, order: str) -> Iterable[Heading]:
    name = (_("Staff"), "", paging.link(request, sort=None))
    yield Heading("name", *name, is_sorted=not order)
    for column in section.columns:
        href = paging.link(request, sort=column.key)
        yield Heading(
            column.key,
            str(column.heading),
            str(column.definition),
            href,
            column.key == order,
        )


def _line(
    request: http.Request,
    row: StaffRow,
    section: Section,
    found: Performance,
    longest: int,
) -> Line:
    is_total = row is found.total
    name = row.staff.name if row.staff else _("Other accounts of staff")
    bar = None
    if row.answers.median is not None and longest and not is_total:
        bar = 100 * row.answers.median / longest
    return Line(
        _("All together") if is_total else name,
        row.staff.unit.name if row.staff and row.staff.unit else "",
        tuple(_cell(request, column, row, found) for column in section.columns),
        bar,
        is_total,
    )


def _cell(
    request: http.Request, column: Column, row: StaffRow, found: Performance
) -> Cell:
    label = str(column.heading)
    number = column.number(row)
    if number is None:
        return Cell(label, "")
    href = _url_of(column, row, found) if number else ""
    note = ""
    if column.whole is not None:
        percent = small_numbers.percent(number, column.whole(row))
        note = "" if percent is None else f"{percent:.0f} %"
    text = format_number(column, row, number, request.community.currency)
    return Cell(label, text, href, note)


def format_number(column: Column, row: StaffRow, number: int, currency: str) -> str:
    if column.kind == labels.TIME:
        return day_texts.duration(number)
    if column.kind == labels.MONEY:
        return money.format_with_currency(number, currency)
    if column.kind == labels.PART and column.whole is not None:
        return _("%(part)s of %(whole)s") % {
            "part": f"{number:,}",
            "whole": f"{column.whole(row):,}",
        }
    return f"{number:,}"


def _url_of(column: Column, row: StaffRow, found: Performance) -> str:
    """The list behind a number; "" where there is none."""
    page, _colon, key = column.link.partition(":")
    if page == "members":
        people = [row] if row.staff else found.rows
        return _members_url([each.staff for each in people if each.staff], key, found)
    if not page:
        return ""
    if row is found.total:
        staff = lists.ALL
    else:
        staff = str(row.staff.pk) if row.staff else lists.OTHERS
    return list_url(page, staff, key, found)


def list_url(page: str, staff: str, key: str, found: Performance) -> str:
    span = {"first": found.first.isoformat(), "last": found.last.isoformat()}
    query = {**span, **({"of": key} if key else {})}
    return f"{reverse(f'insight:staff-{page}', args=[staff])}?{urlencode(query)}"


def _members_url(staff: Sequence[Staff], key: str, found: Performance) -> str:
    own: dict[str, Any] = members_in_charge.rule_of(*staff)
    days = {"between": [found.first.isoformat(), found.last.isoformat()]}
    if key == "now":
        return presenters.members_url(own)
    did: dict[str, Any] = {key: days}
    if key == "orders":
        did = {"did": {"kind": "order.paid", **days}}
    return presenters.members_url({"with_left": {"all": [own, did]}})
