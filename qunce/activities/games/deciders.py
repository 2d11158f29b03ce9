"""What becomes of an answer: pure decisions over (game, state, message, time).

    state, verdict = deciders.decide(game, state, message, at)

The order of the messages is that of the inbox: of two at the same time, the first one in
it counts. An edited message never counts, nor does one from after the round. People are
numbers; a member with two accounts is one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from qunce.activities.games import answers, idioms
from qunce.activities.games.answers import Accepted


class Mode(StrEnum):
    """Which answers score: the first right one, all in time, or all in time by speed."""

    FIRST = "first"
    ALL = "all"
    SPEED = "speed"


class Outcome(StrEnum):
    """What an answer is. `BEATEN` is a right one after that of somebody else."""

    RIGHT = "right"
    BEATEN = "beaten"
    WRONG = "wrong"
    LOW = "low"
    HIGH = "high"
    ANSWERED = "answered"
    NO_TRIES = "no_tries"
    LATE = "late"
    IGNORED = "ignored"
    NOT_IDIOM = "not_idiom"
    WRONG_START = "wrong_start"
    USED = "used"
    OWN_TURN = "own_turn"


STORED = frozenset(Outcome) - {
    Outcome.ANSWERED,
    Outcome.NO_TRIES,
    Outcome.LATE,
    Outcome.IGNORED,
}
"""Outcomes of answers that are stored, since staff may rule otherwise about them."""


@dataclass(frozen=True)
class Message:
    who: int
    text: str
    is_edit: bool = False


@dataclass(frozen=True)
class Verdict:
    """`points` is what the answer scores, or would score if staff let it count."""

    outcome: Outcome
    points: int = 0
    is_end: bool = False


@dataclass(frozen=True)
class Span:
    """When a round is open: until `ends_at`, or until it was closed."""

    opened_at: datetime
    ends_at: datetime | None = None
    closed_at: datetime | None = None

    def has(self, at: datetime) -> bool:
        ends = (self.ends_at, self.closed_at)
        return self.opened_at <= at and all(end is None or at < end for end in ends)


# Questions: quizzes, riddles and guesses


@dataclass(frozen=True, kw_only=True)
class Question:
    """`tries` is how often each may answer, None for no limit.

    Where it `has_hints`, a wrong number is too low or too high.
    """

    accepted: Accepted
    mode: Mode = Mode.FIRST
    choices: tuple[str, ...] = ()
    points: int = 0
    tries: int | None = None
    has_hints: bool = False
    number: Decimal | None = None

    def is_right(self, said: str) -> bool:
        if self.choices:
            chosen = answers.read_choice(said, self.choices)
            return chosen is not None and self.accepted.has(chosen)
        return self.accepted.has(said)


@dataclass(frozen=True)
class QuestionState:
    """`right` are the people who have answered it; `won_at` is when the first one has."""

    span: Span
    right: frozenset[int] = frozenset()
    tries: Mapping[int, int] = field(default_factory=dict)
    won_at: datetime | None = None


def decide_question(
    question: Question, state: QuestionState, message: Message, at: datetime
) -> tuple[QuestionState, Verdict]:
    who = message.who
    if message.is_edit:
        return state, Verdict(Outcome.IGNORED)
    # What was on its way when somebody won may count, if staff rule against the winner.
    is_over = state.won_at is not None and at > state.won_at
    if is_over or not state.span.has(at):
        return state, Verdict(Outcome.LATE)
    if who in state.right:
        return state, Verdict(Outcome.ANSWERED)
    tried = state.tries.get(who, 0)
    if question.tries is not None and tried >= question.tries:
        return state, Verdict(Outcome.NO_TRIES)
    points = score(question, state.span, at)
    if not question.is_right(message.text):
        after = replace(state, tries={**state.tries, who: tried + 1})
        return after, Verdict(_hint(question, message.text), points)
    after = replace(state, right=state.right | {who})
    if question.mode != Mode.FIRST:
        return after, Verdict(Outcome.RIGHT, points)
    if state.won_at is not None:
        return after, Verdict(Outcome.BEATEN, points)
    return replace(after, won_at=at), Verdict(Outcome.RIGHT, points, is_end=True)


def score(question: Question, span: Span, at: datetime) -> int:
    """All points, or by speed: from all at the start down to half at the end."""
    if question.mode != Mode.SPEED or span.ends_at is None:
        return question.points
    whole, gone = span.ends_at - span.opened_at, max(at - span.opened_at, timedelta())
    lost = question.points * (gone // timedelta(milliseconds=1))
    return question.points - lost // (2 * max(whole // timedelta(milliseconds=1), 1))


def _hint(question: Question, said: str) -> Outcome:
    guess = answers.parse_number(said)
    if not question.has_hints or question.number is None or guess is None:
        return Outcome.WRONG
    return Outcome.LOW if guess < question.number else Outcome.HIGH


# The chain of idioms


@dataclass(frozen=True, kw_only=True)
class Chain:
    """`by_sound` lets a homophone follow; `takes_turns` lets nobody follow themselves.

    Without `any_word` only what the dictionary has as an idiom or a saying counts.
    """

    points: int = 0
    by_sound: bool = True
    takes_turns: bool = True
    any_word: bool = False


@dataclass(frozen=True)
class ChainState:
    """`last` is the idiom that the next one follows, `used` are all of them."""

    span: Span
    last: str
    used: Collection[str] = frozenset()
    last_who: int | None = None


def decide_chain(
    chain: Chain, state: ChainState, message: Message, at: datetime
) -> tuple[ChainState, Verdict]:
    if message.is_edit:
        return state, Verdict(Outcome.IGNORED)
    if not state.span.has(at):
        return state, Verdict(Outcome.LATE)
    outcome, word = _judge_link(chain, state, message)
    if outcome != Outcome.RIGHT or word is None:
        return state, Verdict(outcome, chain.points)
    used = frozenset([*state.used, word])
    after = replace(state, last=word, used=used, last_who=message.who)
    return after, Verdict(Outcome.RIGHT, chain.points)


def _judge_link(
    chain: Chain, state: ChainState, message: Message
) -> tuple[Outcome, str | None]:
    word = idioms.read(message.text)
    if word is None:
        return Outcome.NOT_IDIOM, None
    if not idioms.follows(word, state.last, by_sound=chain.by_sound):
        return Outcome.WRONG_START, word
    if word in state.used or word == state.last:
        return Outcome.USED, word
    if not (idioms.is_word if chain.any_word else idioms.is_idiom)(word):
        return Outcome.NOT_IDIOM, word
    if chain.takes_turns and message.who == state.last_who:
        return Outcome.OWN_TURN, word
    return Outcome.RIGHT, word


# Either


def decide(
    game: Question | Chain,
    state: QuestionState | ChainState,
    message: Message,
    at: datetime,
) -> tuple[QuestionState | ChainState, Verdict]:
    """The state after a message, and what it is."""
    if isinstance(game, Chain):
        if not isinstance(state, ChainState):
            raise TypeError("a chain has a state of its own")
        return decide_chain(game, state, message, at)
    if not isinstance(state, QuestionState):
        raise TypeError("a question has a state of its own")
    return decide_question(game, state, message, at)
