"""Random rules over everything a community has, nested and not.

Drawn with plain random numbers and not as hypothesis strategies: those come back to the
same few simplest rules, and these have to be spread over all that can be asked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from tests.oracle import strategies
from tests.oracle.oracle import Rule
from tests.oracle.strategies import Setting

OPERATORS = {
    "note": ["in", "eq", "ne", "contains", "starts"],
    "score": ["in", "eq", "ne", "gte", "gt", "lte", "lt"],
    "fan": ["in", "eq", "ne"],
    "birthday": ["in", "eq", "ne", "gte", "gt", "lte", "lt"],
    "seen": ["in", "eq", "ne", "gte", "gt", "lte", "lt"],
    "city": ["in", "eq", "ne", "contains", "starts"],
    "likes": ["in", "eq", "ne", "contains", "starts"],
}
SPANS = ["1d", "1d", "2d", "7d", "8d", "14d", "30d", "31d", "1h", "12h", "25h"]
BACK = ["1d", "2d", "7d", "13d", "30d"]


@dataclass(frozen=True)
class Known:
    """Keys that a rule may name; the rest of the names are always there."""

    accounts: Sequence[str]
    segments: Sequence[str] = ()
    frozen: Sequence[str] = ()


@dataclass(frozen=True)
class Questions:
    random: Random
    setting: Setting
    known: Known

    def rule(self, depth: int = 2) -> Rule:
        """A leaf, or a tree of at most `depth` levels above its leaves."""
        if depth == 0 or self.random.random() < 0.4:
            return self.leaf()
        name = self.random.choice(["all", "all", "any", "any", "not", "with_left"])
        if name in ("not", "with_left"):
            return {name: self.rule(depth - 1)}
        size = self.random.choice([0, 1, 2, 2, 2, 3])
        return {name: [self.rule(depth - 1) for _ in range(size)]}

    def leaf(self) -> Rule:
        name = self.random.choice([*LEAVES, "did", "did", "did", "seq", "tag"])
        return {name: LEAVES[name](self)}

    # Parts

    def some(self, names: Sequence[str]) -> list[str]:
        """One to three of them, sometimes none."""
        most = self.random.choice([0, 1, 1, 1, 2, 2, 3])
        return self.random.sample(list(names), min(most, len(names)))

    def sets(self, names: Sequence[str]) -> Rule:
        """Any, all or none of these, or two of that together."""
        words = self.random.sample(
            ["any", "all", "none"], self.random.choice([1, 1, 2])
        )
        return {word: self.some(names) for word in words}

    def bounds(self, most: int = 3) -> Rule:
        bound = self.random.randint(0, most)
        if self.random.random() < 0.2:
            return {"gte": bound, "lte": bound + self.random.randint(-1, 2)}
        return {self.random.choice(["gte", "gt", "lte", "lt", "eq"]): bound}

    def day(self) -> str:
        offset = timedelta(days=self.random.choice(strategies.OFFSETS))
        return (self.setting.today + offset).isoformat()

    def window(self) -> Rule:
        word = self.random.choice(["within", "within", "between", "before", "since"])
        if word == "within":
            return {word: self.random.choice(SPANS)}
        if word == "between":
            return {word: sorted([self.day(), self.day()])}
        if word == "before" and self.random.random() < 0.5:
            return {word: self.random.choice(BACK)}
        return {word: self.day()}

    def perhaps(self, draw: Callable[[], Rule]) -> Rule:
        return draw() if self.random.random() < 0.5 else {}

    # Leaves

    def tag(self) -> Rule:
        names = [*strategies.TAG_GROUPS, *strategies.SYNONYMS]
        untagged = {"untagged": self.random.choice([True, "worth", "taste"])}
        if self.random.random() < 0.2:
            return untagged
        body = self.sets(names)
        if self.random.random() < 0.4:
            body["depth"] = self.bounds()
        return body | (untagged if self.random.random() < 0.2 else {})

    def attr(self) -> Rule:
        name = self.random.choice(list(strategies.TYPES))
        if self.random.random() < 0.15:
            return {"name": name, "known": self.random.random() < 0.5}
        if self.random.random() < 0.15:
            span = self.random.choice(["1d", "2d", "7d", "30d", "366d"])
            return {"name": "birthday", "anniversary": {"within": span}}
        operator = self.random.choice(OPERATORS[name])
        bounds = [written(value) for value in strategies.values(self.setting)[name]]
        if operator == "in":
            return {"name": name, "in": self.some(bounds)}
        return {"name": name, operator: self.random.choice(bounds)}

    def layer(self) -> Rule:
        return {"of": strategies.LAYERING, "in": self.some(strategies.LAYERS)}

    def segment(self) -> Rule:
        frozen = {"frozen": self.some(self.known.frozen)}
        if not self.known.segments or self.random.random() < 0.3:
            return frozen
        return self.sets(self.known.segments) | self.perhaps(lambda: frozen)

    def did(self) -> Rule:
        more: dict[str, Callable[[], Rule]] = {
            "times": self.bounds,
            "days": self.bounds,
            "weeks": self.bounds,
            "sum": lambda: {"field": "amount", **self.bounds(6)},
            "first": self.window,
            "last": self.window,
        }
        asked = self.random.sample(list(more), self.random.choice([0, 1, 1, 1, 2]))
        body = self.kind() | self.perhaps(self.window)
        return body | {name: more[name]() for name in asked}

    def kind(self) -> Rule:
        kind: Rule = {"kind": self.random.choice(strategies.KINDS)}
        if self.random.random() < 0.3:
            kind["where"] = self.where()
        return kind

    def where(self) -> Rule:
        choices: list[Rule] = [
            {"group": self.random.choice(["north", ["north", "quiet"], []])},
            {"page": self.random.choice(["home", ["home", "cart"], "", []])},
            {"amount": self.bounds(5)},
            {"amount": self.random.choice([0, 1, 2, "2", True, [1, 2, "2"]])},
            {"ok": self.random.choice([True, False, 1, 0, "true"])},
        ]
        one, other = self.random.sample(choices, 2)
        return one if self.random.random() < 0.7 else one | other

    def seq(self) -> Rule:
        steps = [self.kind() for _ in range(self.random.choice([2, 2, 3]))]
        within = {"within": self.random.choice(["1h", "12h", "1d", "7d"])}
        body: Rule = {"steps": steps} | self.perhaps(lambda: within)
        return body | self.perhaps(lambda: {"during": self.window()})


LEAVES: dict[str, Callable[[Questions], Rule]] = {
    "tag": Questions.tag,
    "attr": Questions.attr,
    "group": lambda self: self.sets(strategies.GROUPS),
    "layer": Questions.layer,
    "segment": Questions.segment,
    "joined": Questions.window,
    "left": Questions.window,
    "source": lambda self: {"any": self.some(strategies.SOURCES)},
    "members": lambda self: {"keys": self.some(self.known.accounts)},
    "did": Questions.did,
    "seq": Questions.seq,
}


def parts(rule: Rule) -> list[Rule]:
    """The rules of which a rule is made."""
    ((name, body),) = rule.items()
    if name in ("all", "any"):
        return list(body)
    return [body] if name in ("not", "with_left") else []


def written(value: Any) -> Any:
    """A value of an attribute as a rule writes it."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value == int(value) else float(value)
    return value
