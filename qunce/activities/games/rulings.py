"""Rulings: staff let an answer count, or not, with one tap."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from qunce.activities.activities import activities
from qunce.activities.activities.models import State
from qunce.activities.games import attempts, game_facts, rounds, rules
from qunce.activities.games.deciders import Mode
from qunce.activities.games.models import Closed, Game, GameAnswer, Round
from qunce.activities.games.standings import RIGHT
from qunce.core import errors
from qunce.core.facts import facts
from qunce.members.people import visibility

if TYPE_CHECKING:
    from qunce.activities.activities.models import Activity
    from qunce.core.staff.models import Staff

ROUNDS = Round.objects.select_related("activity__community")


class AnswerNotFound(errors.NotFound):
    """There is no such answer, or it is of a member whom the staff do not see."""


class AlreadyDecided(errors.Refused):
    """The winners have their prizes and points."""


@transaction.atomic
def rule(*, answer: GameAnswer, counts: bool, by: Staff, at: datetime) -> None:
    """Let an answer count, or not; the winner of its round follows.

    Of a question with one winner, that is the first answer that counts. A question without
    one is open again, if its time is not over. A chain goes on from its last idiom that
    counts.
    """
    activity = answer.round.activity
    activities.check_may_run(by, activity)
    visibility.check_visible(by=by, accounts=[answer.account_id], at=at)
    row = ROUNDS.select_for_update(of=("self",), no_key=True).get(pk=answer.round_id)
    if Game.objects.filter(activity=activity, decided_at__isnull=False).exists():
        raise AlreadyDecided(
            _(
                "The winners are decided. Give further points or prizes by hand, under"
                " Points and Prizes."
            )
        )
    as_decided = answer.outcome in RIGHT
    ruling = None if counts == as_decided else counts
    rows = GameAnswer.objects.filter(pk=answer.pk).exclude(ruling=ruling)
    if ruling is None:
        rows = GameAnswer.objects.filter(pk=answer.pk, ruling__isnull=False)
    if not rows.update(ruling=ruling, ruled_at=at, ruled_by=by):
        return
    answer.refresh_from_db()
    _follow(activity, row, by, at)
    fact = game_facts.GameRuled(
        activity=activity.pk,
        round=row.number,
        counts=counts,
        account=answer.account_id,
        group=answer.group_id,
    )
    facts.record(fact, community=activity.community, by=by, at=at)


def _follow(activity: Activity, row: Round, by: Staff, at: datetime) -> None:
    own = rules.of(activity)
    if not own.is_chain and own.mode != Mode.FIRST:
        return
    given = GameAnswer.objects.filter(round=row).order_by("pk")
    right = [each for each in given if attempts.is_right(each)]
    winner = (right[-1] if own.is_chain else right[0]) if right else None
    changes: dict[str, Any] = {"winner": winner, "turn": F("turn") + 1}
    is_won = winner is not None and row.closed_at is None
    if not own.is_chain and is_won:
        changes |= {"closed_at": at, "closed_by": Closed.WON}
    if not own.is_chain and winner is None and _may_reopen(activity, row, at):
        changes |= {"closed_at": None, "closed_by": ""}
    Round.objects.filter(pk=row.pk).update(**changes)
    if not own.is_chain and is_won:
        rounds.note_closed(row, by=by, at=at)


def _may_reopen(activity: Activity, row: Round, at: datetime) -> bool:
    """Whether a question that nobody has won is open again: the last one, in its time."""
    is_last = not Round.objects.filter(
        activity=activity, number__gt=row.number
    ).exists()
    is_in_time = row.ends_at is None or at < row.ends_at
    is_running = activity.state == State.RUNNING
    return row.closed_by == Closed.WON and is_last and is_in_time and is_running


# Reads


def get(*, activity: Activity, pk: int, by: Staff, at: datetime) -> GameAnswer:
    """The answer with this number. Raises AnswerNotFound."""
    activities.check_may_run(by, activity)
    rows = GameAnswer.objects.filter(round__activity=activity, pk=pk)
    answer = rows.select_related("round__activity__community").first()
    if answer is None or not visibility.filter_visible(
        by=by, accounts=[answer.account_id], at=at
    ):
        raise AnswerNotFound(_("There is no such answer."))
    return answer
