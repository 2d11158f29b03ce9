"""Who is in an audience, as directly as the sentences that say so.

For each person, for each clause, look through the facts. No sets of ids, no caches, no
stacks, no code of Qunce: whatever this says is right because one can read it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from tests.oracle import clock, values
from tests.oracle.people import Community, Fact, Person

Rule = dict[str, Any]

WINDOWS = ("within", "between", "before", "since")


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
        elif name == "segment":
            yield from self.because(self._unfold(body), person)
        else:
            yield rule, self.holds(rule, person, left_too=True)

    def holds(self, rule: Rule, person: Person, *, left_too: bool = False) -> bool:
        """`left_too`: those who left count as well, as inside `with_left`."""
        ((name, body),) = rule.items()
        counts = left_too or self.community.is_present(person)
        if name == "with_left":
            return self.holds(body, person, left_too=True)
        if name == "all":
            parts = [self.holds(part, person, left_too=left_too) for part in body]
            return all(parts) if parts else counts
        if name == "any":
            return any(self.holds(part, person, left_too=left_too) for part in body)
        if name == "not":
            return counts and not self.holds(body, person, left_too=left_too)
        if name == "segment":
            return self.holds(self._unfold(body), person, left_too=left_too)
        return counts and bool(getattr(self, f"_{name}")(body, person))

    def _unfold(self, body: Rule) -> Rule:
        """Segments are but names for their rules, and are read as if these stood there."""
        rules = {
            word: [self.community.segments[key] for key in body.get(word, [])]
            for word in ("any", "all", "none")
        }
        parts: list[Rule] = []
        if "any" in body:
            parts.append({"any": rules["any"]})
        if "all" in body:
            parts.append({"all": rules["all"]})
        if "none" in body:
            parts.append({"not": {"any": rules["none"]}})
        if "frozen" in body:
            parts.append({"frozen": {"any": body["frozen"]}})
        return parts[0] if len(parts) == 1 else {"all": parts}

    # Leaves

    def _tag(self, body: Rule, person: Person) -> bool:
        has = self._carries(body, person)
        conditions = []
        if "any" in body:
            conditions.append(any(has(tag) for tag in body["any"]))
        if "all" in body:
            conditions.append(all(has(tag) for tag in body["all"]))
        if "none" in body:
            conditions.append(not any(has(tag) for tag in body["none"]))
        if "untagged" in body:
            group = None if body["untagged"] is True else body["untagged"]
            conditions.append(self._is_untagged(group, person))
        return all(conditions)

    def _carries(self, body: Rule, person: Person) -> Callable[[str], bool]:
        def has(name: str) -> bool:
            depth = self.community.depth(self.community.tag_named(name), person)
            return depth > 0 and values.compares(depth, body.get("depth", {}))

        return has

    def _is_untagged(self, group: str | None, person: Person) -> bool:
        return not any(
            self.community.depth(tag, person) > 0
            for tag, tag_group in self.community.tag_groups.items()
            if group in (None, tag_group)
        )

    def _attr(self, body: Rule, person: Person) -> bool:
        kind = self.community.types[body["name"]]
        value = self.community.value(body["name"], person)
        return values.fits(kind, value, body, today=self.today)

    def _group(self, body: Rule, person: Person) -> bool:
        return self._some(body, lambda key: self._is_member(key, person))

    def _is_member(self, group: str, person: Person) -> bool:
        return any((group, key) in self.community.memberships for key in person)

    def _layer(self, body: Rule, person: Person) -> bool:
        return self.community.layer(body["of"], person) in body["in"]

    def _frozen(self, body: Rule, person: Person) -> bool:
        return any(self.community.frozen[key] & set(person) for key in body["any"])

    def _some(self, body: Rule, is_in: Callable[[str], bool]) -> bool:
        return (
            ("any" not in body or any(is_in(key) for key in body["any"]))
            and ("all" not in body or all(is_in(key) for key in body["all"]))
            and ("none" not in body or not any(is_in(key) for key in body["none"]))
        )

    def _joined(self, body: Rule, person: Person) -> bool:
        first = min(self.community.accounts[key].joined for key in person)
        return self._in_window(body, first)

    def _left(self, body: Rule, person: Person) -> bool:
        times = [self.community.accounts[key].left for key in person]
        gone = [time for time in times if time is not None]
        return len(gone) == len(times) and self._in_window(body, max(gone))

    def _source(self, body: Rule, person: Person) -> bool:
        return any(self.community.accounts[k].source in body["any"] for k in person)

    def _members(self, body: Rule, person: Person) -> bool:
        return any(key in body["keys"] for key in person)

    def _did(self, body: Rule, person: Person) -> bool:
        ever = self._facts(person, body["kind"], body.get("where", {}))
        window = {name: body[name] for name in WINDOWS if name in body}
        facts = [fact for fact in ever if self._in_window(window, fact.at)]
        days = {self.community.clock.day(fact.at) for fact in facts}
        weeks = {(self.today - day) // timedelta(days=7) for day in days}
        asked = []
        if "times" in body:
            asked.append(values.compares(len(facts), body["times"]))
        if "days" in body:
            asked.append(values.compares(len(days), body["days"]))
        if "weeks" in body:
            asked.append(values.compares(len(weeks), body["weeks"]))
        if "sum" in body:
            asked.append(self._sum_fits(facts, body["sum"]))
        if "first" in body:
            asked.append(self._edge_fits(ever, min, body["first"]))
        if "last" in body:
            asked.append(self._edge_fits(ever, max, body["last"]))
        return all(asked) if asked else len(facts) >= 1

    def _facts(self, person: Person, kind: str, where: Rule) -> list[Fact]:
        """Theirs of that kind, none of a day that has not come yet."""
        return [
            fact
            for fact in self.community.facts
            if fact.account in person
            and fact.kind == kind
            and self.community.clock.day(fact.at) <= self.today
            and values.matches(fact, where)
        ]

    def _sum_fits(self, facts: list[Fact], body: Rule) -> bool:
        fields = [fact.get(body["field"]) for fact in facts]
        total = sum(field for field in fields if values.is_whole(field))
        return values.compares(total, {k: v for k, v in body.items() if k != "field"})

    def _edge_fits(
        self, ever: list[Fact], edge: Callable[..., Fact], window: Rule
    ) -> bool:
        if not ever:
            return False
        return self._in_window(window, edge(ever, key=lambda fact: fact.at).at)

    def _seq(self, body: Rule, person: Person) -> bool:
        """Try every fact as the first step, then every later one as the next."""
        within = clock.span(body["within"]) if "within" in body else None
        steps = [
            [
                fact.at
                for fact in self._facts(person, step["kind"], step.get("where", {}))
                if self._in_window(body.get("during", {}), fact.at)
            ]
            for step in body["steps"]
        ]
        return any(_follows(steps[1:], first, first, within) for first in steps[0])

    def _in_window(self, window: Rule, moment: datetime) -> bool:
        return clock.in_window(window, moment, clock=self.community.clock, at=self.at)


def _follows(
    steps: list[list[datetime]],
    first: datetime,
    before: datetime,
    within: timedelta | None,
) -> bool:
    if not steps:
        return within is None or before - first <= within
    return any(
        _follows(steps[1:], first, time, within) for time in steps[0] if time > before
    )
