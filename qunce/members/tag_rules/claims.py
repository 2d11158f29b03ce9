"""What other active rules claim, where a rule could contradict them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
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
from qunce.members.tags import library
from qunce.sets import audiences
from qunce.sets.bitmaps import bitmaps

if TYPE_CHECKING:
    from pyroaring import BitMap


def list_claims(
    rule: TagRule,
    effects: Sequence[Effect],
    *,
    taken_back: Collection[int] = (),
    at: datetime | None,
) -> list[Claim]:
    """The claims of other active rules on the tags of a rule, in their order.

    `taken_back` are the ids of tags that the rule may take back. A rule on members claims
    those for whom it holds now, or without `at` those for whom it held at its last run. A
    rule on events claims those who have its tag from it.
    """
    claims = []
    for other in _list_concerned(rule, effects, taken_back):
        try:
            condition, theirs = tag_rules.load(other)
        except errors.QunceError:
            # Such as an archived tag: the rule does nothing, so it claims nobody.
            continue
        is_earlier = (other.position, other.pk) < (rule.position, rule.pk)
        for effect in theirs:
            fights = any(tag_effects.contradict(mine, effect) for mine in effects)
            gives = effect.tag.pk in taken_back and not effect.is_removal
            if (is_earlier and fights) or gives:
                people = _find_people(other, condition, effect, at)
                claims.append(Claim(other.pk, is_earlier, effect, people))
    return claims


def _list_concerned(
    rule: TagRule, effects: Sequence[Effect], taken_back: Collection[int]
) -> list[TagRule]:
    """The other active rules with an effect on one of these tags or on its group.

    Only these are loaded in full, as fifty rules would load each other every night.
    """
    others = [r for r in tag_rules.list_active(rule.community) if r.pk != rule.pk]
    keys = {str(each["tag"]) for other in others for each in other.effects}
    known = library.find(rule.community, keys)
    wanted = {effect.tag.pk for effect in effects} | set(taken_back)
    groups = {effect.tag.group_id for effect in effects} - {None}

    def is_concerned(other: TagRule) -> bool:
        tags = [known[each["tag"]] for each in other.effects if each["tag"] in known]
        return any(tag.pk in wanted or tag.group_id in groups for tag in tags)

    return [other for other in others if is_concerned(other)]


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
