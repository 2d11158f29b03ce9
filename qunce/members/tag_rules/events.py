"""Reaction of tag rules to events, each fact at most once.

A rule reacts to facts that are recorded while it is active. Tags that rules give are events
as well; a rule never reacts to what it has caused itself, through other rules or not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db.models import F

from qunce.core import errors, timestamps
from qunce.core.communities import Community
from qunce.core.facts import fact_consumers
from qunce.core.facts.facts import RecordedFact
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.members.accounts import queries as account_queries
from qunce.members.tag_rules import planning, previews, runs, tag_rules, writer
from qunce.members.tag_rules.conditions import EventCondition
from qunce.members.tag_rules.models import Mode, TagRule, TagRuleRun, Trigger
from qunce.members.tag_rules.planning import Change
from qunce.members.tags import writer as tag_facts
from qunce.members.tags.models import Tagging
from qunce.members.tags.writer import TagWriter
from qunce.sets.bitmaps import bitmaps

if TYPE_CHECKING:
    from pyroaring import BitMap

CONSUMER = tag_rules.CONSUMER
MAX_CHAIN = 3
"""How many rules can trigger each other in a row by the tags that they give."""
MAX_LATE = timedelta(days=7)
"""Facts that happened longer ago, such as those of an imported file, are not acted on."""
CHAIN = "chain"
"""A reason: the event was caused by this rule, or by too many rules in a row."""
TAG_KINDS = (tag_facts.TagAdded.kind, tag_facts.TagRemoved.kind)


def react(*, community: Community, facts: Sequence[RecordedFact], at: datetime) -> None:
    """Reaction to every kind that an active rule is about."""
    kind = facts[0].kind
    causes = _find_causes(community, facts) if kind in TAG_KINDS else {}
    for rule in tag_rules.list_active(community):
        if rule.mode != Mode.EVENT or _kind_of(rule) != kind:
            continue
        found = [
            fact
            for fact in facts
            if rule.since is not None
            and timestamps.to_micros(fact.recorded_at) >= rule.since
        ]
        if found:
            _react(rule, found, causes, at)


def _react(
    rule: TagRule,
    found: Sequence[RecordedFact],
    causes: Mapping[int, tuple[int, ...]],
    at: datetime,
) -> None:
    try:
        condition, _effects = tag_rules.load(rule)
    except errors.QunceError as error:
        # Such as an archived tag: staff have to mend the rule.
        run = open_run(rule, at=at)
        TagRuleRun.objects.filter(pk=run.pk).update(error=str(error)[:300])
        return
    if not isinstance(condition, EventCondition):
        return
    matching = condition.select(found)
    recent = [fact for fact in matching if fact.happened_at >= at - MAX_LATE]
    if late := len(matching) - len(recent):
        run = open_run(rule, at=at)
        TagRuleRun.objects.filter(pk=run.pk).update(late=F("late") + late)
    by_causes: dict[tuple[int, ...], list[RecordedFact]] = {}
    for fact in recent:
        by_causes.setdefault(causes.get(fact.id, ()), []).append(fact)
    for before, same in sorted(by_causes.items()):
        apply(rule, same, before, at=at)


def apply(
    rule: TagRule,
    found: Sequence[RecordedFact],
    causes: Sequence[int] = (),
    *,
    at: datetime,
    trigger: Trigger = Trigger.EVENT,
    by: Staff | None = None,
) -> TagRuleRun:
    """Apply the rule to facts that match, inside the caller's transaction."""
    plan = previews.plan_events(rule, found, at=at)
    run = open_run(rule, causes, trigger=trigger, by=by, at=at)
    changes = list(plan.changes)
    if rule.pk in causes or len(causes) >= MAX_CHAIN:
        changes = [_stop(plan.effects[0].tag.pk, plan.matched, causes)]
    writer.apply(changes, tags=plan.tags, writer=TagWriter(run.batch, run.by, at))
    runs.add_changes(run, changes)
    rows = TagRuleRun.objects.filter(pk=run.pk)
    rows.update(facts=F("facts") + plan.fact_count, finished_at=at)
    run.refresh_from_db()
    if plan.matched:
        _remember(rule, plan.matched)
    return run


def _stop(tag: int, people: BitMap, causes: Sequence[int]) -> Change:
    return Change(planning.KEPT, tag, people, CHAIN, other=causes[-1])


def _remember(rule: TagRule, people: BitMap) -> None:
    fresh = TagRule.objects.only("matched").get(pk=rule.pk)
    before = bitmaps.from_bytes(fresh.matched) if fresh.matched else bitmaps.of(())
    if not people <= before:
        blob = bitmaps.to_bytes(before | people)
        TagRule.objects.filter(pk=rule.pk).update(matched=blob)


def open_run(
    rule: TagRule,
    causes: Sequence[int] = (),
    *,
    at: datetime,
    trigger: Trigger = Trigger.EVENT,
    by: Staff | None = None,
) -> TagRuleRun:
    """The run of this day to which events are added; a new one after an undo."""
    rows = TagRuleRun.objects.filter(
        rule=rule,
        day=rule.community.day(at),
        trigger=trigger,
        causes=list(causes),
        batch__undone_at=None,
    )
    found = rows.select_related("rule__community", "batch__community", "by")
    run = found.order_by("-pk").first()
    if run is None:
        author = by or staff_models.system(rule.community)
        run = runs.create_run(rule, trigger=trigger, by=author, at=at, causes=causes)
        TagRuleRun.objects.filter(pk=run.pk).update(finished_at=at)
    return run


# What rules caused


def _find_causes(
    community: Community, facts: Sequence[RecordedFact]
) -> dict[int, tuple[int, ...]]:
    """Fact id → the rules that led to it, from the first one on, of facts about tags."""
    accounts = {fact.account for fact in facts if fact.account is not None}
    batches: dict[tuple[int, str], int | None] = {}
    for chunk in account_queries.chunks(sorted(accounts)):
        rows = Tagging.objects.filter(
            account_id__in=chunk, tag__community=community, batch_id__isnull=False
        )
        for account, key, batch in rows.values_list(
            "account_id", "tag__key", "batch_id"
        ):
            batches[account, key] = batch
    chains = {
        run.batch_id: (*run.causes, run.rule_id)
        for run in TagRuleRun.objects.filter(batch__in=set(batches.values()))
    }
    found: dict[int, tuple[int, ...]] = {}
    for fact in facts:
        batch = batches.get((fact.account or 0, str(fact.payload.get("tag"))))
        if batch in chains:
            found[fact.id] = chains[batch]
    return found


# The consumer


def _kind_of(rule: TagRule) -> str:
    return str(rule.condition.get("event", {}).get("kind", ""))


class ChosenKinds(Mapping[str, Sequence[fact_consumers.Reaction]]):
    """Maps the kinds of events that active rules are about to their reaction."""

    def __getitem__(self, kind: str) -> Sequence[fact_consumers.Reaction]:
        return (react,)

    def __iter__(self) -> Iterator[str]:
        return iter(self._kinds())

    def __len__(self) -> int:
        return len(self._kinds())

    def _kinds(self) -> set[str]:
        return {_kind_of(rule) for rule in tag_rules.event_rules()}
