"""Deliveries of reports: each subscriber gets the report of what they see, once.

It is a staff task, which is done when the report is opened. Staff who do no tasks, such
as viewers, have it on Today. What could not be delivered is tried again every minute.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext_lazy

from qunce.core import community_days, errors, permissions
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.insight.reports import reports, sections, subscribers
from qunce.insight.reports.models import Report
from qunce.outreach import task_permissions
from qunce.outreach.report_deliveries.models import (
    MAX_REASON,
    STATES,
    ReportDelivery,
    State,
)
from qunce.outreach.tasks import outcomes, staff_tasks
from qunce.outreach.tasks.kinds import report as report_kind
from qunce.outreach.tasks.staff_tasks import StaffTask, TaskRequest
from qunce.outreach.tasks.staff_tasks import State as TaskState

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from qunce.core.facts.facts import RecordedFact
    from qunce.insight.reports.periods import Period


@dataclass(frozen=True, kw_only=True)
class DeliveryFact(facts.FactKind):
    """`staff` is the name of who got the report."""

    labels = {
        "report": gettext_lazy("number of the report"),
        "period": gettext_lazy("kind of the period"),
        "staff": gettext_lazy("staff"),
    }
    report: int
    period: str
    staff: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ReportDelivered(DeliveryFact):
    kind = "report.delivered"
    label = gettext_lazy("report delivered")


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ReportOpened(DeliveryFact):
    kind = "report.opened"
    label = gettext_lazy("delivered report opened")


# Verbs


def deliver_due(*, at: datetime) -> None:
    """Deliver the latest reports to subscribers who do not have them, in all communities."""
    for community in Community.objects.order_by("pk"):
        deliver(community=community, at=at)


def deliver(*, community: Community, at: datetime) -> None:
    """Deliver the latest report of each kind to its subscribers, and close earlier ones.

    Whoever is subscribed later gets the latest one, too. A report that is not printed yet
    is delivered when it is.
    """
    today = community_days.to_date(community.day(at))
    latest = {period.kind: period for period in reports.list_latest(community, today)}
    due = {
        (staff.pk, latest[kind].kind, latest[kind].first): staff
        for kind, people in subscribers.list_staff(community).items()
        for staff in people
    }
    known = {}
    for row in _list_unsettled(community, list(latest.values())):
        key = (row.staff_id, row.kind, row.first)
        known[key] = row
        if key not in due and row.state in (State.OPEN, State.FAILED):
            _close(row, at)
    for key, staff in due.items():
        if key not in known or known[key].state == State.FAILED:
            _deliver(latest[key[1]], staff, known.get(key), at)


def react(*, community: Community, facts: Sequence[RecordedFact], at: datetime) -> None:
    """Deliver at once what was printed, and to whom is subscribed now."""
    deliver(community=community, at=at)


def _list_unsettled(
    community: Community, latest: Sequence[Period]
) -> QuerySet[ReportDelivery]:
    """Deliveries of the latest periods, and earlier ones that nobody has opened."""
    rows = ReportDelivery.objects.filter(community=community)
    found = rows.filter(state__in=[State.OPEN, State.FAILED])
    for period in latest:
        found |= rows.filter(kind=period.kind, first=period.first)
    return found.select_related("task__request", "staff").order_by("pk")


def _deliver(
    period: Period, staff: Staff, row: ReportDelivery | None, at: datetime
) -> None:
    try:
        for report in reports.list_visible(staff, period.kind).filter(
            first=period.first
        ):
            _hand_out(report, staff, row, at)
    except errors.QunceError as error:
        _fail(period, staff, row, str(error)[:MAX_REASON], at)


@transaction.atomic
def _hand_out(
    report: Report, staff: Staff, row: ReportDelivery | None, at: datetime
) -> None:
    # Locked, so that two processes make one request of one report.
    Report.objects.select_for_update().get(pk=report.pk)
    if row is None:
        row, is_new = ReportDelivery.objects.get_or_create(
            community=report.community,
            kind=report.kind,
            first=report.first,
            staff=staff,
            defaults={"state": State.FAILED, "changed_at": at},
        )
        if not is_new:
            return
    task = None
    if permissions.may(staff, task_permissions.DO_TASKS):
        request = _find_request(report) or _create_request(report, at)
        task = StaffTask.objects.create(request=request, staff=staff, created_at=at)
    STATES.transition(
        row, "deliver", report=report, task=task, reason="", changed_at=at
    )
    _record(ReportDelivered, row, None, at)


def _find_request(report: Report) -> TaskRequest | None:
    rows = ReportDelivery.objects.filter(report=report, task__isnull=False)
    for row in rows.select_related("task__request").order_by("pk")[:1]:
        if row.task is not None:
            return row.task.request
    return None


def _create_request(report: Report, at: datetime) -> TaskRequest:
    with translation.override(report.community.language):
        title = sections.title(report)
    return TaskRequest.objects.create(
        community=report.community,
        kind=report_kind.REPORT.key,
        title=title[:80],
        created_at=at,
        by=staff_models.system(report.community),
    )


def _fail(
    period: Period, staff: Staff, row: ReportDelivery | None, reason: str, at: datetime
) -> None:
    if row is None:
        ReportDelivery.objects.get_or_create(
            community=staff.community,
            kind=period.kind,
            first=period.first,
            staff=staff,
            defaults={"state": State.FAILED, "reason": reason, "changed_at": at},
        )
    elif row.reason != reason:
        rows = ReportDelivery.objects.filter(pk=row.pk, state=State.FAILED)
        rows.update(reason=reason, changed_at=at)


@transaction.atomic
def _close(row: ReportDelivery, at: datetime) -> None:
    """Take a report off the list of a subscriber who has not opened it."""
    rows = ReportDelivery.objects.filter(
        pk=row.pk, state__in=STATES.transitions["close"][0]
    )
    if rows.update(state=State.CLOSED, changed_at=at) and row.task is not None:
        open_task = StaffTask.objects.filter(pk=row.task.pk, state=TaskState.OPEN)
        open_task.update(state=TaskState.CANCELLED, finished_at=at)
        outcomes.finish_request_if_done(row.task, at)


@transaction.atomic
def mark_opened(*, report: Report, by: Staff, at: datetime) -> None:
    """Finish the task of a delivered report that `by` opens; without one, do nothing."""
    rows = ReportDelivery.objects.filter(
        report=report, staff=by, state__in=STATES.transitions["open"][0]
    )
    for row in rows.select_related("task__request__community", "task__staff"):
        if row.task is not None and staff_tasks.may_do(row.task, by):
            outcomes.finish(task=row.task, by=by, at=at)
        _set_opened(row, by, at)


def react_to_finished(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Note what was opened when its task is finished in another way."""
    tasks = [int(fact.payload["task"]) for fact in facts]
    rows = ReportDelivery.objects.filter(community=community, task__in=tasks)
    for row in rows.filter(state=State.OPEN).select_related("staff"):
        _set_opened(row, row.staff, at)


