"""A community in plain Python: lists and dictionaries, nothing kept twice."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from tests.oracle.clock import Clock

Person = tuple[str, ...]
"""The keys of a person's accounts, the first-made one first."""
Value = str | bool | Decimal | date | datetime | frozenset[str]


@dataclass
class Account:
    key: str
    number: int
    joined: datetime
    source: str | None = None
    left: datetime | None = None
    erased: bool = False


@dataclass(frozen=True)
class Fact:
    kind: str
    account: str
    at: datetime
    group: str | None = None
    payload: tuple[tuple[str, Any], ...] = ()

    def get(self, name: str) -> Any:
        return dict(self.payload).get(name)


@dataclass
class Layering:
    """`layers` name a rule each, the first that fits counts; `run` is the newest run."""

    layers: dict[str, dict[str, Any]]
    default: str
    run: dict[str, str] = field(default_factory=dict)


@dataclass
class Community:
    clock: Clock
    accounts: dict[str, Account] = field(default_factory=dict)
    merges: list[frozenset[str]] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    tag_groups: dict[str, str] = field(default_factory=dict)
    synonyms: dict[str, str] = field(default_factory=dict)
    depths: dict[tuple[str, str], int] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    values: dict[tuple[str, str], tuple[datetime, Value]] = field(default_factory=dict)
    groups: list[str] = field(default_factory=list)
    memberships: set[tuple[str, str]] = field(default_factory=set)
    opted_out: set[str] = field(default_factory=set)
    layerings: dict[str, Layering] = field(default_factory=dict)
    segments: dict[str, dict[str, Any]] = field(default_factory=dict)
    frozen: dict[str, set[str]] = field(default_factory=dict)
    taken: dict[str, str] = field(default_factory=dict)
    """Keys of the facts that sources have told us, each taken once, and about whom."""

    def person_of(self, key: str) -> Person:
        """Everyone who can be reached over merges, in order of making."""
        found = {key}
        for _ in self.merges:
            for merge in self.merges:
                if found & merge:
                    found |= merge
        return tuple(sorted(found, key=lambda each: self.accounts[each].number))

    def people(self) -> set[Person]:
        """Everyone ever, present or left, but not the erased."""
        return {
            self.person_of(key)
            for key, account in self.accounts.items()
            if not account.erased
        }

    def is_present(self, person: Person) -> bool:
        return any(self.accounts[key].left is None for key in person)

    def depth(self, tag: str, person: Person) -> int:
        return sum(self.depths.get((tag, key), 0) for key in person)

    def tag_named(self, name: str) -> str:
        return self.synonyms.get(name, name)

    def value(self, name: str, person: Person) -> Value | None:
        """The value set last over all accounts; several values are put together."""
        found = [
            (*self.values[name, key], self.accounts[key].number)
            for key in person
            if (name, key) in self.values
        ]
        if not found:
            return None
        if self.types[name] == "multi":
            sets = [value for _, value, _ in found if isinstance(value, frozenset)]
            return frozenset().union(*sets)
        return max(found, key=lambda each: (each[0], each[2]))[1]

    def layer(self, layering: str, person: Person) -> str:
        ran = self.layerings[layering]
        return ran.run.get(person[0], ran.default)

    def erase(self, person: Person) -> None:
        """Nothing of them is left but the fact that their accounts are gone."""
        for key in person:
            self.accounts[key].erased = True
        self.facts = [fact for fact in self.facts if fact.account not in person]
        gone = set(person)
        for kept in (self.depths, self.values):
            for pair in [pair for pair in kept if pair[1] in gone]:
                del kept[pair]
        self.memberships = {m for m in self.memberships if m[1] not in gone}
        self.opted_out -= gone
        self.merges = [merge for merge in self.merges if not merge & gone]
