"""What playbooks need from staff: what is held up, messages to post, and notices."""

from __future__ import annotations

from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from qunce.console.today import items
from qunce.console.today.items import DECIDE, DO, TodayItem
from qunce.core import permissions
from qunce.core.staff.models import Staff
from qunce.outreach import task_permissions
from qunce.outreach.playbooks import explanations, results, staff_notices
from qunce.outreach.sending import assisted_messages
from qunce.outreach.sending.ledger import Origin

MAX_ITEMS = 5


@items.register
def troubled_playbooks(staff: Staff, at: datetime) -> list[TodayItem]:
    """Playbooks whose steps lack something, or wait for a decision."""
    return [
        TodayItem(
            key=f"playbook-{each.playbook.pk}-{each.reason}",
            section=DECIDE,
            icon="pause-circle",
            text=ngettext(
                "“%(playbook)s”: %(n)s is held up",
                "“%(playbook)s”: %(n)s are held up",
                each.runs,
            )
            % {"playbook": each.playbook.name, "n": f"{each.runs:,}"},
            reason=explanations.label_of(each.reason)
            if each.reason
            else _("Late by the new version, to be decided"),
            url=reverse("playbooks:detail", args=[each.playbook.pk]),
            action=_("Review"),
            minutes=3,
        )
        for each in results.list_troubled(by=staff)[:MAX_ITEMS]
    ]


@items.register
def messages_to_post(staff: Staff, at: datetime) -> list[TodayItem]:
    """Messages that this staff member is to post by hand, such as those of series."""
    if not permissions.may(staff, task_permissions.DO_TASKS):
        return []
    others = assisted_messages.list_open(by=staff, at=at).exclude(origin=Origin.WELCOME)
    count = others.count()
    if not count:
        return []
    text = ngettext(
        "%(n)s message to post by hand",
        "%(n)s messages to post by hand",
        count,
    )
    return [
        TodayItem(
            key="playbook-posts",
            section=DO,
            icon="clipboard-document",
            text=text % {"n": f"{count:,}"},
            reason="",
            url=reverse("playbooks:post-list"),
            action=_("Post them"),
            minutes=max(1, count // 2),
        )
    ]


@items.register
def staff_notices_to_see(staff: Staff, at: datetime) -> list[TodayItem]:
    """Tasks in groups one by one, and what playbooks notify this staff member about."""
    found = staff_notices.list_open(by=staff, at=at)
    tasks = [notice for notice in found if notice.due_at]
    notices = [notice for notice in found if not notice.due_at]
    url = reverse("playbooks:notice-list")
    shown = [
        TodayItem(
            key=f"notice-{notice.pk}",
            section=DO,
            icon="clipboard-document-list",
            text=notice.text,
            reason=notice.run_step.run.playbook.name,
            url=url,
            action=_("Open"),
            due_at=notice.due_at,
            is_late=notice.is_late(at),
        )
        for notice in tasks[:MAX_ITEMS]
    ]
    if notices:
        text = ngettext(
            "%(n)s notice of playbooks", "%(n)s notices of playbooks", len(notices)
        )
        shown.append(
            TodayItem(
                # Put aside, they come back with the next one.
                key=f"notices-{notices[-1].pk}",
                section=DO,
                icon="bell",
                text=text % {"n": f"{len(notices):,}"},
                reason=notices[-1].text,
                url=url,
                action=_("Open"),
            )
        )
    return shown
