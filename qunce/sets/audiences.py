"""Audiences: the people that a rule selects, as far as a staff member may see them.

A rule is JSON or a `CompiledRule`. Compile a rule that is asked about more than once in
a request, so that its names are resolved only once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
from django.utils.translation import gettext as _
from pyroaring import BitMap

from qunce.core import db, errors, permissions, revisions
from qunce.core.communities import Community
from qunce.core.facts import interned_names
from qunce.core.staff.models import Staff
from qunce.sets import derived_models, funnels
from qunce.sets.bitmaps import attribute_columns
from qunce.sets.funnels import Funnel
from qunce.sets.rules import snapshots, tree
from qunce.sets.rules.snapshots import Snapshot
from qunce.sets.rules.tree import ClauseNode, Node, Not, WithLeft

if TYPE_CHECKING:
    from numpy.typing import NDArray

EVERYONE: dict[str, Any] = {"all": []}
"""The rule of all members who have not left. Not to be changed."""


@dataclass(frozen=True)
class Reason:
    """Whether one clause holds for one person.

    `expected` is false for a clause inside a `not`. `path` starts with `scope.` for a
    clause of the staff member's scope.
    """

    path: str
    holds: bool
    expected: bool
    text: str


@dataclass(frozen=True)
class Explanation:
    """Why a person is in an audience or not.

    `matches_by_path` has for each part of the rule whether it holds, see `funnels`.
    """

    holds: bool
    reasons: tuple[Reason, ...]
    matches_by_path: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True)
class Overlap:
    """Numbers of people who are only in the left, in both, only in the right audience."""

    left: int
    both: int
    right: int


# Compiling


@dataclass(frozen=True)
class CompiledRule:
    """A rule with its names resolved to ids, for use within one request."""

    community_id: int
    source: Any = field(compare=False, repr=False)
    node: Node

    def including_former(self) -> CompiledRule:
        """The rule inside `with_left`, so that it includes people who have left."""
        source = {"with_left": self.source}
        return CompiledRule(self.community_id, source, WithLeft(self.node))


def compile_rule(
    *,
    community: Community,
    rule: Any,
    by: Staff | None = None,
    me: int | None = None,
) -> CompiledRule:
    """Raises a RuleError if the rule is not valid or names something unknown.

    Groups that `by` does not see are unknown, too. `me` is the id of the staff member
    whom "me" in the rule means, if it is not `by`.
    """
    permissions.check_community(by, community.pk)
    node = tree.compile_rule(rule, community, by, me)
    return CompiledRule(community.pk, rule, node)


def check(*, community: Community, rule: Any, by: Staff | None = None) -> None:
    """Raise a RuleError if the rule is not valid or names something unknown."""
    compile_rule(community=community, rule=rule, by=by)


def list_clauses_of_today(
    *, community: Community, rule: Any, by: Staff | None = None
) -> list[str]:
    """The names of clauses in a rule whose past is not kept, such as `tag`, by name.

    `people` at an earlier moment is right for rules without any.
    """
    node = compile_rule(community=community, rule=rule, by=by).node
    clauses = (part.clause for part in node.walk() if isinstance(part, ClauseNode))
    return sorted({clause.name for clause in clauses if not clause.knows_past})


@dataclass(frozen=True)
class _Query:
    """A compiled rule and the staff member's scope, from which no `any` can escape."""

    rule: CompiledRule
    scope: Node | None

    def people(self, snap: Snapshot) -> BitMap:
        """The audience. The set is shared with the cache and must not be changed."""
        # The result of a whole rule is cached as well as its clauses. A warm count
        # takes 1 to 2 ms for a million members on SQLite.
        nodes = [self.rule.node] if self.scope is None else [self.scope, self.rule.node]
        # Everything that any clause depends on, so that a change of the scope's tag
        # also counts.

        def evaluate() -> BitMap:
            # The scope is applied last, to the whole result.
            people = self.rule.node.evaluate(snap, snap.everyone())
            visible = self.visible(snap)
            return people if visible is None else people & visible

        version = snap.version(
            part.clause
            for node in nodes
            for part in node.walk()
            if isinstance(part, ClauseNode)
        )
        name = ("audience", self, snap.with_staff)
        return snap.memoize(name, version, evaluate)

    def visible(self, snap: Snapshot) -> BitMap | None:
        """The people in the scope, or None if there is no scope."""
        if self.scope is None:
            return None
        # Who has left stays in the scope; the rule decides about former members.
        return self.scope.evaluate(snap, snap.everyone(with_left=True))


