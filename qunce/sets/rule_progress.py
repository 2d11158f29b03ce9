"""How far one person is in a rule: the number that a clause counts, and the one it needs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from qunce.sets.clauses.did import DidClause
from qunce.sets.rules import comparisons, fact_counts, snapshots, tree
from qunce.sets.rules.tree import All, ClauseNode, Node

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.sets.rules.snapshots import Snapshot


@dataclass(frozen=True)
class Step:
    """A part of a rule. `wanted` is None where it has no number to reach."""

    holds: bool
    count: int = 0
    wanted: int | None = None


def list_steps(
    *, community: Community, rule: Any, account: int, at: datetime
) -> list[Step]:
    """The parts of a rule that all have to hold, for the person of an account.

    Raises a RuleError if the rule is not valid any more.
    """

    def list_parts(snap: Snapshot) -> list[Step]:
        node = tree.compile_rule(rule, community)
        snap.load_revisions(tree.revision_keys(node))
        person = snap.aliases.person_id(account)
        parts = node.children() if isinstance(node, All) else (node,)
        return [_measure(snap, part, person) for part in parts]

    return snapshots.run(community, at, list_parts)


def _measure(snap: Snapshot, node: Node, person: int) -> Step:
    holds = person in node.evaluate(snap, snap.everyone())
    if not isinstance(node, ClauseNode) or not isinstance(node.clause, DidClause):
        return Step(holds)
    clause = node.clause
    if len(clause.counts) != 1 or clause.aggregates or clause.first or clause.last:
        return Step(holds)
    ((unit, comparison),) = clause.counts
    least, most = comparison.bounds()
    if least < 1 or most < comparisons.MAX_NUMBER:
        return Step(holds)
    count = fact_counts.of_person(snap, clause.facts, clause.window, unit, person)
    return Step(holds, count, least)
