"""Reports as pages show them: the printed figures, texts to copy, and what changed since."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from qunce.console import http, paging
from qunce.console.insight.findings import presenters as finding_presenters
from qunce.console.insight.findings.presenters import FindingCard
from qunce.console.insight.reports.forms import SubscribersForm
from qunce.console.outreach.labels import Chip
from qunce.insight.findings import daily
from qunce.insight.findings.finding import Finding
from qunce.insight.reports import reports, sections, subscribers, texts
from qunce.insight.reports.models import Report
from qunce.insight.reports.sections import Line
from qunce.insight.reports.texts import Tone
from qunce.outreach.report_deliveries import deliveries
from qunce.outreach.report_deliveries.models import ReportDelivery, State


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
    """`is_own` is the one that is meant for whoever looks at it."""

    tone: str
    label: str
    text: str
    is_own: bool


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
    people = report.result.get("people", [])
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
        "boss": texts.write(report, tone=Tone.BOSS),
        "texts": _list_texts(report, request),
        "groups": groups,
        "people": people,
        "group": request.GET.get("group", groups[0]["key"] if groups else ""),
        "person": _chosen_person(people, request),
        "has_findings": sections.has_section(report, "findings"),
        "tables": [_view(table) for table in sections.tables(report, is_short=True)],
    }


def _chosen_person(people: Sequence[dict[str, Any]], request: http.Request) -> int:
    """The member of staff in the address, else who looks at it, else the first one."""
    ids = [row["staff"] for row in people]
    own = request.staff.pk if request.staff.pk in ids else (ids[0] if ids else 0)
    return paging.parse_number(request, "person", own)


def _list_texts(report: Report, request: http.Request) -> list[TextToCopy]:
    """A text for each tone that the report has something for; one's own comes first."""
    groups, people = report.result["groups"]["rows"], report.result.get("people", [])
    found: list[tuple[Tone, dict[str, Any]]] = [(Tone.BOSS, {}), (Tone.TEAM, {})]
    if people:
        found.append((Tone.PERSON, {"staff": _chosen_person(people, request)}))
    if groups:
        group = request.GET.get("group", groups[0]["key"])
        found.append((Tone.GROUP_OWNER, {"group": group}))
    own = texts.part_of(report, request.staff)
    found.sort(key=lambda each: each[0] != own)
    return [
        TextToCopy(
            tone=tone,
            label=str(tone.label),
            text=texts.write(report, tone=tone, **given),
            is_own=tone == own,
        )
        for tone, given in found
    ]


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


CHIPS = {
    State.FAILED: ("bad", "exclamation-triangle"),
    State.OPEN: ("info", "clock"),
    State.OPENED: ("good", "check"),
    State.CLOSED: ("", "no-symbol"),
}


@dataclass(frozen=True, kw_only=True)
class DeliveryRow:
    delivery: ReportDelivery
    chip: Chip
    way: str


def list_deliveries(request: http.Request) -> list[DeliveryRow]:
    """Deliveries of the latest reports, for staff who may set the subscribers."""
    if not subscribers.may_manage(request.staff):
        return []
    return [
        DeliveryRow(
            delivery=each,
            chip=Chip(str(State(each.state).label), *CHIPS[State(each.state)]),
            way=_way(each),
        )
        for each in deliveries.list_latest(by=request.staff, at=request.at)
    ]


def _way(delivery: ReportDelivery) -> str:
    if delivery.state == State.FAILED:
        return _("%(reason)s It is tried again every minute.") % {
            "reason": delivery.reason
        }
    return _("as a staff task") if delivery.task_id else _("on Today")
