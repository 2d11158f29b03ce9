"""Reports as pages show them: the printed figures, texts to copy, and what changed since."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from qunce.console import http
from qunce.console.insight.findings import presenters as finding_presenters
from qunce.console.insight.findings.presenters import FindingCard
from qunce.console.insight.reports.forms import SubscribersForm
from qunce.insight.findings import daily
from qunce.insight.findings.finding import Finding
from qunce.insight.reports import reports, sections, subscribers, texts
from qunce.insight.reports.models import Report
from qunce.insight.reports.sections import Line
from qunce.insight.reports.texts import Tone


@dataclass(frozen=True, kw_only=True)
class ReportRow:
    report: Report
    days: str
    lines: Sequence[Line]


@dataclass(frozen=True, kw_only=True)
class Row:
    label: str
    cells: Sequence[str]
    is_sum: bool


@dataclass(frozen=True, kw_only=True)
class TableView:
    table: sections.Table
    rows: Sequence[Row]


@dataclass(frozen=True, kw_only=True)
class TextToCopy:
    tone: str
    label: str
    text: str


@dataclass(frozen=True, kw_only=True)
class PrintedFinding:
    """`is_open` while staff can act on it."""

    card: FindingCard
    effect: str
    is_open: bool


def list_rows(found: Sequence[Report]) -> list[ReportRow]:
    return [
        ReportRow(
            report=report,
            days=sections.days_text(report),
            lines=sections.lines(report),
        )
        for report in found
    ]


def context_of(report: Report, request: http.Request) -> dict[str, Any]:
    groups = report.result["groups"]["rows"]
    chosen = request.GET.get("group", groups[0]["key"] if groups else "")
    tones = [Tone.BOSS, Tone.TEAM, *([Tone.GROUP_OWNER] if groups else [])]
    return {
        "report": report,
        "title": sections.title(report),
        "stamp": sections.stamp(report),
        "lines": sections.lines(report),
        "equation": sections.account_line(report),
        "changes": _list_changes(report, request),
        "has_other_definitions": reports.has_other_definitions(report),
        "findings": _list_findings(report, request),
        "no_finding": sections.no_finding_line(report),
        "actions": sections.action_texts(report),
        "texts": [
            TextToCopy(
                tone=tone,
                label=str(tone.label),
                text=texts.write(report, tone=tone, group=chosen),
            )
            for tone in tones
        ],
        "groups": groups,
        "chosen": chosen,
        "tables": [_view(table) for table in sections.tables(report, is_short=True)],
    }


def _view(table: sections.Table) -> TableView:
    sums = len(table.rows) - table.last_rows
    return TableView(
        table=table,
        rows=[
            Row(
                label=label,
                cells=cells,
                is_sum=index >= sums,
            )
            for index, (label, *cells) in enumerate(table.rows)
        ],
    )


def _list_changes(report: Report, request: http.Request) -> list[str]:
    """What late facts have changed since the report was printed."""
    changes = reports.find_changes(report=report, by=request.staff, at=request.at)
    return [
        _("%(label)s: %(difference)s, now %(now)s")
        % {
            "label": sections.label_of(each.name),
            "difference": each.difference,
            "now": each.now,
        }
        for each in changes
    ]


def _list_findings(report: Report, request: http.Request) -> list[PrintedFinding]:
    today = daily.find_stored(by=request.staff, at=request.at)
    still_open = {each.cell for each in today.open} if today else set()
    found = [Finding.from_json(each) for each in report.result["findings"] or ()]
    return [
        PrintedFinding(
            card=finding_presenters.card(finding, request),
            effect=text.effect,
            is_open=finding.cell in still_open,
        )
        for finding, text in zip(found, sections.finding_texts(report), strict=True)
    ]


@dataclass(frozen=True, kw_only=True)
class SubscribersView:
    kind: str
    label: str
    form: SubscribersForm


def list_subscribers(request: http.Request) -> list[SubscribersView]:
    """A form for each kind of reports, for those who may set the subscribers."""
    if not subscribers.may_manage(request.staff):
        return []
    choices = subscribers.list_choices(by=request.staff)
    return [
        SubscribersView(
            kind=each.kind,
            label=each.label,
            form=SubscribersForm(
                choices=choices,
                prefix=each.kind,
                initial={
                    "roles": each.roles,
                    "staff": [str(staff.pk) for staff in each.staff],
                },
            ),
        )
        for each in subscribers.list_all(by=request.staff)
    ]
