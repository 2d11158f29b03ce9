"""The plan of a rule: what a run would change now. A run applies exactly this plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from qunce.core import errors, permissions
from qunce.core.facts.facts import RecordedFact
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.members.accounts import queries as account_queries
from qunce.members.tag_rules import claims as rule_claims
from qunce.members.tag_rules import planning, tag_rules, tag_states
from qunce.members.tag_rules.conditions import (
    EventCondition,
    RuleCondition,
    SilenceCondition,
)
from qunce.members.tag_rules.effects import Effect
from qunce.members.tag_rules.models import VIEW, TagRule, TagRuleChange
from qunce.members.tag_rules.planning import Change, Matched
from qunce.members.tags.models import Tag
from qunce.sets import audiences, timelines
from qunce.sets.bitmaps import bitmaps

if TYPE_CHECKING:
    from pyroaring import BitMap

MAX_PAST_DAYS = 90
MAX_PAST_FACTS = 200_000
"""Facts of a kind that are read for a dry run; they are in memory together."""


class TooManyFacts(errors.Refused):
    """There are more events in these days than can be looked at together."""


class InvalidDays(errors.Invalid):
    """A number of days is from 1 to MAX_PAST_DAYS."""


@dataclass(frozen=True)
class Plan:
    """`triggers` are the last matching events by person, of a rule on events.

    `matched` are the people for whom the condition holds.
    """

    rule: TagRule
    effects: Sequence[Effect]
    changes: Sequence[Change]
    matched: BitMap
    tags: Mapping[int, Tag]
    triggers: Mapping[int, RecordedFact] = field(default_factory=dict)
    fact_count: int = 0

    def count(self, kind: str) -> int:
        return sum(len(change.people) for change in self.changes if change.kind == kind)


# Plans


def plan_members(rule: TagRule, *, at: datetime) -> Plan:
    """The plan of a rule on members; raises what is wrong with the rule by now."""
    condition, effects = tag_rules.load(rule)
    if isinstance(condition, EventCondition):
        raise errors.Invalid(_("A rule on an event is applied when it happens."))
    people = _people(rule, condition.rule, at)
    present, former, taken_back = None, [], set[int]()
    if rule.takes_back:
        present = _people(rule, audiences.EVERYONE, at)
        former = _former_tags(rule, effects)
        given = (effect.tag for effect in effects if not effect.is_removal)
        taken_back = {tag.pk for tag in (*given, *former)}
    exclusive = tag_states.list_exclusive(effect.tag for effect in effects)
    tags = _tags_by_id(effects, exclusive, former)
    changes = planning.plan(
        rule=rule.pk,
        effects=effects,
        former_tags=[tag.pk for tag in former],
        matched=Matched(people, present=present),
        tags=tag_states.EngineTags(
            rule.community, at, exclusive, {pk: tag.key for pk, tag in tags.items()}
        ),
        claims=rule_claims.list_claims(rule, effects, taken_back=taken_back, at=at),
    )
    return Plan(rule, effects, changes, people, tags)


def _people(rule: TagRule, about: object, at: datetime) -> BitMap:
    by = staff_models.system(rule.community)
    return audiences.people(community=rule.community, rule=about, by=by, at=at)


def _former_tags(rule: TagRule, effects: Iterable[Effect]) -> list[Tag]:
    """Tags that the rule gave by effects that it no longer has."""
    given = TagRuleChange.objects.filter(run__rule=rule, kind=planning.GAINED)
    pks = set(given.values_list("tag_id", flat=True))
    pks -= {effect.tag.pk for effect in effects if not effect.is_removal}
    rows = Tag.objects.filter(pk__in=pks).exclude(state="merged")
    return list(rows.select_related("group", "community").order_by("pk"))


def _tags_by_id(
    effects: Iterable[Effect],
    exclusive: Mapping[int, Sequence[Tag]],
    former: Iterable[Tag] = (),
) -> dict[int, Tag]:
    others = [tag for tags in exclusive.values() for tag in tags]
    tags = [*others, *former, *(effect.tag for effect in effects)]
    return {tag.pk: tag for tag in tags}


def plan_events(rule: TagRule, found: Sequence[RecordedFact], *, at: datetime) -> Plan:
    """The plan of a rule on events for these facts, all of which match."""
    _condition, effects = tag_rules.load(rule)
    accounts = {fact.account for fact in found if fact.account is not None}
    gone = account_queries.find_erased(accounts)
    persons = account_queries.person_ids(accounts - gone)
    staff = audiences.uncounted_people(community=rule.community, at=at)
    triggers: dict[int, RecordedFact] = {}
    counts: Counter[int] = Counter()
    for fact in sorted(found, key=lambda fact: (fact.happened_at, fact.id)):
        person = persons.get(fact.account or 0)
        if person is not None and person not in staff:
            counts[person] += 1
            triggers[person] = fact
    people = bitmaps.of(counts)
    exclusive = tag_states.list_exclusive(effect.tag for effect in effects)
    changes = planning.plan(
        rule=rule.pk,
        effects=effects,
        matched=Matched(people, counts=counts),
        tags=tag_states.RowTags(exclusive, people),
        claims=rule_claims.list_claims(rule, effects, at=None),
    )
    tags = _tags_by_id(effects, exclusive)
    return Plan(rule, effects, changes, people, tags, triggers, counts.total())


def list_past_facts(
    rule: TagRule, condition: EventCondition, *, days: int, at: datetime
) -> list[RecordedFact]:
    """The facts of the last days that match; raises TooManyFacts or InvalidDays."""
    if not 1 <= days <= MAX_PAST_DAYS:
        raise InvalidDays(_("Choose from 1 to %(n)s days.") % {"n": MAX_PAST_DAYS})
    found = timelines.list_facts_of_kinds(
        community=rule.community,
        kinds=[condition.kind],
        since=at - timedelta(days=days),
        until=at,
        limit=MAX_PAST_FACTS + 1,
    )
    if len(found) > MAX_PAST_FACTS:
        raise TooManyFacts(
            _("There are more than %(n)s such events in these days; choose fewer days.")
            % {"n": f"{MAX_PAST_FACTS:,}"}
        )
    return condition.select(found)


# Dry runs


def dry_run(*, rule: TagRule, by: Staff, at: datetime, days: int = 30) -> Plan:
    """What a run would change now. Nothing is stored.

    A rule on events is tried on the facts of the last `days`.
    """
    permissions.check_may(by, VIEW)
    permissions.check_community(by, rule.community_id)
    condition, _effects = tag_rules.load(rule)
    if isinstance(condition, EventCondition):
        found = list_past_facts(rule, condition, days=days, at=at)
        return plan_events(rule, found, at=at)
    return plan_members(rule, at=at)


def explain(
    *, plan: Plan, person: int, by: Staff, at: datetime
) -> list[audiences.Reason]:
    """Why the condition holds for a person or not, clause by clause."""
    permissions.check_may(by, VIEW)
    condition, _effects = tag_rules.load(plan.rule)
    if not isinstance(condition, RuleCondition | SilenceCondition):
        return []
    explanation = audiences.explain(
        community=plan.rule.community,
        rule=condition.rule,
        by=by,
        at=at,
        account=person,
    )
    return list(explanation.reasons)
