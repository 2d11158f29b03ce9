"""Facts about quizzes and text games."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_lazy

from qunce.core.facts import facts


@dataclass(frozen=True, kw_only=True)
class GameFact(facts.FactKind):
    """`activity` is the number of the activity."""

    instead = gettext_lazy("Games run automatically, under Activities.")
    activity: int


@facts.declare
@dataclass(frozen=True, kw_only=True)
class RoundOpened(GameFact):
    """A question was asked; `round` is its number in the game."""

    kind = "game.round_opened"
    label = gettext_lazy("question of a game asked")
    round: int


@facts.declare
@dataclass(frozen=True, kw_only=True)
class RoundClosed(GameFact):
    kind = "game.round_closed"
    label = gettext_lazy("question of a game closed")
    round: int


@facts.declare
@dataclass(frozen=True, kw_only=True)
class QuizAnswered(GameFact):
    """A member answered a question of a quiz, or staff ruled otherwise about it."""

    kind = "quiz.answered"
    label = gettext_lazy("answered in a quiz")
    round: int
    is_right: bool


@facts.declare
@dataclass(frozen=True, kw_only=True)
class GameRuled(GameFact):
    """Staff ruled about an answer; `counts` is whether it counts now."""

    kind = "game.ruled"
    label = gettext_lazy("answer in a game ruled about")
    round: int
    counts: bool


@facts.declare
@dataclass(frozen=True, kw_only=True)
class GameWon(GameFact):
    """A member is among the winners of a game that is over."""

    kind = "game.won"
    label = gettext_lazy("won a game")
    activity_kind: str
    place: int
    points: int
