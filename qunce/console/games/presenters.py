"""What the page of a game shows to staff, of the members whom they see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from qunce.activities.activities.models import Activity, State
from qunce.activities.games import (
    answer_list,
    attempts,
    game_texts,
    group_texts,
    rounds,
    rules,
    scores,
)
from qunce.activities.games.models import Game, GameAnswer, GameResult, Round
from qunce.activities.games.rules import Asked, Pace, Rules
from qunce.console import http, member_names
from qunce.members.accounts import queries as account_queries
from qunce.members.people import visibility

MAX_ANSWERS, MAX_RANKED = 200, 20


@dataclass(frozen=True, kw_only=True)
class RoundLine:
    number: int
    text: str
    state: str
    css: str
    is_shown: bool


@dataclass(frozen=True, kw_only=True)
class AnswerLine:
    """An answer in the order of the inbox; `counts` as staff ruled."""

    answer: GameAnswer
    name: str
    label: str
    is_right: bool
    counts: bool


def game(
    activity: Activity, request: http.Request, *, number: int | None
) -> dict[str, Any]:
    """Rounds, the answers of one of them, the best, and texts to copy."""
    own = rules.of(activity)
    opened = {row.number: row for row in rounds.list_opened(activity)}
    shown = opened.get(number or 0) or (
        opened[max(opened)] if opened and own.pace != Pace.ALL else None
    )
    asked = own.find(shown.number) if shown is not None else None
    upcoming = rounds.find_next(activity, own)
    decided = Game.objects.filter(activity=activity, decided_at__isnull=False)
    is_decided = decided.exists()
    lines = _answers(activity, shown, request)
    return {
        "is_chain": own.is_chain,
        "all_open": own.pace == Pace.ALL and not own.is_chain,
        "rounds": _rounds(own, opened, shown),
        "shown": shown,
        "asked": asked,
        "choices": game_texts.choice_lines(asked) if asked is not None else [],
        "is_open": shown is not None
        and activity.state == State.RUNNING
        and attempts.is_open(shown, request.at),
        "last_word": attempts.last_word(activity, own) if own.is_chain else "",
        "lines": lines[:MAX_ANSWERS],
        "is_cut": len(lines) > MAX_ANSWERS,
        "best": _best(activity, request),
        "upcoming": upcoming if activity.state == State.RUNNING else None,
        "may_decide": activity.state == State.CLOSED and not is_decided,
        "is_decided": is_decided,
        "texts": _texts(activity, own, shown, asked, request),
    }


def _rounds(
    own: Rules, opened: dict[int, Round], shown: Round | None
) -> list[RoundLine]:
    if own.is_chain:
        return []
    return [
        RoundLine(
            number=each.number,
            text=each.text,
            state=_state_of(opened.get(each.number)),
            css=_css_of(opened.get(each.number)),
            is_shown=shown is not None and shown.number == each.number,
        )
        for each in own.questions
    ]


def _state_of(row: Round | None) -> str:
    if row is None:
        return ""
    return row.get_closed_by_display() if row.closed_at else str(game_texts.OPEN)


def _css_of(row: Round | None) -> str:
    if row is None or row.closed_at is not None:
        return ""
    return "good"


def _answers(
    activity: Activity, row: Round | None, request: http.Request
) -> list[AnswerLine]:
    if row is None:
        return []
    found = answer_list.list_visible(row=row, by=request.staff, at=request.at)
    names = member_names.find([answer.account_id for answer in found])
    counted = {each.pk for each in scores.list_counted(activity, row)}
    return [
        AnswerLine(
            answer=answer,
            name=names.get(answer.account_id, ""),
            label=game_texts.outcome_label(answer.outcome),
            is_right=attempts.is_right(answer),
            counts=answer.pk in counted,
        )
        for answer in found
    ]


def _best(
    activity: Activity, request: http.Request
) -> list[tuple[int, int, str, str, GameResult | None]]:
    """Place, account, name, points and result of the best, of those whom the staff see."""
    decided = answer_list.list_results(
        activity=activity, by=request.staff, at=request.at
    )
    by_place = {row.place: row for row in decided[:MAX_RANKED]}
    rows: Sequence[tuple[int, int, int]] = [
        (place, row.account_id, row.points) for place, row in by_place.items()
    ]
    if not rows:
        ranked = scores.rank(activity, request.at)[: 5 * MAX_RANKED]
        rows = [(n, score.who, score.points) for n, score in enumerate(ranked, 1)]
    accounts = [account for _place, account, _points in rows]
    people = account_queries.person_ids(accounts)
    seen = visibility.filter_visible(by=request.staff, accounts=accounts, at=request.at)
    names = member_names.find(accounts)
    return [
        (
            place,
            account,
            names.get(account, ""),
            game_texts.points_text(points),
            by_place.get(place),
        )
        for place, account, points in rows
        if people[account] in seen
    ][:MAX_RANKED]


def _texts(
    activity: Activity,
    own: Rules,
    row: Round | None,
    asked: Asked | None,
    request: http.Request,
) -> list[tuple[str, str]]:
    """Labels and texts to copy into groups where the channel does not post them."""
    texts = []
    if own.is_chain:
        last = attempts.last_word(activity, own)
        texts.append((game_texts.COPY_STATE, game_texts.chain_state(last)))
    elif row is not None and asked is not None and own.pace != Pace.ALL:
        texts.append((game_texts.COPY_QUESTION, game_texts.ask(asked, own)))
        if row.closed_at is not None:
            texts.append((game_texts.COPY_RESULT, group_texts.closing(row)))
    texts.append((game_texts.COPY_BEST, group_texts.best(activity, request.at)))
    texts.append((game_texts.COPY_WINNERS, group_texts.winners(activity)))
    return [(str(label), text) for label, text in texts if text]
