"""Runs of tag rules on members: at the start of the day, or when somebody asks.

A run stores its plan first and then applies it, so that one that was interrupted continues
where it stopped.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models, transaction
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import errors, permissions
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.jobs import job_queue
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.members.tag_rules import planning, previews, tag_rules, writer
from qunce.members.tag_rules.models import (
    MANAGE,
    VIEW,
    Mode,
    State,
    TagRule,
    TagRuleChange,
    TagRuleRun,
    Trigger,
)
from qunce.members.tag_rules.planning import Change
from qunce.members.tag_rules.previews import Plan
from qunce.members.tag_rules.tag_rules import TagRuleFact
from qunce.members.tags import assignments
from qunce.members.tags.models import Tag
from qunce.members.tags.writer import TagWriter
from qunce.sets.bitmaps import bitmaps

if TYPE_CHECKING:
    pass

JOB = "tag_rules.run"
"""Runs a rule whose run of the day failed; its key is the rule's id."""
FINISH_JOB = "tag_rules.finish"
"""Applies the rest of a run; its key is the run's id."""
MAX_IMMEDIATE = 20_000
"""Up to this many members are changed within a request."""


@facts.declare
@dataclass(frozen=True, kw_only=True)
class TagRuleRan(TagRuleFact):
    kind = "tag_rule.ran"
    label = gettext_lazy("tag rule ran")
    gained: int
    lost: int
    deepened: int
    kept: int


@facts.declare
@dataclass(frozen=True, kw_only=True)
class TagRuleRunUndone(TagRuleFact):
    kind = "tag_rule.run_undone"
    label = gettext_lazy("run of a tag rule undone")
    run: int


class TagRuleNotActive(errors.Refused):
    """Only an active rule runs."""


class RunNotFound(errors.NotFound):
    """There is no such run."""


class RunNotFinished(errors.Refused):
    """A run that is under way cannot be undone."""


# Verbs


def run(*, rule: TagRule, by: Staff, at: datetime) -> TagRuleRun:
    """Apply an active rule on members now; a large run continues in the background."""
    permissions.check_may(by, MANAGE)
    permissions.check_community(by, rule.community_id)
    if rule.state != State.ACTIVE:
        raise TagRuleNotActive(_("Activate “%(name)s” first.") % {"name": rule.name})
    if rule.mode == Mode.EVENT:
        raise errors.Invalid(_("A rule on an event is applied when it happens."))
    started = _store(previews.plan_members(rule, at=at), Trigger.STAFF, by, at)
    if started.gained + started.lost + started.deepened > MAX_IMMEDIATE:
        job_queue.schedule(
            job=FINISH_JOB, key=str(started.pk), due_at=at, community=rule.community
        )
        return started
    finish(started, at=at)
    return started


@transaction.atomic
def _store(plan: Plan, trigger: Trigger, by: Staff, at: datetime) -> TagRuleRun:
    """Store the run with what it is going to change."""
    rule = plan.rule
    matched = bitmaps.to_bytes(plan.matched)
    TagRule.objects.filter(pk=rule.pk).update(matched=matched)
    rule.matched = matched
    run = create_run(rule, trigger=trigger, by=by, at=at)
    add_changes(run, plan.changes)
    return run


def create_run(
    rule: TagRule,
    *,
    trigger: Trigger,
    by: Staff,
    at: datetime,
    causes: Sequence[int] = (),
    error: str = "",
) -> TagRuleRun:
    batch = assignments.create_batch(
        community=rule.community, by=by, at=at, source=rule.source, note=rule.name
    )
    return TagRuleRun.objects.create(
        rule=rule,
        day=rule.community.day(at),
        trigger=trigger,
        causes=list(causes),
        batch=batch,
        error=error[:300],
        at=at,
        by=by,
        finished_at=at if error else None,
    )


def add_changes(run: TagRuleRun, changes: Iterable[Change]) -> None:
    """Add people to what the run changed, and count them."""
    stored = {_key(row): row for row in run.changes.all()}
    for change in changes:
        new = TagRuleChange(
            run=run,
            tag_id=change.tag,
            kind=change.kind,
            reason=change.reason,
            other_id=change.other,
            amount=0 if change.is_added else change.amount,
        )
        row = stored.setdefault(_key(new), new)
        people = bitmaps.from_bytes(row.blob) if row.blob else bitmaps.of(())
        people |= change.people
        row.blob, row.size = bitmaps.to_bytes(people), len(people)
        row.save()
    for kind in (planning.GAINED, planning.LOST, planning.DEEPENED, planning.KEPT):
        sizes = [row.size for row in stored.values() if row.kind == kind]
        setattr(run, kind, sum(sizes))
    run.save(update_fields=["gained", "lost", "deepened", "kept"])


def _key(row: TagRuleChange) -> tuple[int, str, str, int | None, int]:
    return row.tag_id, row.kind, row.reason, row.other_id, row.amount


def finish(run: TagRuleRun, *, at: datetime) -> None:
    """Apply what the run has not applied yet."""
    rule = run.rule
    changes = [
        Change(
            row.kind,
            row.tag_id,
            bitmaps.from_bytes(row.blob),
            row.reason,
            row.other_id,
            row.amount,
        )
        for row in run.changes.order_by("pk")
    ]
    writer.apply(
        changes,
        tags=_load_tags(change.tag for change in changes),
        writer=TagWriter(run.batch, run.by, at),
    )
    with transaction.atomic():
        rows = TagRuleRun.objects.filter(pk=run.pk, finished_at=None)
        if not rows.update(finished_at=at):
            return
        run.finished_at = at
        fact = TagRuleRan(
            tag_rule=rule.name,
            gained=run.gained,
            lost=run.lost,
            deepened=run.deepened,
            kept=run.kept,
        )
        facts.record(fact, community=rule.community, by=run.by, at=at)


