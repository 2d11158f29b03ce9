"""What members wait for: messages without an answer, complaints, and what is late."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from qunce.console import member_names
from qunce.console.today import items
from qunce.console.today.items import DECIDE, DO, TodayItem
from qunce.core.staff.models import Staff
from qunce.groups.complaints import complaint_list, escalation
from qunce.groups.complaints.models import Complaint
from qunce.outreach.replies import conversations

MAX_ITEMS = 20
MINUTES_PER_ANSWER = 1


@items.register
def unanswered_messages(staff: Staff, at: datetime) -> list[TodayItem]:
    """One item for all messages that this staff member is to answer."""
    waiting = conversations.list_own(by=staff, at=at)
    if not waiting:
        return []
    first = min((row.due_at for row in waiting if row.due_at), default=None)
    late = sum(row.due_at is not None and row.due_at < at for row in waiting)
    text = ngettext(
        "%(n)s message waits for your answer",
        "%(n)s messages wait for your answer",
        len(waiting),
    )
    reason = ngettext("%(n)s is late.", "%(n)s are late.", late) % {"n": late}
    return [
        TodayItem(
            key=f"inbox-{late}",
            section=DO,
            icon="chat-bubble-left-ellipsis",
            text=text % {"n": f"{len(waiting):,}"},
            reason=reason if late else "",
            url=reverse("inbox:detail", args=[waiting[0].pk]),
            action=_("Answer"),
            minutes=len(waiting) * MINUTES_PER_ANSWER,
            due_at=first,
            is_late=bool(late),
        )
    ]


@items.register
def late_messages_of_others(staff: Staff, at: datetime) -> list[TodayItem]:
    """One item for all messages that others have not answered in time."""
    late = conversations.list_late_of_others(by=staff, at=at)
    if not late:
        return []
    names = sorted({row.staff.name for row in late if row.staff})
    text = ngettext(
        "%(n)s message is not answered in time",
        "%(n)s messages are not answered in time",
        len(late),
    )
    return [
        TodayItem(
            key=f"inbox-late-{len(late)}",
            section=DECIDE,
            icon="clock",
            text=text % {"n": f"{len(late):,}"},
            reason=_("They wait for %(names)s.") % {"names": _(", ").join(names)},
            url=f"{reverse('inbox:list')}?of=late",
            action=_("See or hand over"),
            minutes=2,
            due_at=late[0].due_at,
            is_late=True,
        )
    ]


@items.register
def own_complaints(staff: Staff, at: datetime) -> list[TodayItem]:
    """The cases of this staff member, and those without an owner."""
    own = escalation.list_own(by=staff, at=at, limit=MAX_ITEMS)
    unowned = escalation.list_unowned(by=staff, at=at, limit=MAX_ITEMS)
    return _items([*own, *unowned][:MAX_ITEMS], at, section=DO)


@items.register
def late_complaints_of_others(staff: Staff, at: datetime) -> list[TodayItem]:
    """Cases that others have not answered in time, for staff who oversee them."""
    late = escalation.list_late_of_others(by=staff, at=at, limit=MAX_ITEMS)
    return _items(late, at, section=DECIDE)


def _items(
    found: Sequence[Complaint], at: datetime, *, section: str
) -> list[TodayItem]:
    names = member_names.find(case.account_id for case in found)
    return [
        TodayItem(
            key=f"case-{case.pk}-{case.state}-{section}",
            section=section,
            icon="exclamation-circle",
            text=_("Case %(n)s: %(heading)s")
            % {"n": case.pk, "heading": complaint_list.heading(case)},
            reason=_(", ").join(
                part
                for part in (
                    names.get(case.account_id or 0, ""),
                    case.owner.name if case.owner else _("no owner"),
                )
                if part
            ),
            url=reverse("complaints:detail", args=[case.pk]),
            action=_("Answer") if section == DO else _("See or hand over"),
            minutes=5,
            due_at=case.due_at,
            is_late=case.due_at < at,
        )
        for case in found
    ]
