"""How long daily reports stay: old ones are deleted, unless something came of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext_lazy

from qunce.core import community_days
from qunce.core.facts import facts
from qunce.insight.findings.finding import Finding
from qunce.insight.findings.models import Decided, FindingDecision, State
from qunce.insight.reports import report_settings
from qunce.insight.reports.models import Kind, Report

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from qunce.core.communities import Community

BATCH_SIZE = 500
DAY = timedelta(days=1)


@facts.declare
@dataclass(frozen=True, kw_only=True)
class ReportsDeleted(facts.FactKind):
    """Dailies up to `until` are deleted, but for those that stay."""

    kind = "report.deleted"
    label = gettext_lazy("old daily reports deleted")
    labels = {
        "number": gettext_lazy("number of reports"),
        "until": gettext_lazy("last day"),
    }
    number: int
    until: str


@dataclass(frozen=True)
class Due:
    """Ids of the dailies before a day: those to delete, and those that stay."""

    deleted: tuple[int, ...]
    kept: tuple[int, ...]


def prune(*, community: Community, at: datetime) -> None:
    """Delete the dailies that are older than the settings say."""
    days = report_settings.get(community).keep_days
    before = community_days.to_date(community.day(at)) - timedelta(days=days)
    due = list_due(community, before)
    for start in range(0, len(due.deleted), BATCH_SIZE):
        _delete(community, due.deleted[start : start + BATCH_SIZE], before, at)


@transaction.atomic
def _delete(
    community: Community, ids: tuple[int, ...], before: date, at: datetime
) -> None:
    number, _by_table = Report.objects.filter(community=community, pk__in=ids).delete()
    if number:
        until = (before - DAY).isoformat()
        fact = ReportsDeleted(number=len(ids), until=until)
        facts.record(fact, community=community, by=None, at=at)


def list_due(community: Community, before: date) -> Due:
    """The dailies of days before `before`.

    One stays that has a dated note or says what came of an action, and so does one whose
    findings staff acted on.
    """
    acted = {
        (finding.cell, finding.since)
        for finding in map(Finding.from_json, _list_acted(community))
    }
    deleted: list[int] = []
    kept: list[int] = []
    for report in _list_dailies(community).filter(last__lt=before).iterator():
        stays = (
            report.result.get("notes")
            or report.result.get("actions")
            or any(
                (finding.cell, finding.since) in acted
                for finding in map(
                    Finding.from_json, report.result.get("findings") or ()
                )
            )
        )
        (kept if stays else deleted).append(report.pk)
    return Due(tuple(deleted), tuple(kept))


def _list_dailies(community: Community) -> QuerySet[Report]:
    rows = Report.objects.filter(community=community, kind=Kind.DAILY)
    return rows.order_by("pk")


def _list_acted(community: Community) -> QuerySet[FindingDecision, dict[str, Any]]:
    """The findings that staff acted on."""
    rows = FindingDecision.objects.filter(
        community=community, decided=Decided.ACTED, state=State.ACTIVE
    )
    return rows.order_by("pk").values_list("finding", flat=True)