def _prepare(snap: Snapshot, rule: Any, by: Staff) -> _Query:
    """The query, with the revisions loaded that its result depends on."""
    permissions.check_community(by, snap.community.pk)
    # A rule that is not compiled yet is compiled inside the snapshot, so that its names
    # are those of the same moment as the sets.
    if not isinstance(rule, CompiledRule):
        rule = compile_rule(community=snap.community, rule=rule, by=by)
    elif rule.community_id != snap.community.pk:
        raise ValueError("the rule was compiled for another community")
    elif by.groups is not None:
        # Whoever compiled it may have seen more groups.
        tree.compile_rule(rule.source, snap.community, by)
    scope = tree.compile_scope(by, snap.community)
    keys = tree.revision_keys(rule.node)
    if scope is not None:
        keys |= tree.revision_keys(scope)
    # One query for all sets of the rule; every later decision about the cache needs no
    # query.
    snap.load_revisions(keys)
    return _Query(rule, scope)


# Questions


def count(*, community: Community, rule: Any, by: Staff, at: datetime) -> int:
    return snapshots.run(
        community, at, lambda snap: len(_prepare(snap, rule, by).people(snap))
    )


def people(
    *,
    community: Community,
    rule: Any,
    by: Staff,
    at: datetime,
    with_staff: bool = False,
) -> BitMap:
    """The person ids, as a set of the caller's own.

    Staff accounts are in it only `with_staff`, for lists that name people: no number
    counts them.
    """
    return snapshots.run(
        community,
        at,
        lambda snap: _prepare(snap, rule, by).people(snap).copy(),
        with_staff=with_staff,
    )


def people_by_rule(
    *, community: Community, rules: Sequence[Any], by: Staff, at: datetime
) -> list[BitMap]:
    """The people of each rule, all in one moment and with the names read only once.

    The sets are shared with the cache and must not be changed.
    """
    permissions.check_community(by, community.pk)

    def read(snap: Snapshot) -> list[BitMap]:
        scope = tree.compile_scope(by, snap.community)
        nodes = [tree.compile_rule(rule, snap.community, by) for rule in rules]
        scopes = [] if scope is None else [scope]
        keys: set[revisions.Key] = set()
        for node in (*nodes, *scopes):
            keys |= tree.revision_keys(node)
        snap.load_revisions(keys)
        return [
            _Query(CompiledRule(snap.community.pk, rule, node), scope).people(snap)
            for rule, node in zip(rules, nodes, strict=True)
        ]

    return snapshots.run(community, at, read)


def count_uncounted(*, community: Community, rule: Any, by: Staff, at: datetime) -> int:
    """How many people match the rule but are left out: staff, bots and volunteers."""
    query: dict[str, Any] = {"community": community, "rule": rule, "by": by, "at": at}
    return len(people(**query, with_staff=True)) - count(**query)


def staff_people(*, community: Community, at: datetime) -> BitMap:
    """The people who work here, and bots."""

    def read(snap: Snapshot) -> BitMap:
        snap.load_revisions(())
        return snap.staff.copy()

    return snapshots.run(community, at, read)


def uncounted_people(*, community: Community, at: datetime) -> BitMap:
    """The people whom no number counts: those who work here, bots and volunteers."""

    def read(snap: Snapshot) -> BitMap:
        snap.load_revisions(())
        return snap.uncounted.copy()

    return snapshots.run(community, at, read)


def uncounted_accounts(*, community: Community, at: datetime) -> list[int]:
    """All accounts of the people whom no number counts, ascending."""

    def read(snap: Snapshot) -> list[int]:
        snap.load_revisions(())
        return list(snap.uncounted_accounts())

    return snapshots.run(community, at, read)


def list_ids(
    *,
    community: Community,
    rule: Any,
    by: Staff,
    at: datetime,
    after: int = 0,
    limit: int | None = None,
    with_staff: bool = False,
) -> list[int]:
    """The person ids in ascending order, only those > `after`, at most `limit`."""
    # The whole set, since counting a page of it in the database would take a scan per
    # page.
    audience = people(
        community=community, rule=rule, by=by, at=at, with_staff=with_staff
    )
    # By rank, not by offset: pages stay right when people join in between.
    start = audience.rank(after)
    return list(audience[start : len(audience) if limit is None else start + limit])


def overlap(
    *, community: Community, left: Any, right: Any, by: Staff, at: datetime
) -> Overlap:
    def compare(snap: Snapshot) -> Overlap:
        # Both in one snapshot, so that nobody can move from one to the other between
        # them.
        left_people = _prepare(snap, left, by).people(snap)
        right_people = _prepare(snap, right, by).people(snap)
        both = left_people.intersection_cardinality(right_people)
        return Overlap(len(left_people) - both, both, len(right_people) - both)

    return snapshots.run(community, at, compare)


