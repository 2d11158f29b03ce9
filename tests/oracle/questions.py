"""Random rules over everything a community has, nested and not.

They are drawn with plain random numbers. Hypothesis strategies would return to the same
few simplest rules, and these must be spread over everything that can be asked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from random import Random

from tests.oracle import strategies
from tests.oracle.clauses import CLAUSES, Rule
from tests.oracle.strategies import Setting

SPANS = ["1d", "1d", "2d", "7d", "8d", "14d", "30d", "31d", "1h", "12h", "25h"]
BACK = ["1d", "2d", "7d", "13d", "30d"]
PERIODS = [
    "yesterday",
    "last week",
    "this week",
    "last month",
    "this month",
    "last year",
    "this year",
]


OF_ACTIVITIES = ("streak", "level", "points", "badge", "took_part", "live_session")


@dataclass(frozen=True)
class Vocabulary:
    """Keys that a rule may name; all other names are fixed."""

    accounts: Sequence[str]
    segments: Sequence[str] = ()
    frozen: Sequence[str] = ()
    staff: Sequence[str] = ()
    check_in: str = ""
    """The key of the activity in which members check in, with Sundays as days of rest.

    Without one, no rule is about streaks, levels, badges and entries.
    """
    survey: str = ""
    """The key of the survey of `definitions`; without one, no rule is about it."""
    layer_days: Sequence[str] = ()
    """Days on which layers are known, in the form of rules."""
    live: str = ""
    """The key of the live session; there is one where there is a check-in."""


@dataclass(frozen=True)
class Questions:
    random: Random
    setting: Setting
    vocabulary: Vocabulary

    def rule(self, depth: int = 2) -> Rule:
        """A clause, or a tree of at most `depth` levels above its clauses."""
        if depth == 0 or self.random.random() < 0.4:
            return self.clause()
        name = self.random.choice(["all", "all", "any", "any", "not", "with_left"])
        if name in ("not", "with_left"):
            return {name: self.rule(depth - 1)}
        size = self.random.choice([0, 1, 2, 2, 2, 3])
        return {name: [self.rule(depth - 1) for _ in range(size)]}

    def clause(self) -> Rule:
        names = [name for name, row in CLAUSES.items() for _ in range(row.weight)]
        if not self.vocabulary.check_in:
            names = [name for name in names if name not in OF_ACTIVITIES]
        if not self.vocabulary.survey:
            names = [name for name in names if name != "survey"]
        name = self.random.choice(names)
        return {name: CLAUSES[name].draw(self)}

    # Parts

    def sample(self, names: Sequence[str]) -> list[str]:
        """Up to three of these names."""
        size = self.random.choice([0, 1, 1, 1, 2, 2, 3])
        return self.random.sample(list(names), min(size, len(names)))

    def sets(self, names: Sequence[str]) -> Rule:
        """One or two of the conditions any, all and none of these names."""
        conditions = self.random.sample(
            ["any", "all", "none"], self.random.choice([1, 1, 2])
        )
        return {condition: self.sample(names) for condition in conditions}

    def bounds(self, maximum: int = 3) -> Rule:
        bound = self.random.randint(0, maximum)
        if self.random.random() < 0.2:
            return {"gte": bound, "lte": bound + self.random.randint(-1, 2)}
        return {self.random.choice(["gte", "gt", "lte", "lt", "eq"]): bound}

    def day(self) -> str:
        offset = timedelta(days=self.random.choice(strategies.OFFSETS))
        return (self.setting.today + offset).isoformat()

    def window(self) -> Rule:
        kind = self.random.choice(
            ["within", "within", "between", "before", "since", "during"]
        )
        if kind == "within":
            return {kind: self.random.choice(SPANS)}
        if kind == "during":
            return {kind: self.random.choice(PERIODS)}
        if kind == "between":
            return {kind: sorted([self.day(), self.day()])}
        if kind == "before" and self.random.random() < 0.5:
            return {kind: self.random.choice(BACK)}
        return {kind: self.day()}

    def maybe(self, draw: Callable[[], Rule]) -> Rule:
        return draw() if self.random.random() < 0.5 else {}


def list_parts(rule: Rule) -> list[Rule]:
    """The rules directly inside a rule."""
    ((name, body),) = rule.items()
    if name in ("all", "any"):
        return list(body)
    return [body] if name in ("not", "with_left") else []
