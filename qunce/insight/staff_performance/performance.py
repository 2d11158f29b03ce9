"""Staff performance: tasks, messages, first answers and members in charge, by person.

Rows are by name, as it is no ranking. Staff see their own row; see `visibility` for who
sees others. Everything counts only what the asker sees.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
from django.utils.translation import gettext as _

from qunce.core import community_days, errors, timestamps
from qunce.insight import metrics
from qunce.insight.first_answers import answer_times, chats
from qunce.insight.first_answers.answer_times import AnswerTimes, Outcome
from qunce.insight.first_answers.conversations import NEVER
from qunce.insight.staff_performance import members_in_charge, tasks, visibility
from qunce.insight.staff_performance.members_in_charge import MembersInCharge
from qunce.insight.staff_performance.tasks import AssignedTask, TaskCounts
from qunce.members.accounts import queries as account_queries

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray

    from qunce.core.staff.models import Staff
    from qunce.insight.first_answers.chats import Chats
    from qunce.insight.first_answers.conversations import Conversations
    from qunce.insight.first_answers.working_time import WorkingHours
    from qunce.insight.metric_query import MetricQuery

    Ints = NDArray[np.int64]

DEFAULT_SPAN, MAX_DAYS = 28, 366
NOBODY = 0
"""Stands for accounts of people who work here that belong to no known staff member."""


class InvalidSpan(errors.Invalid):
    """The span ends before it begins, is too long, or is in the future."""


@dataclass(frozen=True, kw_only=True)
class StaffRow:
    """`staff` is None for accounts that belong to no known staff member.

    `tasks` is None if the asker does not see the tasks of others; `groups` are those in
    which they wrote `messages`.
    """

    staff: Staff | None
    tasks: TaskCounts | None
    messages: int
    groups: int
    answers: AnswerTimes
    members: MembersInCharge | None

    @property
    def is_active(self) -> bool:
        """Whether they work here now."""
        return self.staff is not None and self.staff.is_active

    @property
    def is_empty(self) -> bool:
        tasks_assigned = self.tasks.assigned if self.tasks else 0
        members = self.members.members if self.members else 0
        return not (tasks_assigned or members or self.messages or self.answers.answered)


@dataclass(frozen=True, kw_only=True)
class Performance:
    """`total` is of all rows. `outcome` is of all conversations that the asker sees.

    `left_out` is money of orders without an exchange rate, by currency.
    """

    first: date
    last: date
    hours: WorkingHours | None
    rows: tuple[StaffRow, ...]
    total: StaffRow
    outcome: Outcome | None
    mentions: Outcome | None = None
    """Those of the conversations that members opened by calling us in a group."""
    left_out: dict[str, int]


@dataclass(frozen=True)
class Work:
    """What staff did in a span: `tasks`, and `chats` with whose answers and messages.

    `answered_by` and `written_by` are ids of staff, parallel to the conversations and
    messages of `chats`; NOBODY for accounts of nobody known.
    """

    query: MetricQuery
    staff: list[Staff]
    tasks: list[AssignedTask]
    chats: Chats
    answered_by: Ints
    written_by: Ints

    def tasks_of(self, staff: Sequence[int]) -> list[AssignedTask] | None:
        """Their tasks; None if the asker does not see tasks of others."""
        by = self.query.by
        if set(staff) - {by.pk} and not tasks.may_see_others(by):
            return None
        return [task for task in self.tasks if task.staff in staff]

    def conversations_of(self, staff: Sequence[int]) -> Conversations:
        """The conversations that these staff answered."""
        found = self.chats.conversations
        inside = np.isin(self.answered_by, staff) & (found.answered != NEVER)
        return found.filter(inside)

    def groups_of(self, staff: Sequence[int]) -> dict[int, int]:
        """Id of a group → how many messages these staff wrote in it."""
        groups = self.chats.groups[np.isin(self.written_by, staff)]
        ids, counts = np.unique(groups, return_counts=True)
        return dict(zip(ids.tolist(), counts.tolist(), strict=True))


def default_span(by: Staff, at: datetime) -> tuple[date, date]:
    """The last complete days."""
    yesterday = community_days.to_date(by.community.day(at)) - timedelta(days=1)
    return yesterday - timedelta(days=DEFAULT_SPAN - 1), yesterday


def compute(
    *,
    first: date,
    last: date,
    by: Staff,
    at: datetime,
    hours: WorkingHours | None = None,
) -> Performance:
    """The performance of the staff whom `by` sees, with `hours` also in working time."""
    work = load(first=first, last=last, by=by, at=at)
    members = members_in_charge.load(work.query, work.staff)
    rows = [_row(work, hours, [each.pk], each, members[each.pk]) for each in work.staff]
    rows = [row for row in rows if row.is_active or not row.is_empty]
    shown = [row.staff.pk for row in rows if row.staff]
    outcome = mentions = None
    if visibility.may_see_everyone(by):
        unknown = _row(work, hours, [NOBODY])
        rows += [] if unknown.is_empty else [unknown]
        shown.append(NOBODY)
        now = timestamps.to_micros(at)
        every = work.chats.conversations
        outcome = answer_times.count_outcomes(every, now)
        mentions = answer_times.count_outcomes(every.filter(every.is_mention), now)
    all_members = members_in_charge.add(row.members for row in rows if row.members)
    return Performance(
        first=first,
        last=last,
        hours=hours,
        rows=tuple(rows),
        total=_row(work, hours, shown, members=all_members),
        outcome=outcome,
        mentions=mentions,
        left_out=metrics.sales_left_out(
            community=by.community, first=first, last=last, by=by, at=at
        ),
    )


def _row(
    work: Work,
    hours: WorkingHours | None,
    ids: Sequence[int],
    staff: Staff | None = None,
    members: MembersInCharge | None = None,
) -> StaffRow:
    own, groups = work.tasks_of(ids), work.groups_of(ids)
    return StaffRow(
        staff=staff,
        tasks=None if own is None else tasks.count(own),
        messages=sum(groups.values()),
        groups=len(groups),
        answers=answer_times.measure(
            work.conversations_of(ids), community=work.query.community, hours=hours
        ),
        members=members,
    )


def load(*, first: date, last: date, by: Staff, at: datetime) -> Work:
    """What the staff whom `by` sees did on these days."""
    days = _check_span(first, last, by, at)
    query = metrics.create_query(
        community=by.community, first=first, last=last, by=by, at=at
    )
    found = chats.load(first=days[0], last=days[1], by=by, at=at, visible=query.visible)
    known = _staff_by_person(by)
    actors = found.conversations.actors
    answerers = _map(found.conversations.answerers, known)
    return Work(
        query,
        visibility.list_all(by),
        tasks.load(first=days[0], last=days[1], by=by, at=at),
        found,
        np.where(actors != NOBODY, actors, answerers),
        _map(found.writers, known),
    )


def _check_span(first: date, last: date, by: Staff, at: datetime) -> tuple[int, int]:
    days = community_days.from_date(first), community_days.from_date(last)
    if not 0 <= days[1] - days[0] < MAX_DAYS:
        raise InvalidSpan(
            _(
                "Give a first day that is not after the last one, and at most %(n)s days."
            )
            % {"n": MAX_DAYS}
        )
    if days[1] > by.community.day(at) or first.year < 1970:
        raise InvalidSpan(_("Give days between 1970 and today."))
    return days


def _staff_by_person(by: Staff) -> dict[int, int]:
    by_account = visibility.staff_by_account(by.community_id)
    people = account_queries.person_ids(by_account)
    return {people[account]: staff for account, staff in by_account.items()}


def _map(people: Ints, known: dict[int, int]) -> Ints:
    """The staff member of each person, NOBODY without one."""
    unique, places = np.unique(people, return_inverse=True)
    staff = [known.get(person, NOBODY) for person in unique.tolist()]
    return np.array(staff, dtype=np.int64)[places]
