"""What welcomes need from staff: those that no channel reaches, to post by hand."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from qunce.console.today import items
from qunce.console.today.items import DO, TodayItem
from qunce.core import permissions
from qunce.core.staff.models import Staff
from qunce.outreach import task_permissions
from qunce.outreach.sending import assisted_messages
from qunce.outreach.sending.ledger import Origin
from qunce.outreach.service_styles import answer_times
from qunce.outreach.welcomes import results, welcomes

DAY = timedelta(days=1)


@items.register
def welcomes_to_post(staff: Staff, at: datetime) -> list[TodayItem]:
    """Welcomes that this staff member is to post by hand, and how many were sent."""
    if not permissions.may(staff, task_permissions.DO_TASKS):
        return []
    waiting = assisted_messages.list_open(by=staff, at=at).filter(origin=Origin.WELCOME)
    rows = list(waiting[: assisted_messages.MAX_LISTED])
    if not rows:
        return []
    due = answer_times.due_times(rows, community=staff.community, at=at)
    first = min(due.values(), default=None)
    count = waiting.count()
    text = ngettext("%(n)s welcome waits for you", "%(n)s welcomes wait for you", count)
    return [
        TodayItem(
            key="welcome-posts",
            section=DO,
            icon="clipboard-document",
            text=text % {"n": f"{count:,}"},
            reason=_reason(staff, at),
            url=reverse("playbooks:post-list"),
            action=_("Post them"),
            minutes=max(1, count // 2),
            due_at=first,
            is_late=first is not None and first < at,
        )
    ]


def _reason(staff: Staff, at: datetime) -> str:
    """Why they wait, and what was done without staff."""
    why = _("No channel reaches these newcomers.")
    if not permissions.may(staff, welcomes.VIEW):
        return why
    sent = results.count_sent(by=staff, since=at - DAY)
    if not sent:
        return why
    done = ngettext(
        "%(n)s other was welcomed in 24 hours.",
        "%(n)s others were welcomed in 24 hours.",
        sent,
    )
    return f"{why} {done % {'n': f'{sent:,}'}}"
