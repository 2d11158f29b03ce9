"""Items of Today about new reports, for their subscribers."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from qunce.console.today import items
from qunce.console.today.items import CHANGED, TodayItem
from qunce.core.staff.models import Staff
from qunce.insight.reports import sections, subscribers


@items.register
def new_reports(staff: Staff, at: datetime) -> list[TodayItem]:
    """One item per new report, until it is opened from here."""
    return [
        TodayItem(
            key=f"report-{report.pk}",
            section=CHANGED,
            icon="document-chart-bar",
            text=sections.title(report),
            reason=_(", ").join(
                f"{line.label} {line.value}" for line in sections.lines(report)
            ),
            url=reverse("insight:report", args=[report.pk]),
            action=_("Read"),
            minutes=2,
            may_dismiss=True,
            is_notice=True,
        )
        for report in subscribers.list_new(by=staff, at=at)
    ]
