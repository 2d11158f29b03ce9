"""What a change of a score does before it is saved: its distribution, and who moves.

Members move between the layers of every layering whose rules name the score. Both sides
are computed now, so that they differ in nothing but the score.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from django.utils.translation import gettext as _

from qunce.core import errors, permissions
from qunce.core.staff import models as staff_models
from qunce.insight.scores import distributions
from qunce.insight.scores.distributions import Distribution
from qunce.members.clauses.score import ScoreClause
from qunce.members.layers import assignment, layering_specs, layers
from qunce.members.layers.layers import Layering
from qunce.members.scores import evaluation, scores
from qunce.sets import audiences
from qunce.sets.audiences import CompiledRule
from qunce.sets.rules import base, tree
from qunce.sets.rules.tree import All, Any_, ClauseNode, Node, Not, WithLeft

if TYPE_CHECKING:
    from datetime import datetime

    from pyroaring import BitMap

    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff
    from qunce.members.scores.definitions import Definition
    from qunce.members.scores.models import Score


MAX_FACTS_READ = 20_000_000
"""Five seconds; the counts of days, which most parts need, are no part of it."""


class PreviewTooLarge(errors.Refused):
    """The changed parts read too many facts for somebody who waits."""


@dataclass(frozen=True)
class Crossing:
    """The people who move from one layer to another."""

    old: str
    new: str
    people: BitMap


@dataclass(frozen=True)
class LayerEffect:
    """`sizes` are the layers with their sizes before and after."""

    layering: Layering
    sizes: tuple[tuple[str, int, int], ...]
    crossings: tuple[Crossing, ...]


@dataclass(frozen=True)
class Preview:
    """`before` is None for a new score. `up` and `down` count members by their score."""

    before: Distribution | None
    after: Distribution
    up: int
    down: int
    layers: tuple[LayerEffect, ...]

    @property
    def bins(self) -> list[tuple[str, int | None, int]]:
        """The label of each bar, with its people before and after."""
        old = self.before.bins if self.before else (None,) * len(self.after.bins)
        return [
            (new.label, None if bin_ is None else bin_.people, new.people)
            for bin_, new in zip(old, self.after.bins, strict=True)
        ]


def preview(*, score: Score | None, spec: Any, by: Staff, at: datetime) -> Preview:
    """Compare a spec with the score as it is; `score` is None for a new one.

    Raises InvalidScore, and PreviewTooLarge if it would take too long.
    """
    permissions.check_may(by, scores.MANAGE)
    if score is not None:
        permissions.check_community(by, score.community_id)
    community = by.community
    draft = scores.check_definition(spec, by)
    key = "" if score is None else score.key
    _check_size(community, draft, key, at)
    members = audiences.people(
        community=community, rule=audiences.EVERYONE, by=by, at=at
    )
    # The list behind a number is not known before the change is saved.
    today = distributions.compute_day(community, at)
    new = evaluation.read_draft(community, draft, at).among(members)
    after = distributions.spread(key, new, today, None)
    if score is None:
        return Preview(None, after, 0, 0, ())
    old = evaluation.read(community, score.key, at).among(members)
    return Preview(
        distributions.spread(key, old, today, None),
        after,
        int(np.count_nonzero(new > old)),
        int(np.count_nonzero(new < old)),
        tuple(_list_effects(score, draft, by, at)),
    )


def _check_size(
    community: Community, draft: Definition, key: str, at: datetime
) -> None:
    count = evaluation.count_read(community, draft, key, at)
    if count > MAX_FACTS_READ:
        raise PreviewTooLarge(
            _(
                "The preview would read %(n)s facts one by one, and can read %(limit)s."
                " Choose shorter spans for sums and for parts with conditions on fields,"
                " or save without a preview."
            )
            % {"n": f"{count:,}", "limit": f"{MAX_FACTS_READ:,}"}
        )


def _list_effects(
    score: Score, draft: Definition, by: Staff, at: datetime
) -> list[LayerEffect]:
    mention = ("score", score.key)
    effects = []
    for layering in layers.list_active(by.community):
        rules = [layer.get("rule") for layer in layering.spec["layers"]]
        if mention not in base.list_mentions(rules):
            continue
        before = _assign(layering, score.key, None, at)
        after = _assign(layering, score.key, draft, at)
        names = layering_specs.names_of(layering.spec)
        crossings = [
            Crossing(names[old], names[new], moved)
            for old in before
            for new in after
            if old != new and (moved := before[old] & after[new])
        ]
        sizes = tuple(
            (names[layer], len(before[layer]), len(after[layer])) for layer in before
        )
        effects.append(LayerEffect(layering, sizes, tuple(crossings)))
    return effects


def _assign(
    layering: Layering, key: str, draft: Definition | None, at: datetime
) -> dict[str, BitMap]:
    """Layer → its people, as a run would assign them with the draft of a score."""
    community, spec = layering.community, layering.spec
    by, gaps = staff_models.system(community), spec.get("gaps")
    bounds = assignment.typical_gaps(community, gaps, at) if gaps else {}
    matching = {}
    for layer in spec["layers"][:-1]:
        rule = layering_specs.rule_of(layer, spec, bounds)
        node = tree.compile_rule(rule, community)
        if draft is not None:
            node = _with_draft(node, key, draft, community.day(at))
        compiled = CompiledRule(community.pk, rule, node)
        matching[layer["key"]] = audiences.people(
            community=community, rule=compiled, by=by, at=at
        )
    everyone = audiences.people(
        community=community, rule=audiences.EVERYONE, by=by, at=at
    )
    sets, _taken = assignment.divide_in_order(
        everyone, matching, rest=spec["layers"][-1]["key"]
    )
    return sets


def _with_draft(node: Node, key: str, draft: Definition, today: int) -> Node:
    """The rule with the draft in place of the score as of today."""
    if isinstance(node, All | Any_):
        parts = tuple(_with_draft(part, key, draft, today) for part in node.parts)
        return type(node)(parts)
    if isinstance(node, Not | WithLeft):
        return type(node)(_with_draft(node.part, key, draft, today))
    if isinstance(node, ClauseNode) and isinstance(node.clause, ScoreClause):
        clause = node.clause
        if clause.score == key and (clause.on is None or clause.on >= today):
            clause = dataclasses.replace(clause, draft=draft)
        return ClauseNode(clause, node.path)
    return node
