"""Builds quizzes and text games through the verbs."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from qunce.activities import chat
from qunce.activities.activities import lifecycle
from qunce.activities.activities.models import Activity
from qunce.activities.prizes import prizes
from qunce.activities.prizes.models import PrizeStock
from qunce.core.staff.models import Staff
from qunce.groups.chat_readers import ChatMessage
from tests.activities import running
from tests.factories import AT

HOUR = timedelta(hours=1)
END = AT + HOUR
SECOND = timedelta(seconds=1)


def question(text: str, answer: str, **fields: Any) -> dict[str, Any]:
    defaults = {"others": "", "points": 10, "seconds": None}
    return {"question": text, "answer": answer, **defaults, **fields}


CAPITALS = (
    question("Capital of China?", "北京", others="Peking / 北平"),
    question("Capital of France?", "Paris", choices="London / Paris / Rome"),
    question("How many provinces has China?", "34"),
)


def quiz(by: Staff, *questions: dict[str, Any], **settings: Any) -> Activity:
    """A running quiz with questions that staff open one after the other."""
    rows = [{"choices": "", **row} for row in questions or CAPITALS]
    own = {"questions": rows, "pace": "by_hand", "mode": "first", **settings}
    return running.running(by, "quiz", name="Capitals", settings=own, ends_at=END)


def game(by: Staff, kind: str, *questions: dict[str, Any], **settings: Any) -> Activity:
    """A running game of riddles or guesses, of which the first question is open."""
    own = {"questions": list(questions), **settings}
    return running.running(by, kind, name="Riddles", settings=own, ends_at=END)


def chain(by: Staff, start: str = "一心一意", **settings: Any) -> Activity:
    own = {"start": start, **settings}
    return running.running(by, "idiom_chain", name="Chain", settings=own, ends_at=END)


def prize(by: Staff, **fields: Any) -> PrizeStock:
    defaults: dict[str, Any] = {"name": "Mug", "kind": "goods", "total": 5}
    return prizes.create(community=by.community, by=by, at=AT, **defaults | fields)


def say(
    activity: Activity,
    account: int,
    text: str,
    at: datetime = AT,
    *,
    group: int | None = None,
    key: str = "",
) -> bool:
    """A message in a chat; returns whether it was taken."""
    message = ChatMessage(
        community=activity.community,
        account=account,
        group=group,
        text=text,
        key=key or f"event:{account}:{at.timestamp()}:{text}",
        happened_at=at,
    )
    return chat.read(message, at=at)


def close(activity: Activity, at: datetime = END) -> None:
    lifecycle.move_due(at=at)
    activity.refresh_from_db()