def _load_tags(pks: Iterable[int]) -> dict[int, Tag]:
    rows = Tag.objects.filter(pk__in=set(pks))
    return {tag.pk: tag for tag in rows.select_related("group", "community")}


def finish_due(key: str, *, at: datetime) -> None:
    """Apply the rest of a run; `key` is the queued job's."""
    rows = TagRuleRun.objects.filter(pk=int(key), finished_at=None)
    for unfinished in rows.select_related("rule__community", "batch", "by"):
        finish(unfinished, at=at)


def start_day(*, community: Community, at: datetime) -> None:
    """Run the daily rules that have no run of today yet, in their order.

    One that fails keeps no other waiting.
    """
    day = community.day(at)
    done = set(
        TagRuleRun.objects.filter(
            rule__community=community, day=day, finished_at__isnull=False
        ).values_list("rule_id", flat=True)
    )
    for rule in tag_rules.list_active(community):
        if rule.mode == Mode.DAILY and rule.pk not in done:
            key = str(rule.pk)
            call = functools.partial(run_due, key, at=at)
            job_queue.run_item(call, job=JOB, key=key, community=community, at=at)


def run_due(key: str, *, at: datetime) -> None:
    """Run a daily rule unless it has a run of today; `key` is the queued job's."""
    rows = TagRule.objects.filter(pk=int(key), state=State.ACTIVE, mode=Mode.DAILY)
    for rule in rows.select_related("community"):
        for unfinished in TagRuleRun.objects.filter(rule=rule, finished_at=None):
            finish_due(str(unfinished.pk), at=at)
        today = TagRuleRun.objects.filter(rule=rule, day=rule.community.day(at))
        if today.exists():
            continue
        by = staff_models.system(rule.community)
        try:
            with translation.override(rule.by.language):
                plan = previews.plan_members(rule, at=at)
        except errors.QunceError as error:
            # Such as an archived tag: staff have to mend the rule.
            create_run(rule, trigger=Trigger.CLOCK, by=by, at=at, error=str(error))
            continue
        finish(_store(plan, Trigger.CLOCK, by, at), at=at)


@transaction.atomic
def undo(*, run: TagRuleRun, by: Staff, at: datetime) -> int:
    """Restore the taggings as they were before the run, except those changed since.

    A daily rule is paused, as its next run would change the same members again. Returns
    how many taggings were restored.
    """
    check_may_undo(run, by)
    restored = assignments.undo(batch=run.batch, by=by, at=at)
    rule = run.rule
    rule.refresh_from_db()
    if rule.state == State.ACTIVE and rule.mode == Mode.DAILY:
        tag_rules.pause(rule=rule, by=by, at=at)
    fact = TagRuleRunUndone(tag_rule=rule.name, run=run.pk)
    facts.record(fact, community=rule.community, by=by, at=at)
    return restored


# Checks


def check_may_undo(run: TagRuleRun, by: Staff) -> None:
    permissions.check_may(by, MANAGE)
    if run.rule.community_id != by.community_id:
        raise RunNotFound(_("There is no such run."))
    if run.finished_at is None:
        raise RunNotFinished(_("The run is under way; undo it when it has finished."))
    assignments.check_may_undo(run.batch, by)


def may_undo(run: TagRuleRun, by: Staff) -> bool:
    has_changes = run.gained + run.lost + run.deepened > 0
    try:
        check_may_undo(run, by)
    except errors.QunceError:
        return False
    return has_changes


# Reads


def list_runs(
    *, rule: TagRule, by: Staff, limit: int = 50, before: int = 0
) -> list[TagRuleRun]:
    """The newest runs, the newest first; those with an id below `before` if given."""
    permissions.check_may(by, VIEW)
    permissions.check_community(by, rule.community_id)
    rows = TagRuleRun.objects.filter(rule=rule)
    if before:
        rows = rows.filter(pk__lt=before)
    rows = rows.select_related("by", "batch", "rule__community")
    return list(rows.order_by("-pk")[:limit])


def get(*, by: Staff, pk: int) -> TagRuleRun:
    permissions.check_may(by, VIEW)
    rows = TagRuleRun.objects.filter(pk=pk, rule__community=by.community_id)
    rows = rows.select_related("rule__community", "batch__community", "by")
    found = rows.first()
    if found is None:
        raise RunNotFound(_("There is no such run."))
    return found


def list_changes(run: TagRuleRun) -> list[TagRuleChange]:
    rows = run.changes.exclude(kind=planning.ADOPTED).filter(size__gt=0)
    return list(rows.select_related("tag", "other").order_by("pk"))


def latest_runs(rules: Iterable[TagRule]) -> dict[int, TagRuleRun]:
    """Rule id → its newest run."""
    newest = (
        TagRuleRun.objects.filter(rule__in=[rule.pk for rule in rules])
        .values("rule")
        .annotate(newest=models.Max("pk"))
    )
    rows = TagRuleRun.objects.filter(pk__in=[row["newest"] for row in newest])
    return {row.rule_id: row for row in rows.select_related("batch", "by")}


def erase_people(people: Iterable[int]) -> None:
    """Remove erased people from what runs changed."""
    erased = bitmaps.of(people)
    tag_rules.erase_people(list(erased))
    for row in TagRuleChange.objects.iterator(chunk_size=100):
        before = bitmaps.from_bytes(row.blob)
        if before & erased:
            row.blob = bitmaps.to_bytes(before - erased)
            row.size = len(before - erased)
            row.save(update_fields=["blob", "size"])
