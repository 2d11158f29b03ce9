"""What the page of a game shows to members: questions, own answers, and the best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from qunce.activities.activities.models import OVER, UNPUBLISHED, State
from qunce.activities.games import (
    answers,
    attempts,
    game_texts,
    rounds,
    rules,
    scores,
)
from qunce.activities.games.models import Game, GameAnswer, GameResult, Round
from qunce.activities.games.rules import Asked, Pace, Rules
from qunce.members.accounts import queries as account_queries
from qunce.members.personal_links import masked_names

if TYPE_CHECKING:
    from qunce.activities.activities.models import Activity

MAX_RANKED, MAX_LINKS = 10, 10
MAX_LIVE = 2_000
"""Right answers up to which the best are computed while it is running."""


@dataclass(frozen=True, kw_only=True)
class QuestionLine:
    """A question with what the visitor answered; the right answer once it is over."""

    number: int
    text: str
    choices: Sequence[tuple[str, str]]
    points: int
    ends_at: datetime | None
    is_open: bool
    may_answer: bool
    answer: str
    given: Sequence[tuple[str, str, bool]]

    @property
    def points_text(self) -> str:
        return game_texts.points_text(self.points)


@dataclass(frozen=True, kw_only=True)
class Place:
    place: int
    name: str
    points: int
    is_own: bool

    @property
    def points_text(self) -> str:
        return game_texts.points_text(self.points)


def portal_context(
    activity: Activity, account_id: int | None, at: datetime
) -> dict[str, Any]:
    """Questions that are or were open, the chain, and the best people with masked names."""
    own = rules.of(activity)
    accounts = (
        account_queries.account_ids_of_person(account_id)
        if account_id is not None
        else []
    )
    has_begun = (
        activity.state not in (*UNPUBLISHED, State.SCHEDULED)
        and activity.starts_at <= at
    )
    ranked = _rank(activity, accounts, at) if has_begun else None
    return {
        "is_chain": own.is_chain,
        "all_open": own.pace == Pace.ALL,
        "questions": _questions(activity, own, accounts, at) if has_begun else [],
        "chain": _chain(activity, own, at) if own.is_chain and has_begun else None,
        "ranking": ranked,
        "own_place": next((row for row in ranked or () if row.is_own), None),
        "is_decided": Game.objects.filter(
            activity=activity, decided_at__isnull=False
        ).exists(),
    }


def _questions(
    activity: Activity, own: Rules, accounts: Sequence[int], at: datetime
) -> list[QuestionLine]:
    if own.is_chain:
        return []
    opened = {row.number: row for row in rounds.list_opened(activity)}
    given: dict[int, list[GameAnswer]] = {}
    mine = GameAnswer.objects.filter(
        round__activity=activity, account_id__in=accounts
    ).order_by("pk")
    for answer in mine.select_related("round") if accounts else ():
        given.setdefault(answer.round.number, []).append(answer)
    is_all = own.pace == Pace.ALL
    shown = [each for each in own.questions if is_all or each.number in opened]
    lines = [
        _line(activity, own, each, opened.get(each.number), given, at) for each in shown
    ]
    # The newest first where they are asked one after the other.
    return lines if is_all else lines[::-1]


def _line(
    activity: Activity,
    own: Rules,
    asked: Asked,
    row: Round | None,
    given: dict[int, list[GameAnswer]],
    at: datetime,
) -> QuestionLine:
    mine = given.get(asked.number, [])
    is_running = activity.state == State.RUNNING
    is_open = is_running and (row is None or attempts.is_open(row, at))
    limit = asked.question.tries or rules.MAX_TRIES
    is_done = any(attempts.is_right(answer) for answer in mine) or len(mine) >= limit
    is_over = activity.state in OVER or (own.pace != Pace.ALL and not is_open)
    return QuestionLine(
        number=asked.number,
        text=asked.text,
        choices=list(
            zip(answers.LETTERS.upper(), asked.question.choices, strict=False)
        ),
        points=asked.question.points,
        ends_at=row.ends_at if row is not None and is_open else None,
        is_open=is_open,
        may_answer=is_open and not is_done,
        answer=asked.answer if is_over and row is not None else "",
        given=[
            (
                answer.said,
                game_texts.outcome_label(answer.outcome),
                attempts.is_right(answer),
            )
            for answer in mine[-3:]
        ],
    )


def _chain(activity: Activity, own: Rules, at: datetime) -> dict[str, Any]:
    rows = GameAnswer.objects.filter(round__activity=activity)
    counted = scores.filter_right(rows)
    last = list(counted.order_by("-pk")[:MAX_LINKS])
    names = masked_names.of_accounts([answer.account_id for answer in last])
    word = attempts.last_word(activity, own)
    row = rounds.find_last(activity)
    return {
        "last": word,
        "next": word[-1:],
        "count": counted.count(),
        "is_open": activity.state == State.RUNNING
        and (row is None or attempts.is_open(row, at)),
        "links": [(answer.word, names[answer.account_id]) for answer in last],
    }


def _rank(
    activity: Activity, accounts: Sequence[int], at: datetime
) -> list[Place] | None:
    """The best, and the visitor's own place; None where there are too many to ask live."""
    decided = GameResult.objects.filter(activity=activity).order_by("place")
    best = list(decided[:MAX_RANKED])
    if best:
        mine = decided.filter(account_id__in=accounts, place__gt=MAX_RANKED)[:1]
        found = [(row.place, row.account_id, row.points) for row in [*best, *mine]]
    else:
        rows = GameAnswer.objects.filter(round__activity=activity)
        if scores.filter_right(rows)[: MAX_LIVE + 1].count() > MAX_LIVE:
            return None
        ranked = list(enumerate(scores.rank(activity, at), 1))
        own = [one for one in ranked[MAX_RANKED:] if one[1].who in accounts]
        found = [
            (place, score.who, score.points)
            for place, score in [*ranked[:MAX_RANKED], *own]
        ]
    names = masked_names.of_accounts([account for _place, account, _points in found])
    return [
        Place(
            place=place,
            name=names[account],
            points=points,
            is_own=account in accounts,
        )
        for place, account, points in found
    ]