def funnel(
    *, community: Community, rule: Any, by: Staff, at: datetime, sample: int = 0
) -> Funnel:
    """How many people each part of the rule leaves, with a sample of the audience."""

    def count_parts(snap: Snapshot) -> Funnel:
        query = _prepare(snap, rule, by)
        visible, present = query.visible(snap), snap.everyone()
        audience = query.people(snap)
        return Funnel(
            everyone=len(present if visible is None else present & visible),
            total=len(audience),
            steps=funnels.count_steps(
                snap, query.rule.source, query.rule.node, visible
            ),
            sample=funnels.sample_evenly(audience, sample),
            uncounted=0
            if visible is not None
            else len(
                query.rule.node.evaluate(snap, snap.uncounted_present())
                & snap.uncounted
            ),
        )

    return snapshots.run(community, at, count_parts)


def explain(
    *, community: Community, rule: Any, by: Staff, at: datetime, account: int
) -> Explanation:
    """Why the person of `account` is in the audience or not, clause by clause."""

    def list_reasons(snap: Snapshot) -> Explanation:
        query = _prepare(snap, rule, by)
        person = snap.aliases.person_id(account)
        visible = query.visible(snap)
        if visible is not None and person not in visible:
            raise errors.NotFound(
                _("There is no member with the number %(id)s.") % {"id": account}
            )
        # Presence first, then the scope, then the rule, as the explanation is read.
        is_present = person in snap.everyone()
        if is_present:
            text = _("is in the community")
        elif person in snap.staff:
            text = _("works here, and is never counted as a member")
        elif person in snap.uncounted:
            text = _("is a volunteer in a group, and not counted as a member")
        elif person in snap.everyone(with_left=True):
            text = _("has left the community")
        elif person in snap.people(snap.presence.not_erased):
            text = _("had not joined the community yet")
        else:
            text = _("is not known")
        reasons = [Reason("", holds=is_present, expected=True, text=text)]
        if query.scope is not None:
            reasons += [
                replace(reason, path=f"scope.{reason.path}")
                for reason in _clause_reasons(snap, query.scope, person)
            ]
        reasons += [
            _without_groups(reason, by)
            for reason in _clause_reasons(snap, query.rule.node, person)
        ]
        return Explanation(
            person in query.people(snap),
            tuple(reasons),
            funnels.matches_by_path(snap, query.rule.source, query.rule.node, person),
        )

    return snapshots.run(community, at, list_reasons)


def _without_groups(reason: Reason, by: Staff) -> Reason:
    """The reason as limited staff read it: a shared segment may name hidden groups."""
    if by.groups is None or "(" not in reason.path:
        return reason
    return replace(reason, text=_("a part of a shared segment"))


def _clause_reasons(
    snap: Snapshot, node: Node, person: int, *, expected: bool = True
) -> Iterator[Reason]:
    if isinstance(node, ClauseNode):
        # Nothing holds for who had not joined yet, as nothing selects them.
        is_known = person in snap.known()
        holds = is_known and person in snap.resolve(node.clause)
        yield Reason(node.path, holds, expected, node.clause.explain(snap, person))
        return
    if isinstance(node, Not):
        expected = not expected
    for child in node.children():
        yield from _clause_reasons(snap, child, person, expected=expected)


# Vocabulary for writing rules


def list_fact_kinds(community: Community) -> list[str]:
    """The kinds of facts that any account of this community has."""
    rows = db.rows(
        "SELECT DISTINCT kind_id FROM sets_day_count WHERE community_id = %s",
        [community.pk],
        using=derived_models.db_alias(),
    )
    names = interned_names.names_by_id("kind", 0)
    return sorted(names[kind_id] for (kind_id,) in rows if kind_id in names)


def list_attribute_texts(
    *, community: Community, attribute: int, at: datetime
) -> list[str]:
    """The texts among the values of an attribute, the most frequent first."""

    def rank(snap: Snapshot) -> list[str]:
        snap.load_revisions([(attribute_columns.KIND, attribute)])
        # From the cached column: GROUP BY over a million rows would take far longer.
        column = snap.column(attribute)
        counts = np.bincount(column.numbers, minlength=len(column.texts))
        order = np.argsort(-counts, kind="stable")
        return [column.texts[index] for index in order if counts[index]]

    return snapshots.run(community, at, rank)


def list_attribute_numbers(
    *, community: Community, attribute: int, among: BitMap, at: datetime
) -> NDArray[np.int64]:
    """The values that these people have of a numeric attribute, ascending.

    They are in 10,000ths. Somebody with several accounts may have several.
    """

    def read(snap: Snapshot) -> NDArray[np.int64]:
        snap.load_revisions([(attribute_columns.KIND, attribute)])
        column = snap.column(attribute)
        people = snap.aliases.map_array(column.accounts)
        return np.sort(column.numbers[np.isin(people, among.to_array())])

    return snapshots.run(community, at, read)
