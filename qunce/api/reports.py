"""Reports: the numbers of a day, a week or a month as they were printed."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from ninja import Field, Router, Status
from pydantic import WithJsonSchema

from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope
from qunce.api.exports import describe_file
from qunce.core import errors
from qunce.insight.reports import (
    consequences,
    files,
    report_settings,
    reports,
    sections,
    subscribers,
    texts,
)
from qunce.insight.reports.models import Kind, Report
from qunce.outreach.report_deliveries import deliveries
from qunce.outreach.report_deliveries.models import ReportDelivery

router = Router(auth=RequiresScope("metrics"), tags=["reports"])
KindName = Annotated[str, WithJsonSchema({"type": "string", "enum": Kind.values})]
ToneName = Annotated[str, WithJsonSchema({"type": "string", "enum": texts.Tone.values})]
FormatName = Annotated[
    str, WithJsonSchema({"type": "string", "enum": list(files.FORMATS)})
]


class UnknownReportFormat(errors.NotFound):
    """A report has no file or text of this kind."""


class ReportLineOut(schemas.OutputSchema):
    """Figures are texts, as everywhere in a report."""

    name: str
    label: str
    value: str
    previous: str
    difference: str
    compared: str


class ReportOut(schemas.OutputSchema):
    """`lines` are net growth, active members and sales; `definitions` is their version."""

    id: int
    kind: str
    first: date
    last: date
    title: str
    created_at: datetime
    definitions: str
    lines: list[ReportLineOut]


class ReportTableOut(schemas.OutputSchema):
    name: str
    title: str
    headings: list[str]
    rows: list[list[str]]
    note: str


class ReportFindingOut(schemas.OutputSchema):
    headline: str
    cause: str
    effect: str


class ReportActionOut(schemas.OutputSchema):
    day: date
    action: str
    headline: str
    outcome: str


class ReportChangeOut(schemas.OutputSchema):
    """A number that late facts changed since it was printed."""

    name: str
    difference: str
    now: str


class FullReportOut(ReportOut):
    account: str
    findings: list[ReportFindingOut]
    actions: list[ReportActionOut]
    tables: list[ReportTableOut]
    changes: list[ReportChangeOut]


class ReportTextOut(schemas.OutputSchema):
    text: str


class ReportIn(schemas.InputSchema):
    """Without `day`, the last complete period; else the one that has the day."""

    kind: KindName
    day: Annotated[date | None, Field(description="A day of the period.")] = None


class ReportSubscribersIn(schemas.InputSchema):
    """Roles, and ids of staff."""

    roles: Annotated[list[schemas.Key], Field(max_length=10)] = []
    staff: Annotated[list[schemas.Id], Field(max_length=1_000)] = []


class ReportSubscribersOut(schemas.OutputSchema):
    kind: str
    roles: list[str]
    staff: list[int]


class SubscriberOut(schemas.OutputSchema):
    id: int
    login: str
    name: str


def _serialize_subscribers(found: subscribers.Subscribers) -> dict[str, Any]:
    return {
        "kind": found.kind,
        "roles": found.roles,
        "staff": [each.pk for each in found.staff],
    }


class ReportSettingsIn(schemas.InputSchema):
    """`first_weekday` is 0 for Monday. `left_out` are names of sections.

    Daily reports stay for `keep_days` days.
    """

    first_weekday: Annotated[int, Field(ge=0, le=6)] | None = None
    left_out: list[schemas.ShortText] | None = None
    keep_days: (
        Annotated[
            int,
            Field(ge=report_settings.MIN_KEEP_DAYS, le=report_settings.MAX_KEEP_DAYS),
        ]
        | None
    ) = None


class ReportSettingsOut(schemas.OutputSchema):
    first_weekday: int
    left_out: list[str]
    keep_days: int


class ReportDeliveryOut(schemas.OutputSchema):
    """`state` is failed, open, opened or closed; a failed one has a `reason`.

    Without a task, the report is on Today. `staff` is a login.
    """

    kind: str
    first: date
    staff: str
    report_id: int | None
    state: str
    reason: str
    as_task: bool

    @staticmethod
    def resolve_staff(delivery: ReportDelivery) -> str:
        return delivery.staff.login

    @staticmethod
    def resolve_as_task(delivery: ReportDelivery) -> bool:
        return delivery.task_id is not None


def _serialize(report: Report) -> dict[str, Any]:
    return {
        "id": report.pk,
        "kind": report.kind,
        "first": report.first,
        "last": report.last,
        "title": sections.title(report),
        "created_at": report.created_at,
        "definitions": report.definitions,
        "lines": sections.lines(report),
    }


def _serialize_fully(report: Report, request: ApiRequest) -> dict[str, Any]:
    return _serialize(report) | {
        "account": sections.account_line(report),
        "findings": sections.finding_texts(report),
        "actions": sections.action_texts(report),
        "tables": sections.tables(report),
        "changes": reports.find_changes(report=report, by=request.by, at=request.at),
    }


@router.get("/reports", response=schemas.Page[ReportOut])
def list_(
    request: ApiRequest,
    kind: KindName = "",
    after: schemas.Cursor = None,
    limit: schemas.Limit = 50,
) -> dict[str, Any]:
    """List the reports of what the staff member sees, by id."""
    if kind:
        reports.check_kind(kind)
    rows = reports.list_visible(request.by, kind).order_by("pk")
    page, more = schemas.paginate_rows(rows, after=after, limit=limit)
    return {"items": [_serialize(row) for row in page], "next": more}


@router.post("/reports", response={201: FullReportOut})
def create(request: ApiRequest, data: ReportIn) -> Any:
    """Print the report of a period; one that is printed already is returned as it is."""
    report = reports.create(
        community=request.community,
        kind=data.kind,
        day=data.day,
        by=request.by,
        at=request.at,
    )
    return Status(201, _serialize_fully(report, request))


@router.get("/reports/subscribers", response=list[ReportSubscribersOut])
def list_subscribers(request: ApiRequest) -> Any:
    """List whom Today shows new reports, by kind."""
    return [
        _serialize_subscribers(each) for each in subscribers.list_all(by=request.by)
    ]


@router.get("/reports/subscribers/choices", response=list[SubscriberOut])
def list_choices(request: ApiRequest) -> Any:
    """List the staff who can subscribe to reports."""
    return [
        {"id": each.pk, "login": each.login, "name": each.name}
        for each in subscribers.list_choices(by=request.by)
    ]


@router.put("/reports/subscribers/{report_kind}", response=ReportSubscribersOut)
def set_subscribers(
    request: ApiRequest, report_kind: KindName, data: ReportSubscribersIn
) -> dict[str, Any]:
    """Replace the subscribers of a kind of reports."""
    found = subscribers.set_subscribers(
        community=request.community,
        kind=report_kind,
        roles=data.roles,
        staff=data.staff,
        by=request.by,
        at=request.at,
    )
    return _serialize_subscribers(found)


@router.get("/reports/new", response=list[ReportOut])
def list_new(request: ApiRequest) -> Any:
    """List the latest reports that you are subscribed to."""
    found = subscribers.list_new(by=request.by, at=request.at)
    return [_serialize(report) for report in found]


@router.get("/reports/settings", response=ReportSettingsOut)
def get_settings(request: ApiRequest) -> Any:
    """Return how the reports of the community are printed."""
    return report_settings.get(request.community)


@router.patch("/reports/settings", response=ReportSettingsOut)
def change_settings(request: ApiRequest, data: ReportSettingsIn) -> Any:
    """Change how reports are printed from now on. Printed ones stay as they are."""
    return report_settings.change(
        community=request.community,
        by=request.by,
        at=request.at,
        **data.model_dump(exclude_unset=True),
    )


@router.post("/reports/settings/consequences", response=list[str])
def list_consequences(request: ApiRequest, data: ReportSettingsIn) -> list[str]:
    """List what a change of the settings would bring about, and change nothing."""
    return consequences.list_all(
        community=request.community,
        by=request.by,
        at=request.at,
        **data.model_dump(exclude_unset=True),
    )


@router.get("/reports/deliveries", response=list[ReportDeliveryOut])
def list_deliveries(request: ApiRequest) -> Any:
    """List who got the latest reports, and who has not opened them."""
    return deliveries.list_latest(by=request.by, at=request.at)


@router.get("/reports/{report_id}", response=FullReportOut)
def get(request: ApiRequest, report_id: schemas.Id) -> dict[str, Any]:
    """Return a report with its tables."""
    report = reports.get(by=request.by, pk=report_id)
    return _serialize_fully(report, request)


@router.post("/reports/{report_id}/opened", response={204: None})
def mark_opened(request: ApiRequest, report_id: schemas.Id) -> Any:
    """Mark a report that was delivered to you as opened, which finishes its task."""
    report = reports.get(by=request.by, pk=report_id)
    deliveries.mark_opened(report=report, by=request.by, at=request.at)
    return Status(204, None)


@router.get("/reports/{report_id}/text", response=ReportTextOut)
def get_text(
    request: ApiRequest,
    report_id: schemas.Id,
    tone: ToneName = texts.Tone.BOSS.value,
    group: schemas.ShortText = "",
    staff: schemas.Id | None = None,
) -> dict[str, str]:
    """Return a text to paste.

    That for the owner of a group needs the key of the group, and that for one of the team
    the id of the member of staff.
    """
    report = reports.get(by=request.by, pk=report_id)
    if tone not in texts.Tone.values:
        raise UnknownReportFormat(
            _("There is no text for “%(key)s”.") % {"key": tone[:40]}
        )
    return {"text": texts.write(report, tone=tone, group=group, staff=staff or 0)}


@router.get(
    "/reports/{report_id}/files/{file_format}",
    response={200: None},
    openapi_extra=describe_file("The file", "application/octet-stream"),
)
def download(
    request: ApiRequest, report_id: schemas.Id, file_format: FormatName
) -> HttpResponse:
    """Download a report as a workbook, a page or a picture."""
    report = reports.get(by=request.by, pk=report_id)
    if file_format not in files.FORMATS:
        raise UnknownReportFormat(
            _("A report has no file “%(key)s”.") % {"key": file_format[:40]}
        )
    response = HttpResponse(
        files.write(report, file_format), content_type=files.FORMATS[file_format]
    )
    name = files.name_of(report, file_format)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
