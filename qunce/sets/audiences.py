"""Audiences: who a rule means, as far as an operator may see."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.utils.translation import gettext as _
from pyroaring import BitMap

from qunce.core.communities import Community
from qunce.core.operators import Operator
from qunce.sets import bitmaps, rules, snapshots
from qunce.sets.rules import Clause, Node, Not
from qunce.sets.snapshots import Snapshot

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Reason:
    """One clause for one person. `wanted` is false for a clause behind a `not`."""

    where: str
    holds: bool
    wanted: bool
    text: str


@dataclass(frozen=True)
class Explanation:
    holds: bool
    because: tuple[Reason, ...]


@dataclass(frozen=True)
class Overlap:
    """Sizes: only in the left, in both, only in the right."""

    left: int
    both: int
    right: int


def count(*, community: Community, rule: Any, by: Operator, at: datetime) -> int:
    return _ask(community, at, lambda snap: len(_audience(snap, rule, by)))


def members(
    *,
    community: Community,
    rule: Any,
    by: Operator,
    at: datetime,
    after: int = 0,
    limit: int | None = None,
) -> list[int]:
    """Account ids of the people's first accounts, ascending, from `after` on."""

    def listed(snap: Snapshot) -> list[int]:
        found = _audience(snap, rule, by)
        place = found.rank(after)
        return list(found[place : len(found) if limit is None else place + limit])

    return _ask(community, at, listed)


def freeze(*, community: Community, rule: Any, by: Operator, at: datetime) -> bytes:
    """The audience as of now, as a Roaring blob; `sizes` and `ids` read it again."""
    return _ask(community, at, lambda snap: bitmaps.freeze(_audience(snap, rule, by)))


def overlap(
    *, community: Community, left: Any, right: Any, by: Operator, at: datetime
) -> Overlap:
    def compare(snap: Snapshot) -> Overlap:
        one, other = _audience(snap, left, by), _audience(snap, right, by)
        both = one.intersection_cardinality(other)
        return Overlap(len(one) - both, both, len(other) - both)

    return _ask(community, at, compare)


def explain(
    *, community: Community, rule: Any, by: Operator, at: datetime, account: int
) -> Explanation:
    """Why the person of `account` is in or out: every clause, true or false for her."""

    def because(snap: Snapshot) -> Explanation:
        question = _read(snap, rule, by)
        person = snap.aliases.head(account)
        reasons = [_presence(snap, person)]
        for node in question.nodes():
            reasons += _reasons(snap, node, person, wanted=True)
        return Explanation(person in question.people(snap), tuple(reasons))

    return _ask(community, at, because)


def check(*, community: Community, rule: Any) -> None:
    """Raise a RuleError if the rule cannot be understood."""
    rules.compile_rule(rule, community)


def ids(blob: bytes) -> Iterator[int]:
    """The account ids of a frozen audience, ascending."""
    return iter(bitmaps.thaw(blob))


def size(blob: bytes) -> int:
    return len(bitmaps.thaw(blob))


def _ask(
    community: Community, at: datetime, question: Callable[[Snapshot], Answer]
) -> Answer:
    """Ask in one snapshot; in a newer one if the cache is ahead of it meanwhile."""
    while True:
        try:
            with snapshots.opened(community, at) as snap:
                return question(snap)
        except snapshots.Stale:
            continue


@dataclass(frozen=True)
class Question:
    """A compiled rule, and the operator's scope outside it: no `any` can escape it."""

    rule: Node
    scope: Node | None

    def nodes(self) -> tuple[Node, ...]:
        return (self.rule,) if self.scope is None else (self.scope, self.rule)

    def people(self, snap: Snapshot) -> BitMap:
        """Kept for as long as nothing changes that any clause reads."""
        label = snap.label(
            part.leaf
            for node in self.nodes()
            for part in node.walk()
            if isinstance(part, Clause)
        )
        return snap.once(("answer", self), label, lambda: self._people(snap))

    def _people(self, snap: Snapshot) -> BitMap:
        found = self.rule.evaluate(snap, snap.everyone())
        if self.scope is None:
            return found
        return found & self.scope.evaluate(snap, snap.everyone(with_left=True))


def _read(snap: Snapshot, rule: Any, by: Operator) -> Question:
    """The compiled rule and scope, with all their revisions read."""
    scope = None
    if by.scope is not None:
        scope = rules.compile_rule(by.scope, snap.community)
    question = Question(rules.compile_rule(rule, snap.community), scope)
    snap.read(key for node in question.nodes() for key in rules.keys(node))
    return question


def _audience(snap: Snapshot, rule: Any, by: Operator) -> BitMap:
    return _read(snap, rule, by).people(snap)


def _presence(snap: Snapshot, person: int) -> Reason:
    here = person in snap.everyone()
    if here:
        text = _("is in the community")
    elif person in snap.everyone(with_left=True):
        text = _("has left the community")
    else:
        text = _("is not known")
    return Reason("", holds=here, wanted=True, text=text)


def _reasons(
    snap: Snapshot, node: Node, person: int, *, wanted: bool
) -> Iterator[Reason]:
    if isinstance(node, Clause):
        holds = person in snap.resolve(node.leaf)
        yield Reason(node.path, holds, wanted, node.leaf.say(snap, person))
        return
    if isinstance(node, Not):
        wanted = not wanted
    for child in node.children():
        yield from _reasons(snap, child, person, wanted=wanted)
