"""A community in plain Python, made of lists and dictionaries without duplication."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from tests.oracle.clock import Clock

Person = tuple[str, ...]
"""The keys of a person's accounts in the order of their creation."""
Value = str | bool | Decimal | date | datetime | frozenset[str]


@dataclass
class Account:
    key: str
    number: int
    joined: datetime
    source: str | None = None
    left: datetime | None = None
    erased: bool = False
    changes: list[tuple[datetime, bool]] = field(default_factory=list)
    """When it left (true) or rejoined (false), in the order of the changes."""

    def left_at(self, at: datetime) -> datetime | None:
        """When it had left by a moment; None if it was here."""
        changes = sorted(self.changes, key=lambda change: change[0])
        has_rejoined = any(not leaves for _, leaves in changes)
        # From its last change on it is as it is now, even if changes are not in the
        # order of their times.
        if not has_rejoined or at >= changes[-1][0]:
            return self.left if self.left and self.left <= at else None
        until_then = [change for change in changes if change[0] <= at]
        if not until_then:
            return None
        time, leaves = until_then[-1]
        return time if leaves else None


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
    """`layers` has a rule per layer, of which the first that holds counts.

    `run` is the newest run, from the first account to its layer.
    """

    layers: dict[str, dict[str, Any]]
    default: str
    run: dict[str, str] = field(default_factory=dict)
    runs: dict[str, dict[str, str]] = field(default_factory=dict)
    """Day → its last run."""


@dataclass
class Community:
    clock: Clock
    accounts: dict[str, Account] = field(default_factory=dict)
    merges: list[frozenset[str]] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    tag_groups: dict[str, str] = field(default_factory=dict)
    synonyms: dict[str, str] = field(default_factory=dict)
    depths: dict[tuple[str, str], int] = field(default_factory=dict)
    given: dict[tuple[str, str], datetime] = field(default_factory=dict)
    """(tag, account) → since when the account has had the tag."""
    types: dict[str, str] = field(default_factory=dict)
    values: dict[tuple[str, str], tuple[datetime, Value]] = field(default_factory=dict)
    groups: list[str] = field(default_factory=list)
    memberships: set[tuple[str, str]] = field(default_factory=set)
    listed: dict[tuple[str, str], str] = field(default_factory=dict)
    """(list, account) → the group of its entry, "" if it is for every group."""
    opted_out: set[str] = field(default_factory=set)
    opted_out_of_service: set[str] = field(default_factory=set)
    held_out: dict[str, set[str]] = field(default_factory=dict)
    """Campaign → the first accounts of the people who were left out at its start."""
    check_ins: set[tuple[str, date]] = field(default_factory=set)
    """Accounts and the community days on which they checked in."""
    entered: dict[str, str] = field(default_factory=dict)
    """Accounts that took part in the activity → `in` or `struck out`."""
    live: set[tuple[str, str]] = field(default_factory=set)
    """Accounts and what they did with the live session."""
    answers: list[tuple[datetime, str, dict[str, Any]]] = field(default_factory=list)
    """Moments, accounts and what they answered in the survey."""
    earned: list[tuple[str, date, int]] = field(default_factory=list)
    """Accounts, community days and the points that were earned."""
    badges: set[str] = field(default_factory=set)
    """Accounts that have the badge."""
    staff: list[str] = field(default_factory=list)
    in_charge: dict[str, tuple[datetime, str]] = field(default_factory=dict)
    """Account → since when it has which staff member in charge."""
    layerings: dict[str, Layering] = field(default_factory=dict)
    scores: dict[str, list[tuple[date, dict[str, Any]]]] = field(default_factory=dict)
    """Score → its versions and the days on which they were saved, in order."""
    segments: dict[str, dict[str, Any]] = field(default_factory=dict)
    frozen: dict[str, set[str]] = field(default_factory=dict)
    fact_keys: dict[str, str] = field(default_factory=dict)
    """Key of each recorded fact → its account; a key is used only once."""

    def person_of(self, key: str) -> Person:
        """All accounts that merges connect, in the order of their creation."""
        keys = {key}
        for _ in self.merges:
            for merge in self.merges:
                if keys & merge:
                    keys |= merge
        return tuple(sorted(keys, key=lambda key: self.accounts[key].number))

    def people(self) -> set[Person]:
        """Everyone who is present, has left or joins later, but not erased people."""
        return {
            self.person_of(key)
            for key, account in self.accounts.items()
            if not account.erased
        }

    def joined_by(self, person: Person, at: datetime) -> list[Account]:
        """The accounts of a person that had joined by a moment."""
        accounts = [self.accounts[key] for key in person]
        return [account for account in accounts if account.joined <= at]

    def is_present(self, person: Person, at: datetime) -> bool:
        joined = self.joined_by(person, at)
        return any(account.left_at(at) is None for account in joined)

    def depth(self, tag: str, person: Person) -> int:
        return sum(self.depths.get((tag, key), 0) for key in person)

    def resolve_synonym(self, name: str) -> str:
        return self.synonyms.get(name, name)

    def value(self, name: str, person: Person) -> Value | None:
        """The value that was set last over all accounts; `multi` values are united."""
        values = [
            (*self.values[name, key], self.accounts[key].number)
            for key in person
            if (name, key) in self.values
        ]
        if not values:
            return None
        if self.types[name] == "multi":
            sets = [value for _, value, _ in values if isinstance(value, frozenset)]
            return frozenset().union(*sets)
        return max(values, key=lambda value: (value[0], value[2]))[1]

    def staff_of(self, person: Person) -> str | None:
        """The staff member who was put in charge last."""
        assigned = [
            (*self.in_charge[key], self.accounts[key].number)
            for key in person
            if key in self.in_charge
        ]
        latest = max(assigned, key=lambda each: (each[0], each[2]), default=None)
        return latest[1] if latest else None

    def layer(self, layering: str, person: Person) -> str:
        assigned = self.layerings[layering]
        return assigned.run.get(person[0], assigned.default)

    def erase(self, person: Person) -> None:
        """Delete everything about the person except that the accounts are erased."""
        for key in person:
            self.accounts[key].erased = True
        self.facts = [fact for fact in self.facts if fact.account not in person]
        erased = set(person)
        for by_account in (self.depths, self.given, self.values):
            for pair in [pair for pair in by_account if pair[1] in erased]:
                del by_account[pair]
        self.memberships = {m for m in self.memberships if m[1] not in erased}
        self.listed = {k: v for k, v in self.listed.items() if k[1] not in erased}
        self.opted_out -= erased
        self.opted_out_of_service -= erased
        for key in person:
            self.in_charge.pop(key, None)
        self.merges = [merge for merge in self.merges if not merge & erased]
