"""Reports: the numbers of a day, a week or a month, printed once and never changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import community_days, errors, permissions
from qunce.core.facts import facts
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.insight.findings import daily
from qunce.insight.reports import periods, report_settings, results, retention
from qunce.insight.reports.models import Kind, Report
from qunce.insight.staff_performance import visibility
from qunce.sets import first_facts
from qunce.sets.mirror import mirror

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from qunce.core.communities import Community
    from qunce.insight.reports.periods import Period

CREATE = permissions.declare(
    "reports.create",
    permissions.Role.MANAGER,
    permissions.Role.OPERATOR,
    label=gettext_lazy("create reports"),
)

FIRST_DAY = date(1900, 1, 1)


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ReportCreated(facts.FactKind):
    kind = "report.created"
    label = gettext_lazy("report created")
    labels = {
        "report": gettext_lazy("number of the report"),
        "period": gettext_lazy("kind of the period"),
    }
    report: int
    period: str


class ReportNotFound(errors.NotFound):
    """There is no such report, or it is of people whom staff do not see."""


class InvalidPeriod(errors.Invalid):
    """The kind is unknown, or the period is not complete yet."""


# Checks


def check_may_create(by: Staff) -> None:
    permissions.check_may(by, CREATE)


def may_create(by: Staff) -> bool:
    return permissions.may(by, CREATE)


def check_kind(kind: str) -> None:
    """Raise InvalidPeriod for an unknown kind."""
    if kind not in Kind.values:
        raise InvalidPeriod(
            _("There is no report “%(key)s”. Available: %(all)s.")
            % {"key": kind[:40], "all": ", ".join(Kind.values)}
        )


def parse_period(
    kind: str, day: date | None, *, community: Community, at: datetime
) -> Period:
    """The complete period of a kind that has the day, by default the last one.

    Raises InvalidPeriod, too, for a day before there was anything to count.
    """
    check_kind(kind)
    today = community_days.to_date(community.day(at))
    first_weekday = report_settings.get(community).first_weekday
    latest = periods.find_latest(kind, today, first_weekday=first_weekday)
    period = latest
    if day is not None:
        # A week or a month around the first or the last day of the calendar has no end.
        near = min(max(day, FIRST_DAY), today)
        period = periods.find(kind, near, first_weekday=first_weekday)
    first = find_first_day(community)
    if day is not None and period.last < first:
        raise InvalidPeriod(
            _("There are no numbers before %(first)s. Give a day from then on.")
            % {"first": first}
        )
    if period.first > latest.first:
        raise InvalidPeriod(
            _("The period from %(first)s to %(last)s is not over yet.")
            % {"first": period.first, "last": period.last}
        )
    return period


def find_first_day(community: Community) -> date:
    """The day of the community's creation, or of the first fact if that is earlier."""
    created = community.day(community.created_at)
    first = first_facts.find_first_day(community)
    return community_days.to_date(created if first is None else min(first, created))


# Verbs


def create(
    *,
    community: Community,
    kind: str,
    day: date | None = None,
    by: Staff,
    at: datetime,
) -> Report:
    """Print the report of a period; if it is printed already, return it as it is."""
    check_may_create(by)
    permissions.check_community(by, community.pk)
    period = parse_period(kind, day, community=community, at=at)
    return get(by=by, pk=_print(period, by=by, at=at).pk)


def _print(period: Period, *, by: Staff, at: datetime) -> Report:
    found = list_visible(by).filter(kind=period.kind, first=period.first)
    for report in found:
        return report
    position = mirror.position().reached
    result = results.freeze(period=period, by=by, at=at)
    with transaction.atomic():
        # Somebody else may have printed it while the numbers were counted.
        report, is_new = Report.objects.get_or_create(
            community=by.community,
            view=daily.view_of(by),
            kind=period.kind,
            first=period.first,
            defaults={
                "last": period.last,
                "result": result,
                "definitions": results.definitions_version(),
                "position": position,
                "created_at": at,
                "by": by,
            },
        )
        if is_new:
            fact = ReportCreated(report=report.pk, period=period.kind)
            facts.record(fact, community=by.community, by=by, at=at)
    return report


def start_day(*, community: Community, at: datetime) -> None:
    """Print one report that is due; called every minute, so that others are not delayed.

    The last day, week and month are due for each kind of staff, unless they ended before
    there was a community.
    """
    today = community_days.to_date(community.day(at))
    created = community_days.to_date(community.day(community.created_at))
    due = [period for period in list_latest(community, today) if period.last >= created]
    if not due:
        return
    rows = Report.objects.filter(
        community=community, first__in=[period.first for period in due]
    )
    done = set(rows.values_list("view", "kind", "first"))
    staff = Staff.objects.filter(community=community, is_active=True)
    for by in (staff_models.system(community), *staff.order_by("pk")):
        try:
            view = daily.view_of(by)
            for period in due:
                if (view, period.kind, period.first) not in done:
                    _print(period, by=by, at=at)
                    if period.kind == Kind.DAILY:
                        retention.prune(community=community, at=at)
                    return
        except errors.QunceError:
            # A scope that names what is gone must not keep others from their reports.
            continue


# Reads


def list_latest(community: Community, today: date) -> list[Period]:
    """The last complete period of each kind."""
    first_weekday = report_settings.get(community).first_weekday
    return [
        periods.find_latest(kind, today, first_weekday=first_weekday)
        for kind in Kind.values
    ]


def list_visible(by: Staff, kind: str = "") -> QuerySet[Report]:
    """The reports of what `by` sees, the latest first."""
    rows = Report.objects.filter(community=by.community, view=daily.view_of(by))
    if kind:
        rows = rows.filter(kind=kind)
    return rows.select_related("community", "by").order_by("-last", "-first", "-pk")


def get(*, by: Staff, pk: int) -> Report:
    """A report of what `by` sees, with the rows of those staff whose numbers they see."""
    for report in list_visible(by).filter(pk=pk):
        people = report.result.get("people", [])
        if people:
            seen = {staff.pk for staff in visibility.list_all(by)}
            report.result["people"] = [row for row in people if row["staff"] in seen]
        return report
    raise ReportNotFound(_("There is no such report."))


def period_of(report: Report) -> Period:
    return periods.Period(kind=report.kind, first=report.first, last=report.last)


def find_metric(report: Report, name: str) -> dict[str, Any] | None:
    for row in report.result["metrics"]:
        if row["name"] == name:
            return dict(row)
    return None


@dataclass(frozen=True, kw_only=True)
class Change:
    """A number that is another one now than when it was printed."""

    name: str
    difference: str
    now: str


def find_changes(*, report: Report, by: Staff, at: datetime) -> tuple[Change, ...]:
    """The printed numbers that late facts or corrections have changed since."""
    get(by=by, pk=report.pk)
    if report.position == mirror.position().reached:
        return ()
    currency = report.community.currency
    counted = results.count(period_of(report), by=by, at=at).numbers
    return tuple(
        Change(
            name=row["name"],
            difference=results.format_difference(
                row["name"], counted[row["name"]] - row["number"], currency
            ),
            now=results.format_figure(row["name"], counted[row["name"]], currency),
        )
        for row in report.result["metrics"]
        if row["name"] in counted and counted[row["name"]] != row["number"]
    )


def has_other_definitions(report: Report) -> bool:
    """Whether definitions have changed since, so that numbers of now are no others."""
    return report.definitions != results.definitions_version()
