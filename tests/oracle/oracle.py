"""Who is in an audience, decided as directly as the documentation describes it.

It looks through all facts for each person and each clause. It has no sets of ids, no
caches, no counters and no code of Qunce, so that reading it shows that it is correct.
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
    """The rule that limits what the staff member can see."""

    @property
    def today(self) -> date:
        return self.community.clock.day(self.at)

    @property
    def clock(self) -> clock.Clock:
        return self.community.clock

    def members(self, rule: Rule) -> set[Person]:
        return {p for p in self.community.people() if self.is_in(rule, p)}

    def is_in(self, rule: Rule, person: Person) -> bool:
        return self._in_scope(person) and self.holds(rule, person)

    def _in_scope(self, person: Person) -> bool:
        """Whether a staff member can see the person, who stays in the scope after leaving."""
        return self.scope is None or self.holds(self.scope, person, with_left=True)

    def explain(self, rule: Rule, person: Person) -> Iterator[tuple[Rule, bool]]:
        """Each clause of the rule, and whether it holds for this person, present or not."""
        ((name, body),) = rule.items()
        if name in ("all", "any"):
            for part in body:
                yield from self.explain(part, person)
        elif name in ("not", "with_left"):
            yield from self.explain(body, person)
        elif unfolded := self._unfold(name, body):
            yield from self.explain(unfolded, person)
        else:
            is_known = bool(self.community.joined_by(person, self.at))
            yield rule, is_known and self.holds(rule, person, with_left=True)

    def holds(self, rule: Rule, person: Person, *, with_left: bool = False) -> bool:
        """With `with_left` former members count as well, as inside that node."""
        ((name, args),) = rule.items()
        counts = self.community.is_present(person, self.at)
        if with_left:
            counts = bool(self.community.joined_by(person, self.at))
        if name == "with_left":
            return self.holds(args, person, with_left=True)
        if name == "all":
            parts = [self.holds(part, person, with_left=with_left) for part in args]
            return all(parts) if parts else counts
        if name == "any":
            return any(self.holds(part, person, with_left=with_left) for part in args)
        if name == "not":
            return counts and not self.holds(args, person, with_left=with_left)
        if unfolded := self._unfold(name, args):
            return self.holds(unfolded, person, with_left=with_left)
        holds = clauses.INSIDE_SEGMENTS.get(name) or clauses.CLAUSES[name].holds
        assert holds is not None
        return counts and bool(holds(self, args, person))

    def _unfold(self, name: str, args: Rule) -> Rule | None:
        """The rule that a macro stands for, or None for a clause."""
        row = clauses.CLAUSES.get(name)
        return row.unfold(self, args) if row and row.unfold else None

    def facts(self, person: Person, args: Rule) -> list[Fact]:
        """The person's facts of a kind and more, without those after today."""
        return [
            fact
            for fact in self.community.facts
            if fact.account in person
            and fact.kind == args["kind"]
            and self.community.clock.day(fact.at) <= self.today
            and values.matches(fact, args.get("where", {}))
            and clock.is_at(args.get("hours", [0, 24]), fact.at, self.community.clock)
            and self.clock.day(fact.at).weekday() in args.get("weekdays", range(7))
        ]

    def is_present(self, person: Person) -> bool:
        return self.community.is_present(person, self.at)

    def in_window(self, window: Rule, moment: datetime) -> bool:
        return clock.in_window(window, moment, clock=self.community.clock, at=self.at)
