"""Items of Today about new reports, for their subscribers."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from qunce.console.today import items
from qunce.console.today.items import CHANGED, DO, TodayItem
from qunce.core.staff.models import Staff
from qunce.insight.reports import sections
from qunce.outreach.report_deliveries import deliveries


@items.register
def new_reports(staff: Staff, at: datetime) -> list[TodayItem]:
    """One item per delivered report, until it is opened; with a task it is work to do."""
    return [
        TodayItem(
            key=f"report-{delivery.report.pk}",
            section=CHANGED if delivery.task is None else DO,
            icon="document-chart-bar",
            text=sections.title(delivery.report),
            reason=_(", ").join(
                f"{line.label} {line.value}" for line in sections.lines(delivery.report)
            ),
            url=reverse("insight:report", args=[delivery.report.pk]),
            action=_("Read"),
            minutes=2,
        )
        for delivery in deliveries.list_open(staff)
        if delivery.report is not None
    ]
