"""Rounds: questions that are asked one after the other, and the round of a chain."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from qunce.activities.activities import activities, lifecycle
from qunce.activities.activities.models import Activity, State
from qunce.activities.games import game_facts, rules
from qunce.activities.games.models import Closed, Round
from qunce.activities.games.rules import Asked, Pace, Rules
from qunce.core import errors
from qunce.core.facts import facts

if TYPE_CHECKING:
    from qunce.core.staff.models import Staff

PAUSE = timedelta(seconds=10)
"""Between two questions that are asked automatically, to read who was right."""
FINISH_PAUSE = timedelta(minutes=2)
"""After the last question, in which staff can rule before the game ends."""
MAX_PER_RUN = 200


class RoundNotFound(errors.NotFound):
    """There is no such question of this game."""


class NoQuestionLeft(errors.Refused):
    """All questions were asked, or they are not opened by staff."""


# Verbs


@transaction.atomic
def open_next(*, activity: Activity, by: Staff, at: datetime) -> Round:
    """Ask the next question; one that is open is closed."""
    activities.check_may_run(by, activity)
    locked = _lock(activity)
    if locked.state != State.RUNNING:
        raise NoQuestionLeft(_("Questions are asked while the activity is running."))
    own = rules.of(locked)
    asked = find_next(locked, own)
    if asked is None:
        raise NoQuestionLeft(_("All questions were asked."))
    for each in Round.objects.filter(activity=locked, closed_at__isnull=True):
        _close(each, Closed.STAFF, by=by, at=at)
    return _open(locked, asked.number, asked.seconds, by=by, at=at)


@transaction.atomic
def close(*, row: Round, by: Staff, at: datetime) -> None:
    """Close a question or a chain before its time."""
    activities.check_may_run(by, row.activity)
    _close(row, Closed.STAFF, by=by, at=at)


def ensure(activity: Activity, own: Rules, number: int, at: datetime) -> None:
    """Open what needs nobody: a chain, a question asked at once, or the first of several."""
    if own.is_chain:
        if not Round.objects.filter(activity=activity).exists():
            _open(_lock(activity), 1, None, by=None, at=at)
        return
    asked = own.find(number)
    if asked is None:
        return
    if own.pace == Pace.ALL:
        times = {"opened_at": activity.starts_at, "ends_at": activity.ends_at}
        Round.objects.get_or_create(activity=activity, number=number, defaults=times)
        return
    is_first = not Round.objects.filter(activity=activity).exists()
    if own.pace == Pace.AUTOMATIC and is_first:
        _open(_lock(activity), 1, own.questions[0].seconds, by=None, at=at)


def _lock(activity: Activity) -> Activity:
    rows = Activity.objects.select_for_update(of=("self",), no_key=True)
    return rows.select_related("community").get(pk=activity.pk)


def _open(
    activity: Activity,
    number: int,
    seconds: int | None,
    *,
    by: Staff | None,
    at: datetime,
) -> Round:
    ends = [activity.ends_at] if activity.ends_at is not None else []
    if seconds is not None:
        ends.append(at + timedelta(seconds=seconds))
    row, is_new = Round.objects.get_or_create(
        activity=activity,
        number=number,
        defaults={"opened_at": at, "ends_at": min(ends, default=None)},
    )
    if is_new:
        fact = game_facts.RoundOpened(activity=activity.pk, round=number)
        facts.record(fact, community=activity.community, by=by, at=at)
    return row


def _close(row: Round, how: Closed, *, by: Staff | None, at: datetime) -> None:
    closed_at = min(at, row.ends_at) if row.ends_at is not None else at
    rows = Round.objects.filter(pk=row.pk, closed_at__isnull=True)
    if rows.update(closed_at=closed_at, closed_by=how):
        note_closed(row, by=by, at=at)
    row.refresh_from_db(fields=["closed_at", "closed_by", "winner"])


def note_closed(row: Round, *, by: Staff | None, at: datetime) -> None:
    """Record that a round was closed, from which its result in the groups follows."""
    fact = game_facts.RoundClosed(activity=row.activity_id, round=row.number)
    facts.record(fact, community=row.activity.community, by=by, at=at)


def close_all(activity: Activity, at: datetime) -> None:
    """Close what is open when the activity ends."""
    is_told = rules.of(activity).pace != Pace.ALL
    rows = Round.objects.filter(activity=activity, closed_at__isnull=True)
    for each in rows.select_related("activity__community").order_by("number"):
        if is_told:
            _close(each, Closed.END, by=None, at=at)
        else:
            rows.filter(pk=each.pk).update(closed_at=at, closed_by=Closed.END)


# The clock


def move_due(*, at: datetime) -> int:
    """Close questions whose time is over, ask the next, end games; returns how many."""
    moved, failed = 0, None
    running = Activity.objects.filter(state=State.RUNNING, kind__in=rules.KINDS)
    for activity in running.select_related("community").order_by("pk")[:MAX_PER_RUN]:
        try:
            moved += _move(activity, at)
        except Exception as error:  # one that cannot move holds up no other
            failed = error
    if failed is not None:
        raise failed
    return moved


@transaction.atomic
def _move(activity: Activity, at: datetime) -> int:
    own = rules.of(activity)
    if own.pace == Pace.ALL and not own.is_chain:
        return 0
    last = find_last(activity)
    if last is None:
        is_due = own.is_chain or own.pace == Pace.AUTOMATIC
        if is_due:
            ensure(activity, own, 1, at)
        return int(is_due)
    if last.closed_at is None:
        if last.ends_at is None or at < last.ends_at:
            return 0
        _close(last, Closed.TIME, by=None, at=at)
        return 1
    asked = find_next(activity, own)
    if asked is None:
        if at < last.closed_at + FINISH_PAUSE:
            return 0
        return int(lifecycle.end(activity=activity, at=at))
    if own.pace != Pace.AUTOMATIC or at < last.closed_at + PAUSE:
        return 0
    locked = _lock(activity)
    if locked.state != State.RUNNING:
        return 0
    _open(locked, asked.number, asked.seconds, by=None, at=at)
    return 1


# Reads


def find_last(activity: Activity) -> Round | None:
    """The round that was opened last."""
    rows = Round.objects.filter(activity=activity).select_related("activity__community")
    return rows.order_by("-number").first()


def find_next(activity: Activity, own: Rules) -> Asked | None:
    """The question that is asked next, None if none is left or all are asked at once."""
    if own.is_chain or own.pace == Pace.ALL:
        return None
    last = find_last(activity)
    return own.find(last.number + 1 if last is not None else 1)


def get(*, activity: Activity, number: int, by: Staff) -> Round:
    """The round of this number. Raises RoundNotFound."""
    activities.check_may_run(by, activity)
    rows = Round.objects.filter(activity=activity, number=number)
    for row in rows.select_related("activity__community"):
        return row
    raise RoundNotFound(_("There is no such question."))


def list_opened(activity: Activity) -> list[Round]:
    """The rounds in the order of their numbers."""
    rows = Round.objects.filter(activity=activity).order_by("number")
    return list(rows.select_related("winner"))
