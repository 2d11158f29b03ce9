"""What is due for one member: follow-ups of all staff, and what else has a day."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from qunce.core import communities, day_texts
from qunce.members.people import notes
from qunce.members.people.people import Person
from qunce.outreach.tasks import staff_tasks
from qunce.sidebar import offer_context, offers

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff

DAYS = 30
FOLLOW_UP, TASK, BIRTHDAY = "follow_up", "task", "birthday"


@dataclass(frozen=True)
class DueItem:
    """`due` is a day or a time in words; `id` that of the note or the staff task."""

    kind: str
    text: str
    due: str
    sort_key: str
    is_late: bool = False
    staff: str = ""
    id: int = 0


def list_due(person: Person, *, by: Staff, at: datetime) -> list[DueItem]:
    """What is due within DAYS for a person whom `by` may see, earliest first."""
    community = by.community
    items = [
        *_follow_ups(person, community, at),
        *_tasks(person, by, at),
        *_birthdays(person, community, at),
    ]
    return sorted(items, key=lambda item: item.sort_key)


def _follow_ups(
    person: Person, community: Community, at: datetime
) -> Iterable[DueItem]:
    zone = communities.zone(community)
    for note in notes.list_of_person(account.pk for account in person.accounts):
        if note.due_at is None or note.done_at or note.due_at > at + timedelta(DAYS):
            continue
        yield DueItem(
            FOLLOW_UP,
            note.next_step,
            day_texts.moment(note.due_at, at, zone),
            f"{note.due_at.astimezone(zone):%Y-%m-%d %H:%M}",
            is_late=note.due_at < at,
            staff=note.staff.name if note.staff else "",
            id=note.pk,
        )


def _tasks(person: Person, by: Staff, at: datetime) -> Iterable[DueItem]:
    """The tasks of `by` in which this person is still to be dealt with."""
    zone = communities.zone(by.community)
    accounts = [account.pk for account in person.accounts]
    for task in staff_tasks.list_open_about(accounts, by):
        due = task.due_at
        yield DueItem(
            TASK,
            f"{task.request.task_kind.label}: {task.request.title}",
            day_texts.moment(due, at, zone) if due else _("no deadline"),
            f"{due.astimezone(zone):%Y-%m-%d %H:%M}" if due else "9",
            is_late=task.is_late(at),
            staff=by.name,
            id=task.pk,
        )


def _birthdays(person: Person, community: Community, at: datetime) -> Iterable[DueItem]:
    born = offer_context.find_birthday(person)
    today = at.astimezone(communities.zone(community)).date()
    if born is None:
        return
    day = offers.next_anniversary(born, today)
    if (day - today).days <= DAYS:
        yield DueItem(
            BIRTHDAY,
            _("Birthday"),
            day_texts.day(day, today),
            f"{day.isoformat()} 00:00",
        )
