"""Items of Today about staff tasks of other kinds than sending, and about newcomers."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from qunce.console.today import items
from qunce.console.today.items import DECIDE, DO, TodayItem
from qunce.core.staff.models import Staff
from qunce.outreach.sending import ledger
from qunce.outreach.sending.ledger import Origin
from qunce.outreach.tasks import left_texts, staff_tasks
from qunce.outreach.tasks.staff_tasks import StaffTask
from qunce.sets import audiences

MAX_ITEMS = 50
SECONDS_PER_MEMBER = 20
NEW_DAYS = 1


@items.register
def own_staff_tasks(staff: Staff, at: datetime) -> list[TodayItem]:
    # Reports to read have an item of their own.
    asked = [
        task
        for task in staff_tasks.list_open(staff)
        if not task.request.task_kind.is_automatic
    ]
    tasks = asked[:MAX_ITEMS]
    left = staff_tasks.count_left([task.pk for task in tasks])
    return [
        _own_item(task, left[task.pk], at) for task in tasks if _has_work(task, left)
    ]


def _has_work(task: StaffTask, left: dict[int, int]) -> bool:
    """A standing invitation has none until somebody rises."""
    return task.request.layering_id is None or bool(left[task.pk])


def _own_item(task: StaffTask, left: int, at: datetime) -> TodayItem:
    kind = task.request.task_kind
    text = _("%(kind)s: %(title)s") % {"kind": kind.label, "title": task.request.title}
    if left:
        text = ngettext(
            "%(kind)s: %(title)s, %(n)s member left",
            "%(kind)s: %(title)s, %(n)s members left",
            left,
        ) % {"kind": kind.label, "title": task.request.title, "n": f"{left:,}"}
    return TodayItem(
        key=f"staff-task-{task.pk}",
        section=DO,
        icon=kind.icon,
        text=text,
        reason=_("Assigned by %(name)s") % {"name": task.request.by.name},
        url=reverse("tasks:task-detail", args=[task.pk]),
        action=_("Continue"),
        minutes=max(2, -(-left * SECONDS_PER_MEMBER // 60)),
        due_at=task.due_at,
        is_late=task.is_late(at),
    )


@items.register
def late_staff_tasks(staff: Staff, at: datetime) -> list[TodayItem]:
    """Requests with late tasks of others, for those who see them."""
    by_request: dict[int, list[StaffTask]] = {}
    for task in staff_tasks.list_late_of_others(staff, at):
        by_request.setdefault(task.request_id, []).append(task)
    found = []
    for tasks in list(by_request.values())[:MAX_ITEMS]:
        request = tasks[0].request
        left = staff_tasks.count_left([task.pk for task in tasks])
        names = [(task.staff.name, left[task.pk] or 1) for task in tasks]
        found.append(
            TodayItem(
                key=f"late-request-{request.pk}",
                section=DECIDE,
                icon="clock",
                text=_("“%(title)s” is late: %(left)s")
                % {"title": request.title, "left": left_texts.describe(names)},
                reason=_("It was due %(time)s.") % {"time": _clock(tasks[0].due_at)},
                url=reverse("tasks:request-detail", args=[request.pk]),
                action=_("See or remind"),
                minutes=2,
                due_at=tasks[0].due_at,
                is_late=True,
            )
        )
    return found


def _clock(moment: datetime | None) -> str:
    return timezone.localtime(moment).strftime("%m-%d %H:%M") if moment else ""


@items.register
def newcomers(staff: Staff, at: datetime) -> list[TodayItem]:
    """Members of this staff member who joined since yesterday and whom nothing greets.

    A welcome or a playbook greets the others, or staff post it.
    """
    rule = {"all": [{"staff": {"me": True}}, {"joined": {"within": f"{NEW_DAYS}d"}}]}
    people = audiences.people(community=staff.community, rule=rule, by=staff, at=at)
    greeted = ledger.find_written_to(
        list(people),
        origins=[Origin.WELCOME, Origin.PLAYBOOK],
        # A day that began yesterday is up to two days long.
        since=at - timedelta(days=NEW_DAYS + 1),
    )
    count = len(people) - len(greeted)
    if not count:
        return []
    return [
        TodayItem(
            key=f"newcomers-{staff.community.day(at)}-{count}",
            section=DO,
            icon="hand-raised",
            text=ngettext("Welcome %(n)s newcomer", "Welcome %(n)s newcomers", count)
            % {"n": f"{count:,}"},
            reason=_("They joined since yesterday, and you are in charge of them."),
            url=f"{reverse('members:list')}?staff={staff.pk}&sort=-joined",
            action=_("View these members"),
            minutes=max(2, count),
            may_dismiss=True,
            is_notice=True,
        )
    ]
