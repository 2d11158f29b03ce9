"""Audiences: who a rule means, as far as an operator may see."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeVar

import numpy as np
from django.utils.translation import gettext as _
from pyroaring import BitMap

from qunce.core import db
from qunce.core.communities import Community
from qunce.core.facts import interned_names
from qunce.core.staff.models import Staff
from qunce.sets import derived_models, funnels
from qunce.sets.bitmaps import attribute_columns, bitmaps
from qunce.sets.funnels import Funnel
from qunce.sets.rules import snapshots, tree
from qunce.sets.rules.snapshots import Snapshot
from qunce.sets.rules.tree import ClauseNode, Node, Not

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Reason:
    """One clause for one person. `wanted` is false for a clause behind a `not`; `where`
    begins with `scope.` for those of the operator's scope."""

    where: str
    holds: bool
    wanted: bool
    text: str


@dataclass(frozen=True)
class Explanation:
    """`lit` says by place whether each part of the rule holds, see `funnels.parts`."""

    holds: bool
    because: tuple[Reason, ...]
    lit: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True)
class Overlap:
    """Sizes: only in the left, in both, only in the right."""

    left: int
    both: int
    right: int


def count(*, community: Community, rule: Any, by: Staff, at: datetime) -> int:
    return _run_in_snapshot(community, at, lambda snap: len(_people(snap, rule, by)))


def list_ids(
    *,
    community: Community,
    rule: Any,
    by: Staff,
    at: datetime,
    after: int = 0,
    limit: int | None = None,
) -> list[int]:
    """Account ids of the people's first accounts, ascending, from `after` on."""

    def listed(snap: Snapshot) -> list[int]:
        found = _people(snap, rule, by)
        place = found.rank(after)
        return list(found[place : len(found) if limit is None else place + limit])

    return _run_in_snapshot(community, at, listed)


def freeze(*, community: Community, rule: Any, by: Staff, at: datetime) -> bytes:
    """The audience as of now, as a Roaring blob; `sizes` and `ids` read it again."""
    return _run_in_snapshot(
        community, at, lambda snap: bitmaps.to_bytes(_people(snap, rule, by))
    )


def overlap(
    *, community: Community, left: Any, right: Any, by: Staff, at: datetime
) -> Overlap:
    def compare(snap: Snapshot) -> Overlap:
        one, other = _people(snap, left, by), _people(snap, right, by)
        both = one.intersection_cardinality(other)
        return Overlap(len(one) - both, both, len(other) - both)

    return _run_in_snapshot(community, at, compare)


def funnel(
    *, community: Community, rule: Any, by: Staff, at: datetime, sample: int = 0
) -> Funnel:
    """How many each part of the rule leaves, all in one snapshot, and some people."""

    def narrowed(snap: Snapshot) -> Funnel:
        question = _read(snap, rule, by)
        seen, here = question.seen(snap), snap.everyone()
        people = question.people(snap)
        return Funnel(
            everyone=len(here if seen is None else here & seen),
            total=len(people),
            steps=funnels.count_steps(snap, rule, question.rule, seen),
            sample=funnels.sample_evenly(people, sample),
        )

    return _run_in_snapshot(community, at, narrowed)


def explain(
    *, community: Community, rule: Any, by: Staff, at: datetime, account: int
) -> Explanation:
    """Why the person of `account` is in or out: every clause, true or false for her."""

    def because(snap: Snapshot) -> Explanation:
        question = _read(snap, rule, by)
        person = snap.aliases.person_id(account)
        reasons = [_presence_reason(snap, person)]
        if question.scope:
            of_scope = _reasons(snap, question.scope, person, wanted=True)
            reasons += [replace(each, where=f"scope.{each.where}") for each in of_scope]
        reasons += _reasons(snap, question.rule, person, wanted=True)
        holds = person in question.people(snap)
        lit = funnels.matches_by_path(snap, rule, question.rule, person)
        return Explanation(holds, tuple(reasons), lit)

    return _run_in_snapshot(community, at, because)


def check(*, community: Community, rule: Any) -> None:
    """Raise a RuleError if the rule cannot be understood."""
    tree.compile_rule(rule, community)


def list_fact_kinds(community: Community) -> list[str]:
    """The kinds of facts that anybody of this community has."""
    rows = db.rows(
        "SELECT DISTINCT kind_id FROM sets_day_count WHERE community_id = %s",
        [community.pk],
        using=derived_models.db_alias(),
    )
    known = interned_names.listed("kind", 0)
    return sorted(known[kind] for (kind,) in rows if kind in known)


def list_attribute_texts(
    *, community: Community, attribute: int, at: datetime
) -> list[str]:
    """The texts that an attribute's values are, the most frequent first."""

    def ranked(snap: Snapshot) -> list[str]:
        snap.load_revisions([(attribute_columns.KIND, attribute)])
        column = snap.column(attribute)
        often = np.bincount(column.numbers, minlength=len(column.texts))
        order = np.argsort(-often, kind="stable")
        return [column.texts[code] for code in order if often[code]]

    return _run_in_snapshot(community, at, ranked)


def ids(blob: bytes) -> Iterator[int]:
    """The account ids of a frozen audience, ascending."""
    return iter(bitmaps.from_bytes(blob))


def size(blob: bytes) -> int:
    return len(bitmaps.from_bytes(blob))


def _run_in_snapshot(
    community: Community, at: datetime, question: Callable[[Snapshot], Answer]
) -> Answer:
    """Ask in one snapshot; in a newer one if the cache is ahead of it meanwhile."""
    while True:
        try:
            with snapshots.open_snapshot(community, at) as snap:
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
        label = snap.cache_key(
            part.clause
            for node in self.nodes()
            for part in node.walk()
            if isinstance(part, ClauseNode)
        )
        return snap.memoize(("answer", self), label, lambda: self._people(snap))

    def _people(self, snap: Snapshot) -> BitMap:
        found, seen = self.rule.evaluate(snap, snap.everyone()), self.seen(snap)
        return found if seen is None else found & seen

    def seen(self, snap: Snapshot) -> BitMap | None:
        """Whom the operator sees at all; None is everybody."""
        if self.scope is None:
            return None
        return self.scope.evaluate(snap, snap.everyone(with_left=True))


def _read(snap: Snapshot, rule: Any, by: Staff) -> Question:
    """The compiled rule and scope, with all their revisions read."""
    scope = None
    if by.scope is not None:
        scope = tree.compile_rule(by.scope, snap.community)
    question = Question(tree.compile_rule(rule, snap.community), scope)
    snap.load_revisions(
        key for node in question.nodes() for key in tree.revision_keys(node)
    )
    return question


def _people(snap: Snapshot, rule: Any, by: Staff) -> BitMap:
    return _read(snap, rule, by).people(snap)


def _presence_reason(snap: Snapshot, person: int) -> Reason:
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
    if isinstance(node, ClauseNode):
        holds = person in snap.resolve(node.clause)
        yield Reason(node.path, holds, wanted, node.clause.explain(snap, person))
        return
    if isinstance(node, Not):
        wanted = not wanted
    for child in node.children():
        yield from _reasons(snap, child, person, wanted=wanted)
