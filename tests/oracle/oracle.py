"""Who is in an audience, as directly as the sentences that say so.

For each person, for each clause, look through the facts. No sets of ids, no caches, no
stacks, no code of Qunce: whatever this says is right because one can read it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from tests.oracle import clauses, clock, values
from tests.oracle.clauses import Rule
from tests.oracle.people import Community, Fact, Person


@dataclass(frozen=True)
class Oracle:
    community: Community
    at: datetime
    scope: Rule | None = None
    """The operator's own limit: nobody outside of it is ever shown."""

    @property
    def today(self) -> date:
        return self.community.clock.day(self.at)

    def members(self, rule: Rule) -> set[Person]:
        return {p for p in self.community.people() if self.is_in(rule, p)}

    def is_in(self, rule: Rule, person: Person) -> bool:
        return self._in_scope(person) and self.holds(rule, person)

    def _in_scope(self, person: Person) -> bool:
        """A scope limits whom one sees; that somebody left does not take her out of it."""
        return self.scope is None or self.holds(self.scope, person, left_too=True)

    def because(self, rule: Rule, person: Person) -> Iterator[tuple[Rule, bool]]:
        """Each clause of the rule and whether it is so for this one person, here or not."""
        ((name, body),) = rule.items()
        if name in ("all", "any"):
            for part in body:
                yield from self.because(part, person)
        elif name in ("not", "with_left"):
            yield from self.because(body, person)
        elif unfolded := self._unfold(name, body):
            yield from self.because(unfolded, person)
        else:
            yield rule, self.holds(rule, person, left_too=True)

    def holds(self, rule: Rule, person: Person, *, left_too: bool = False) -> bool:
        """`left_too`: former members count as well, as inside `with_left`."""
        ((name, args),) = rule.items()
        counts = left_too or self.community.is_present(person)
        if name == "with_left":
            return self.holds(args, person, left_too=True)
        if name == "all":
            parts = [self.holds(part, person, left_too=left_too) for part in args]
            return all(parts) if parts else counts
        if name == "any":
            return any(self.holds(part, person, left_too=left_too) for part in args)
        if name == "not":
            return counts and not self.holds(args, person, left_too=left_too)
        if unfolded := self._unfold(name, args):
            return self.holds(unfolded, person, left_too=left_too)
        holds = clauses.INSIDE_SEGMENTS.get(name) or clauses.CLAUSES[name].holds
        assert holds is not None
        return counts and bool(holds(self, args, person))

    def _unfold(self, name: str, args: Rule) -> Rule | None:
        """The rule that a name stands for; None for a clause."""
        row = clauses.CLAUSES.get(name)
        return row.unfold(self, args) if row and row.unfold else None

    def facts(self, person: Person, kind: str, where: Rule) -> list[Fact]:
        """Theirs of that kind, none of a day that has not come yet."""
        return [
            fact
            for fact in self.community.facts
            if fact.account in person
            and fact.kind == kind
            and self.community.clock.day(fact.at) <= self.today
            and values.matches(fact, where)
        ]

    def in_window(self, window: Rule, moment: datetime) -> bool:
        return clock.in_window(window, moment, clock=self.community.clock, at=self.at)
