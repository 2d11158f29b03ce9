"""What other active rules claim, where a rule could contradict them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from qunce.core import errors
from qunce.core.staff import models as staff_models
from qunce.members.tag_rules import effects as tag_effects
from qunce.members.tag_rules import tag_rules, tag_states
from qunce.members.tag_rules.conditions import Condition, EventCondition
from qunce.members.tag_rules.effects import Effect
from qunce.members.tag_rules.models import TagRule
from qunce.members.tag_rules.planning import Claim
from qunce.sets import audiences
from qunce.sets.bitmaps import bitmaps

if TYPE_CHECKING:
    from pyroaring import BitMap


def list_claims(
    rule: TagRule, effects: Sequence[Effect], *, at: datetime | None
) -> list[Claim]:
    """The claims of other active rules on the tags of a rule, in their order.

    A rule on members claims those for whom it holds now, or without `at` those for whom it
    held at its last run. A rule on events claims those who have its tag from it.
    """
    claims = []
    for other in tag_rules.list_active(rule.community):
        if other.pk == rule.pk:
            continue
        try:
            condition, theirs = tag_rules.load(other)
        except errors.QunceError:
            # Such as an archived tag: the rule does nothing, so it claims nobody.
            continue
        is_earlier = (other.position, other.pk) < (rule.position, rule.pk)
        for effect in theirs:
            if _concerns(rule, effects, effect, is_earlier):
                people = _find_people(other, condition, effect, at)
                claims.append(Claim(other.pk, is_earlier, effect, people))
    return claims


def _concerns(
    rule: TagRule, effects: Sequence[Effect], other: Effect, is_earlier: bool
) -> bool:
    if is_earlier and any(tag_effects.contradict(mine, other) for mine in effects):
        return True
    # What this rule takes back, the other one may give.
    return rule.takes_back and not other.is_removal


def _find_people(
    rule: TagRule, condition: Condition, effect: Effect, at: datetime | None
) -> BitMap:
    if isinstance(condition, EventCondition):
        if effect.is_removal:
            return bitmaps.of(())
        return tag_states.people_by_source(effect.tag.pk, rule.source)
    if at is None:
        return bitmaps.from_bytes(rule.matched) if rule.matched else bitmaps.of(())
    return audiences.people(
        community=rule.community,
        rule=condition.rule,
        by=staff_models.system(rule.community),
        at=at,
    )


def names(rule_ids: Iterator[int | None]) -> dict[int, str]:
    """Rule id → name."""
    found = TagRule.objects.in_bulk([pk for pk in rule_ids if pk is not None])
    return {pk: rule.name for pk, rule in found.items()}
