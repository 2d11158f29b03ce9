"""Items of Today about open findings, for staff who may decide about them."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from qunce.console.today import items
from qunce.console.today.items import DECIDE, TodayItem
from qunce.console.today.snoozes import MAX_KEY_LENGTH
from qunce.core.staff.models import Staff
from qunce.insight.findings import daily, decisions, sentences


@items.register
def open_findings(staff: Staff, at: datetime) -> list[TodayItem]:
    """At most three, once they are computed."""
    found = daily.find_stored(by=staff, at=at) if decisions.may_decide(staff) else None
    return [
        TodayItem(
            key=f"finding-{finding.since}-{finding.cell}"[:MAX_KEY_LENGTH],
            section=DECIDE,
            icon="chart-bar",
            text=sentences.headline(finding),
            reason=sentences.cause_line(finding),
            url=f"{reverse('insight:findings')}#finding-{number}",
            action=_("Decide"),
            minutes=2,
        )
        for number, finding in enumerate(found.open if found else (), start=1)
    ]
