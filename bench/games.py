"""Messages that chat games decide per second, and what listening costs other messages.

The rival decides as simple bots do: it reads all messages of the game again for each one.
"""

from __future__ import annotations

import random
import time
from datetime import timedelta

from bench import pages, sessions
from bench.measure import MILLISECONDS, PER_SECOND, Row
from bench.sessions import Session
from bench.sizes import AT
from qunce.activities import chat
from qunce.activities.activities import activities, lifecycle
from qunce.activities.activities.models import Activity
from qunce.activities.games import deciders
from qunce.activities.games.answers import Accepted
from qunce.activities.games.deciders import (
    Chain,
    ChainState,
    Message,
    Outcome,
    Question,
    QuestionState,
    Span,
)
from qunce.core.staff import models as staff_models
from qunce.groups.chat_readers import ChatMessage
from qunce.members.accounts.models import Account

MESSAGES, OF_RIVAL, PEOPLE, GOAL_PER_SECOND = 20_000, 600, 200, 5_000
GAME_LENGTH = 40
"""Messages after which a new chain starts."""
HEARD, GOAL_HEARD = 2_000, 1.0
START = "一心一意"
WORDS = (
    *("一心一意", "意气风发", "发扬光大", "大公无私", "丝丝入扣", "扣人心弦"),
    *("意味深长", "长治久安", "安居乐业", "业精于勤", "勤能补拙", "哈哈", "收到"),
    *("今天下午开会吗", "意在言外", "外强中干", "大吉大利", "早上好", "北京", "上海"),
)
Verdicts = list[str]


def chat_games(session: Session) -> None:
    """Decisions per second, beside the rival's, and the cost of listening."""
    messages = _messages(MESSAGES)
    started = time.perf_counter()
    ours = _decide_all(messages)
    seconds = time.perf_counter() - started
    started = time.perf_counter()
    rival = [_decide_all(messages[: n + 1])[-1] for n in range(OF_RIVAL)]
    rival_seconds = time.perf_counter() - started
    sessions.check_equal("verdicts", ours=ours[:OF_RIVAL], rival=rival)
    session.record(
        Row(
            "chat-games",
            f"{MESSAGES:,} messages of a quiz and an idiom chain decided",
            PER_SECOND,
            MESSAGES / seconds,
            MESSAGES,
            goal=GOAL_PER_SECOND,
            rivals={"all messages again for each": OF_RIVAL / rival_seconds},
            note=f"{ours.count(Outcome.RIGHT):,} count; the rival on {OF_RIVAL} messages",
        )
    )
    _listening(session)


def _messages(count: int) -> list[Message]:
    rng = random.Random(7)  # noqa: S311 - not for secrets
    return [
        Message(rng.randrange(PEOPLE), rng.choice(WORDS), rng.random() < 0.02)
        for _n in range(count)
    ]


def _decide_all(messages: list[Message]) -> Verdicts:
    """Each message is decided in a chain, and in a quiz by sound."""
    chain, question = Chain(), Question(accepted=Accepted.of(["北京"], by_sound=True))
    links = ChainState(Span(AT), START, {START})
    state = QuestionState(Span(AT))
    verdicts: Verdicts = []
    for number, message in enumerate(messages):
        at = AT + timedelta(seconds=number)
        links, verdict = deciders.decide_chain(chain, links, message, at)
        state, other = deciders.decide_question(question, state, message, at)
        if other.is_end:
            state = QuestionState(Span(AT))
        if number % GAME_LENGTH == 0:
            links = ChainState(Span(AT), START, {START})
        verdicts.append(verdict.outcome)
    return verdicts


def _listening(session: Session) -> None:
    """An ordinary message, while a game runs and while none does."""
    activity = _open_quiz(session)
    account = Account.objects.filter(community=session.community).order_by("pk").first()
    if account is None:
        return
    with_game = _read(session, account.pk)
    Activity.objects.filter(pk=activity.pk).update(state="closed")
    without = _read(session, account.pk)
    session.record(
        Row(
            "chat-listening",
            "an ordinary message read while a game listens",
            MILLISECONDS,
            with_game,
            HEARD,
            goal=GOAL_HEARD,
            others={"without a game": without},
        )
    )


def _read(session: Session, account: int) -> float:
    started = time.perf_counter()
    for number in range(HEARD):
        message = ChatMessage(
            community=session.community,
            account=account,
            group=1,
            text="When does the parcel that I have ordered on Monday come to me?",
            key=f"bench:{number}",
            happened_at=AT,
        )
        chat.read(message, at=AT)
    return (time.perf_counter() - started) / HEARD * 1_000


def _open_quiz(session: Session) -> Activity:
    by = staff_models.system(session.community)
    activity = activities.create(
        community=session.community,
        kind="quiz",
        name="Quiz",
        text="Answer",
        refusal="For others",
        settings={
            "questions": [{"question": "Capital?", "answer": "北京"}],
            "pace": "automatic",
        },
        starts_at=AT,
        by=by,
        at=AT,
    )
    lifecycle.submit(activity=activity, by=by, at=AT)
    lifecycle.approve(activity=activity, by=pages.owner(session), at=AT)
    return activity
