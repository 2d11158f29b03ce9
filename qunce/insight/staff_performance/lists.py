"""What is behind the numbers of staff performance: conversations, tasks and groups."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import errors, timestamps
from qunce.insight.first_answers import answer_times
from qunce.insight.first_answers.answer_times import FIVE_MINUTES, HOUR
from qunce.insight.first_answers.conversations import NEVER, SECOND
from qunce.insight.staff_performance import tasks, visibility
from qunce.insight.staff_performance.performance import NOBODY

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from qunce.core.staff.models import Staff
    from qunce.insight.staff_performance.performance import Work
    from qunce.insight.staff_performance.tasks import AssignedTask

ALL, OTHERS = "all", "others"
"""Instead of the id of a staff member: all whom one sees, and accounts of nobody known."""


class Kind(models.TextChoices):
    """Which conversations. The last ones are not those of some staff."""

    ANSWERED = "answered", gettext_lazy("Conversations answered")
    FIVE_MINUTES = "five_minutes", gettext_lazy("Answered within 5 minutes")
    HOUR = "hour", gettext_lazy("Answered within 1 hour")
    SAME_DAY = "same_day", gettext_lazy("Answered on the same day")
    OPENED = "opened", gettext_lazy("Conversations opened")
    WAITING = "waiting", gettext_lazy("Waiting for an answer")
    UNANSWERED = "unanswered", gettext_lazy("Unanswered conversations")


OF_ALL = (Kind.OPENED, Kind.WAITING, Kind.UNANSWERED)


class NoSuchList(errors.NotFound):
    """There is no such list, or it is of what the asker does not see."""


@dataclass(frozen=True)
class ConversationLine:
    """`group` is the id of a group, None for a direct chat. `seconds` until the answer.

    `staff` is the id of who answered, 0 for nobody or for an account of nobody known.
    """

    group: int | None
    opener: int
    opened: datetime
    answered: datetime | None
    seconds: int | None
    staff: int


def find_staff(text: str, *, by: Staff) -> tuple[Staff | None, list[int]]:
    """The staff member of an id and the ids that count; `text` may be ALL or OTHERS.

    Raises StaffNotFound for staff whom `by` does not see.
    """
    if text.isascii() and text.isdigit() and len(text) < 18:
        staff = visibility.get(by=by, pk=int(text))
        return staff, [staff.pk]
    everyone = visibility.may_see_everyone(by)
    if text == OTHERS and everyone:
        return None, [NOBODY]
    if text == ALL:
        ids = [staff.pk for staff in visibility.list_all(by)]
        return None, [*ids, NOBODY] if everyone else ids
    raise visibility.StaffNotFound(_("There is no such staff member."))


def list_conversations(
    work: Work, *, kind: str, staff: list[int]
) -> list[ConversationLine]:
    """Conversations of a kind that these staff answered; the latest first."""
    if kind not in Kind.values:
        raise NoSuchList(_("There is no such list."))
    found = work.chats.conversations
    if kind in OF_ALL:
        if not visibility.may_see_everyone(work.query.by):
            raise NoSuchList(_("There is no such list."))
        chosen = np.ones(len(found.opened), dtype=bool)
    else:
        chosen = np.isin(work.answered_by, staff)
    chosen &= _is_of_kind(work, kind)
    order = np.flatnonzero(chosen)
    order = order[np.argsort(-found.opened[order], kind="stable")]
    return [_line(work, index) for index in order.tolist()]


def _is_of_kind(work: Work, kind: str) -> NDArray[np.bool_]:
    found = work.chats.conversations
    now = timestamps.to_micros(work.query.at)
    if kind == Kind.FIVE_MINUTES:
        return answer_times.is_within(found, FIVE_MINUTES)
    if kind == Kind.HOUR:
        return answer_times.is_within(found, HOUR)
    if kind == Kind.SAME_DAY:
        return answer_times.is_same_day(found, work.query.community)
    if kind == Kind.ANSWERED:
        return answer_times.is_answered(found)
    if kind == Kind.WAITING:
        return answer_times.is_waiting(found, now)
    if kind == Kind.UNANSWERED:
        late = ~answer_times.is_answered(found) & ~answer_times.is_waiting(found, now)
        return np.asarray(late)
    return np.ones(len(found.opened), dtype=bool)


def _line(work: Work, index: int) -> ConversationLine:
    found = work.chats.conversations
    chat, opened, answered = (
        int(column[index]) for column in (found.chats, found.opened, found.answered)
    )
    is_answered = answered != NEVER
    return ConversationLine(
        chat if chat > 0 else None,
        int(found.openers[index]),
        timestamps.from_micros(opened),
        timestamps.from_micros(answered) if is_answered else None,
        (answered - opened) // SECOND if is_answered else None,
        int(work.answered_by[index]),
    )


def list_tasks(work: Work, *, ending: str, staff: list[int]) -> list[AssignedTask]:
    """The tasks that a number of TaskCounts counts, by its name; the latest first."""
    own = work.tasks_of([each for each in staff if each != NOBODY])
    if own is None or ending not in tasks.LISTS:
        raise NoSuchList(_("There is no such list."))
    chosen = [task for task in own if task.is_in(ending)]
    return sorted(chosen, key=lambda task: task.assigned_at, reverse=True)
