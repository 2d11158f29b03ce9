"""Quizzes and text games: their questions, the answers, rulings and the winners."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ninja import Router

from qunce.activities.activities import activities
from qunce.activities.activities.models import Activity
from qunce.activities.games import answer_list, payouts, rounds, rules, rulings
from qunce.activities.games.models import GameAnswer, GameResult, Round
from qunce.api import schemas
from qunce.api.auth import ApiRequest, RequiresScope

router = Router(auth=RequiresScope("activities", shows_members=True), tags=["games"])


class RoundOut(schemas.OutputSchema):
    """A question that was asked; `winner_id` is the number of the answer that won it."""

    number: int
    opened_at: datetime
    ends_at: datetime | None
    closed_at: datetime | None
    closed_by: str
    winner_id: int | None


class GameAnswerOut(schemas.OutputSchema):
    """An answer; `outcome` is what it was, `ruling` whether staff let it count instead."""

    id: int
    member_id: int
    said: str
    outcome: str
    ruling: bool | None
    points: int
    way: str
    said_at: datetime


class RulingIn(schemas.InputSchema):
    counts: bool


class GameResultOut(schemas.OutputSchema):
    place: int
    member_id: int
    points: int
    right: int
    award_id: int | None


def _get(request: ApiRequest, activity_id: int) -> Activity:
    activity = activities.get(by=request.by, pk=activity_id)
    if activity.kind not in rules.KINDS:
        raise activities.not_found()
    return activity


def _serialize(answer: GameAnswer) -> dict[str, Any]:
    names = ("said", "outcome", "ruling", "points", "way", "said_at")
    own = {name: getattr(answer, name) for name in names}
    return {"id": answer.pk, "member_id": answer.account_id, **own}


@router.get("/activities/{activity_id}/rounds", response=list[RoundOut])
def list_rounds(request: ApiRequest, activity_id: schemas.Id) -> list[Round]:
    """List the questions that were asked, or the round of a chain."""
    return rounds.list_opened(_get(request, activity_id))


@router.post("/activities/{activity_id}/rounds", response=RoundOut)
def open_next(request: ApiRequest, activity_id: schemas.Id) -> Round:
    """Ask the next question; one that is open is closed."""
    activity = _get(request, activity_id)
    return rounds.open_next(activity=activity, by=request.by, at=request.at)


@router.post("/activities/{activity_id}/rounds/{round_number}/close", response=RoundOut)
def close_round(
    request: ApiRequest, activity_id: schemas.Id, round_number: schemas.Id
) -> Round:
    """Close a question, or a chain, before its time."""
    activity = _get(request, activity_id)
    row = rounds.get(activity=activity, number=round_number, by=request.by)
    rounds.close(row=row, by=request.by, at=request.at)
    return row


@router.get(
    "/activities/{activity_id}/rounds/{round_number}/answers",
    response=list[GameAnswerOut],
)
def list_answers(
    request: ApiRequest, activity_id: schemas.Id, round_number: schemas.Id
) -> list[dict[str, Any]]:
    """List the answers to a question, in their order, of members whom you see."""
    activity = _get(request, activity_id)
    row = rounds.get(activity=activity, number=round_number, by=request.by)
    found = answer_list.list_visible(row=row, by=request.by, at=request.at)
    return [_serialize(answer) for answer in found]


@router.post(
    "/activities/{activity_id}/game-answers/{game_answer_id}/rule",
    response=GameAnswerOut,
)
def rule(
    request: ApiRequest,
    activity_id: schemas.Id,
    game_answer_id: schemas.Id,
    data: RulingIn,
) -> dict[str, Any]:
    """Let an answer count, or not."""
    activity = _get(request, activity_id)
    answer = rulings.get(
        activity=activity, pk=game_answer_id, by=request.by, at=request.at
    )
    rulings.rule(answer=answer, counts=data.counts, by=request.by, at=request.at)
    return _serialize(answer)


@router.post("/activities/{activity_id}/game-results", response=list[GameResultOut])
def decide(request: ApiRequest, activity_id: schemas.Id) -> list[dict[str, Any]]:
    """Decide the winners of a game that is over, before it happens automatically."""
    activity = _get(request, activity_id)
    payouts.decide_now(activity=activity, by=request.by, at=request.at)
    return list_results(request, activity_id)


@router.get("/activities/{activity_id}/game-results", response=list[GameResultOut])
def list_results(request: ApiRequest, activity_id: schemas.Id) -> list[dict[str, Any]]:
    """List the best people of a game that is decided, of members whom you see."""
    activity = _get(request, activity_id)
    found = answer_list.list_results(activity=activity, by=request.by, at=request.at)
    return [_serialize_result(row) for row in found]


def _serialize_result(row: GameResult) -> dict[str, Any]:
    names = ("place", "points", "right", "award_id")
    own = {name: getattr(row, name) for name in names}
    return {"member_id": row.account_id, **own}