def _set_opened(row: ReportDelivery, by: Staff, at: datetime) -> None:
    rows = ReportDelivery.objects.filter(
        pk=row.pk, state__in=STATES.transitions["open"][0]
    )
    # Two tabs may open it in one moment.
    if rows.update(state=State.OPENED, changed_at=at):
        _record(ReportOpened, row, by, at)


def _record(
    kind: type[DeliveryFact], row: ReportDelivery, by: Staff | None, at: datetime
) -> None:
    fact = kind(report=row.report_id or 0, period=row.kind, staff=row.staff.name)
    facts.record(fact, community=row.community, by=by, at=at)


# Reads


def list_open(by: Staff) -> list[ReportDelivery]:
    """What `by` got and has not opened, if they still see it."""
    rows = ReportDelivery.objects.filter(
        community=by.community, staff=by, state=State.OPEN, report__isnull=False
    )
    visible = reports.list_visible(by).values("pk")
    rows = rows.filter(report__in=visible).select_related("report__community", "task")
    return list(rows.order_by("kind", "pk"))


def list_latest(*, by: Staff, at: datetime) -> list[ReportDelivery]:
    """The deliveries of the latest reports, opened or not, by kind and name."""
    permissions.check_may(by, subscribers.MANAGE)
    today = community_days.to_date(by.community.day(at))
    rows = ReportDelivery.objects.none()
    for period in reports.list_latest(by.community, today):
        rows |= ReportDelivery.objects.filter(
            community=by.community, kind=period.kind, first=period.first
        )
    return list(rows.select_related("staff", "report").order_by("kind", "staff__name"))


def find_report(task: StaffTask) -> int | None:
    """The id of the report that a task delivers."""
    rows = ReportDelivery.objects.filter(task=task).order_by("pk")
    return rows.values_list("report_id", flat=True).first()
