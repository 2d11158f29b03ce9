"""The retention table as the page shows it: cells with texts, colours and links."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from qunce.console.insight import people_lists
from qunce.insight import retention
from qunce.insight.retention import Cell, Cohort, Line, Retention, Share

TONES = 10
"""Shades of the cells, from nobody to everybody."""


@dataclass(frozen=True)
class ShownCell:
    """`tone` is 0 to TONES, or None without a percentage. `hint` is read aloud."""

    percent: str
    people: int
    among: int
    tone: int | None
    url: str
    is_complete: bool
    hint: str


@dataclass(frozen=True)
class ShownRow:
    label: str
    size: int
    url: str
    cells: tuple[ShownCell | None, ...]


def headings(table: Retention) -> list[str]:
    return [
        period_label(table.query.period, number)
        for number in range(1, len(table.cohorts))
    ]


def period_label(period: str, number: int) -> str:
    if period == "day":
        return ngettext("%(n)s day later", "%(n)s days later", number) % {"n": number}
    if period == "week":
        return ngettext("%(n)s week later", "%(n)s weeks later", number) % {"n": number}
    return ngettext("%(n)s month later", "%(n)s months later", number) % {"n": number}


def cohort_label(cohort: Cohort, period: str) -> str:
    if period == "month":
        return cohort.first.strftime("%Y-%m")
    if period == "day":
        return cohort.first.isoformat()
    return f"{cohort.first:%Y-%m-%d} – {cohort.last:%m-%d}"


def list_rows(table: Retention, params: dict[str, str]) -> list[ShownRow]:
    """The newest cohort last, each with a cell per later period."""
    return [
        ShownRow(
            cohort_label(cohort, table.query.period),
            cohort.size,
            _url(table, index, 0, params),
            (
                *(
                    _cell(cell, cohort.size, _url(table, index, number, params))
                    for number, cell in enumerate(cohort.cells)
                    if number
                ),
                *[None] * index,
            ),
        )
        for index, cohort in enumerate(table.cohorts)
    ]


def total_row(table: Retention, params: dict[str, str]) -> ShownRow:
    """All cohorts together, each period over those for which it is over."""
    return _row_of_shares(
        _("All together"),
        sum(cohort.size for cohort in table.cohorts),
        table.total,
        len(table.cohorts),
        params,
        None,
    )


def list_lines(
    lines: Sequence[Line], table: Retention, params: dict[str, str]
) -> list[ShownRow]:
    return [
        _row_of_shares(
            line.label, line.size, line.shares, len(table.cohorts), params, line.key
        )
        for line in lines
    ]


def _row_of_shares(
    label: str,
    size: int,
    shares: Sequence[Share],
    count: int,
    params: dict[str, str],
    part: str | None,
) -> ShownRow:
    by_period = {share.periods: share for share in shares}
    cells: list[ShownCell | None] = []
    for number in range(1, count):
        share = by_period.get(number)
        if share is None:
            cells.append(None)
            continue
        cell = Cell(share.people, share.percent, is_complete=True)
        cells.append(_cell(cell, share.among, _list_url(None, number, params, part)))
    return ShownRow(label, size, _list_url(None, 0, params, part), tuple(cells))


def _cell(cell: Cell, among: int, url: str) -> ShownCell:
    text, tone = "", None
    if cell.percent is not None:
        text = (
            f"{cell.percent:.0f} %" if cell.percent >= 10 else f"{cell.percent:.1f} %"
        )
        tone = round(cell.percent * TONES / 100)
    numbers = {"n": f"{cell.people:,}", "all": f"{among:,}"}
    hint = _("%(n)s of %(all)s") % numbers
    if not cell.is_complete:
        hint = _("%(n)s of %(all)s, not over yet") % numbers
    elif cell.percent is None:
        hint = _("%(n)s of %(all)s, not enough to say") % numbers
    return ShownCell(text, cell.people, among, tone, url, cell.is_complete, hint)


def _url(table: Retention, cohort: int, period: int, params: dict[str, str]) -> str:
    """The segment of a cell, or the list of its people where no rule says it."""
    later = table.cohorts[cohort + period] if period else None
    rule = retention.rule_of(table.query, table.cohorts[cohort], later)
    return people_lists.segment_url(rule) or _list_url(cohort, period, params, None)


def _list_url(
    cohort: int | None, period: int, params: dict[str, str], part: str | None
) -> str:
    query = {**params, "periods": str(period)}
    if cohort is not None:
        query["cohort"] = str(cohort)
    if part is not None:
        query["part"] = part
    return f"{reverse('insight:retention-people')}?{urlencode(query)}"
