"""Answers to surveys that differ from what staff have noted."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from qunce.console.today import items
from qunce.console.today.items import DECIDE, TodayItem
from qunce.core import communities, day_texts
from qunce.core.staff.models import Staff
from qunce.members.surveys import effects


@items.register
def answers_to_decide(staff: Staff, at: datetime) -> list[TodayItem]:
    rows = effects.list_waiting(staff, at=at)
    if not rows:
        return []
    zone = communities.zone(staff.community)
    return [
        TodayItem(
            key=f"survey-conflict-{rows[-1].pk}-{len(rows)}",
            section=DECIDE,
            icon="clipboard-document-check",
            text=ngettext(
                "%(n)s answer differs from what staff have noted",
                "%(n)s answers differ from what staff have noted",
                len(rows),
            )
            % {"n": f"{len(rows):,}"},
            reason=_("The oldest answer: %(time)s")
            % {"time": day_texts.moment(rows[0].asked_at, at, zone)},
            url=reverse("surveys:conflict-list"),
            action=_("Take over or keep"),
            minutes=len(rows),
        )
    ]
