"""Points for coming to a live session: once for each person, within the budget.

The present rows decide, and not the fact that is reacted to, so that facts may arrive in
any order and again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction

from qunce.activities import budget
from qunce.activities.activities import entries
from qunce.activities.activities.models import State as ActivityState
from qunce.activities.live_sessions import sessions
from qunce.activities.live_sessions.models import LiveAttendance
from qunce.activities.points import earning, reversals
from qunce.members.accounts import queries as account_queries

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.facts.facts import RecordedFact


def react_to_attended(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Reaction to members who came: give their points."""
    ids = [fact.payload["attendance"] for fact in facts]
    _settle(LiveAttendance.objects.filter(pk__in=ids), community, at)


def react_to_struck_out(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Reaction to entries that were struck out or restored: take back, or give again."""
    for fact in facts:
        if fact.account is not None:
            accounts = account_queries.account_ids_of_person(fact.account)
            rows = LiveAttendance.objects.filter(
                activity=fact.payload["activity"], account_id__in=accounts
            )
            _settle(rows, community, at)


def _settle(rows: Iterable[LiveAttendance], community: Community, at: datetime) -> None:
    for pk in sorted(row.pk for row in rows):
        with transaction.atomic():
            found = LiveAttendance.objects.select_for_update(of=("self",))
            row = (
                found.select_related("activity__community")
                .filter(pk=pk, activity__community=community)
                .first()  # unique
            )
            if row is not None:
                _settle_one(row, at)


def _settle_one(row: LiveAttendance, at: datetime) -> None:
    accounts = account_queries.account_ids_of_person(row.account_id)
    is_out = entries.is_struck_out(row.activity, accounts)
    if is_out:
        take_back(row, at=at)
    elif row.points_entry is None and not _has_points(row, accounts):
        _give(row, at)


def _has_points(row: LiveAttendance, accounts: Sequence[int]) -> bool:
    """Whether the person has the points already, with another account."""
    rows = LiveAttendance.objects.filter(
        activity=row.activity_id, account_id__in=accounts, points_entry__isnull=False
    )
    return rows.exists()


def _give(row: LiveAttendance, at: datetime) -> None:
    activity, points = row.activity, row.activity.settings["points"]
    is_erased = bool(account_queries.find_erased([row.account_id]))
    if not points or is_erased or activity.state == ActivityState.CANCELLED:
        return
    key = key_of(row)
    try:
        budget.reserve(activity=activity, key=key, points=points, at=at)
    except budget.BudgetExceeded:
        row.is_unpaid = True
        row.save(update_fields=["is_unpaid"])
        return
    earned = earning.award(
        account_id=row.account_id,
        amount=points,
        key=key,
        by=None,
        at=at,
        reason=activity.name,
    )
    if earned.entry is None:
        budget.release(activity=activity, key=key, at=at)
        return
    budget.book(activity=activity, key=key, at=at)
    row.points_entry, row.is_unpaid = earned.entry.pk, False
    row.payments += 1
    row.save(update_fields=["points_entry", "is_unpaid", "payments"])


def key_of(row: LiveAttendance) -> str:
    """What its next points are earned under; those given again have another key."""
    return f"{sessions.KIND}/{row.pk}/{row.payments}"


def take_back(row: LiveAttendance, *, at: datetime) -> None:
    """Take back the points of an attendance, if it has them."""
    if row.points_entry is None:
        return
    reversals.reverse_awards(
        community=row.activity.community, entries=[row.points_entry], by=None, at=at
    )
    key = f"{sessions.KIND}/{row.pk}/{row.payments - 1}"
    budget.undo(activity=row.activity, key=key, at=at)
    row.points_entry = None
    row.save(update_fields=["points_entry"])
