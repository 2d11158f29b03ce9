"""Segments: rules with a name."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import (
    errors,
    permissions,
    personal_texts,
    revisions,
    state_machine,
    timestamps,
)
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.jobs import job_queue
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.members.tags import naming
from qunce.sets import audiences
from qunce.sets.rules import base, stored_rules, tree
from qunce.sets.rules.base import RulePath

MANAGE = permissions.declare(
    "segments.manage",
    permissions.Role.MANAGER,
    permissions.Role.OPERATOR,
    label=gettext_lazy("create and edit segments"),
)
JOB = "segments.record_size"
"""Counts a segment whose count of the day failed; its key is the segment's id."""
REFERENCE = "segment"
"""Kind under which rules refer to segments."""
REVISION = "segment"
"""Revision kind, raised when a segment's rule changes."""

STATES = state_machine.StateMachine(
    {
        "archive": (("active",), "archived"),
        "restore": (("archived",), "active"),
    }
)


@personal_texts.erased_in("key", "name", "rule", sentences=("description",))
class Segment(models.Model):
    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    key = models.CharField(max_length=80)
    name = models.CharField(max_length=120)
    description = models.TextField(default="", blank=True)
    rule: models.JSONField[Any, Any] = models.JSONField()
    state = models.CharField(max_length=10, default="active")
    created_at = timestamps.TimestampField()
    changed_at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["community", "key"], name="one_segment_per_key"
            )
        ]

    def __str__(self) -> str:
        return self.name


class SegmentSize(models.Model):
    """Size of a segment on a community day, and who moved on it while it was watched."""

    segment = models.ForeignKey(Segment, models.CASCADE, related_name="sizes")
    day = models.IntegerField()
    size = models.PositiveIntegerField()
    entered = models.PositiveIntegerField(default=0)
    left = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["segment", "day"], name="one_segment_size_per_day"
            )
        ]

    def __str__(self) -> str:
        return f"{self.segment_id} on {self.day}: {self.size}"


@facts.declare
@dataclass(frozen=True, kw_only=True)
class SegmentCreated(facts.FactKind):
    kind = "segment.created"
    label = gettext_lazy("segment created")
    segment: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class SegmentChanged(facts.FactKind):
    kind = "segment.changed"
    label = gettext_lazy("segment changed")
    segment: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class SegmentArchived(facts.FactKind):
    kind = "segment.archived"
    label = gettext_lazy("segment archived")
    segment: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class SegmentRestored(facts.FactKind):
    kind = "segment.restored"
    label = gettext_lazy("segment restored")
    segment: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class SegmentEntered(facts.FactKind):
    """Recorded for members of watched segments, not because their rule was changed."""

    kind = "segment.entered"
    label = gettext_lazy("entered a segment")
    labels = {"segment": gettext_lazy("segment")}
    segment: str


@facts.declare
@dataclass(frozen=True, kw_only=True)
class SegmentLeft(facts.FactKind):
    kind = "segment.left"
    label = gettext_lazy("left a segment")
    labels = {"segment": gettext_lazy("segment")}
    segment: str


MOVES = frozenset({SegmentEntered.kind, SegmentLeft.kind})


class SegmentNotFound(errors.NotFound):
    """There is no such segment in this community."""


class SegmentAlreadyExists(errors.Refused):
    """A segment with this key already exists."""


class SegmentInUse(stored_rules.InUse):
    """Rules of segments, layerings, campaigns or scopes use this segment."""


class WatchRefused(errors.Refused):
    """The segment cannot be watched."""


# Checks


def check_rule(
    community: Community, rule: Any, key: str, by: Staff | None = None
) -> None:
    """Raises RuleError for an invalid rule, or one that refers to the segment itself.

    Groups that `by` does not see are unknown.
    """
    tree.compile_node(rule, RulePath.for_staff(community, by, segments=(key,)))


def check_unused(segment: Segment) -> None:
    """Raises SegmentInUse if rules refer to this segment."""
    stored_rules.check_unused(
        segment.community,
        (REFERENCE, segment.key),
        name=segment.name,
        error=SegmentInUse,
    )


def check_watchable_rule(definition: Any) -> None:
    """Raises WatchRefused for a rule that asks for what a watch records."""
    if mentioned_keys("kind", definition) & MOVES:
        raise WatchRefused(
            _(
                "A watched segment cannot ask who entered or left a segment, as its own"
                " facts would change its members again and again."
            )
        )


# Verbs


@transaction.atomic
def create(
    *,
    community: Community,
    key: str,
    rule: Any,
    by: Staff,
    at: datetime,
    name: str = "",
    description: str = "",
) -> Segment:
    permissions.check_may(by, MANAGE)
    key = naming.check(key, naming.NO_RULE)
    if Segment.objects.filter(community=community, key=key).exists():
        raise SegmentAlreadyExists(
            _("A segment “%(key)s” already exists.") % {"key": key}
        )
    check_rule(community, rule, key, by)
    segment = Segment.objects.create(
        community=community,
        key=key,
        name=name or key,
        description=description,
        rule=rule,
        created_at=at,
        changed_at=at,
        by=by,
    )
    revisions.bump(community.pk, REVISION, [segment.pk])
    facts.record(SegmentCreated(segment=key), community=community, by=by, at=at)
    return segment


@transaction.atomic
def update(
    *,
    segment: Segment,
    by: Staff,
    at: datetime,
    rule: Any = None,
    name: str | None = None,
    description: str | None = None,
) -> None:
    permissions.check_may(by, MANAGE)
    if rule is not None:
        # Before the check: the bump serialises updates, so that two of them cannot
        # make a cycle together.
        revisions.bump(segment.community_id, REVISION, [segment.pk])
        check_rule(segment.community, rule, segment.key, by)
        if hasattr(segment, "watch"):
            check_watchable_rule(unfold(segment.community, rule))
        segment.rule = rule
    segment.name = name if name is not None else segment.name
    if description is not None:
        segment.description = description
    segment.changed_at = at
    segment.save(update_fields=["rule", "name", "description", "changed_at"])
    fact = SegmentChanged(segment=segment.key)
    facts.record(fact, community=segment.community, by=by, at=at)


@transaction.atomic
def archive(*, segment: Segment, by: Staff, at: datetime) -> None:
    """Archive a segment that no rule uses; a watch of it ends."""
    permissions.check_may(by, MANAGE)
    check_unused(segment)
    STATES.transition(segment, "archive")
    if hasattr(segment, "watch"):
        segment.watch.delete()
    fact = SegmentArchived(segment=segment.key)
    facts.record(fact, community=segment.community, by=by, at=at)


@transaction.atomic
def restore(*, segment: Segment, by: Staff, at: datetime) -> None:
    permissions.check_may(by, MANAGE)
    check_rule(segment.community, segment.rule, segment.key)
    STATES.transition(segment, "restore")
    fact = SegmentRestored(segment=segment.key)
    facts.record(fact, community=segment.community, by=by, at=at)


def record_sizes(*, community: Community, at: datetime) -> dict[str, int]:
    """Store the size of every active segment today, replacing an earlier size.

    One that cannot be counted is left out, and keeps no other waiting.
    """
    sizes: dict[str, int] = {}

    def record(segment: Segment) -> None:
        sizes[segment.key] = record_size(segment=segment, at=at)

    # Segments after those they use, whose sets are then cached.
    for segment in sort_by_dependency(list_active(community)):
        run = functools.partial(record, segment)
        job_queue.run_item(
            run, job=JOB, key=str(segment.pk), community=community, at=at
        )
    return sizes


def record_size(*, segment: Segment, at: datetime) -> int:
    """Store and return the size that a segment has today."""
    by, day = staff_models.system(segment.community), segment.community.day(at)
    size = count(segment=segment, by=by, at=at)
    SegmentSize.objects.update_or_create(
        segment=segment, day=day, defaults={"size": size}
    )
    return size


def record_due_size(key: str, *, at: datetime) -> None:
    """Count a segment; `key` is the queued job's."""
    active = Segment.objects.filter(pk=int(key), state="active")
    for segment in active.select_related("community"):
        record_size(segment=segment, at=at)


def name_of(key: str) -> str:
    """The name of the segment of a queued job."""
    return (
        Segment.objects.filter(pk=int(key)).values_list("name", flat=True).first() or ""
    )


def start_day(*, community: Community, at: datetime) -> None:
    """Store the sizes that segments have today, of those that have none yet."""
    measured = set(
        SegmentSize.objects.filter(
            segment__community=community, day=community.day(at)
        ).values_list("segment_id", flat=True)
    )
    for segment in sort_by_dependency(list_active(community)):
        if segment.pk not in measured:
            key = str(segment.pk)
            run = functools.partial(record_size, segment=segment, at=at)
            job_queue.run_item(run, job=JOB, key=key, community=community, at=at)


# Reads


def get(community: Community, key: str) -> Segment:
    try:
        return Segment.objects.get(community=community, key=key)
    except Segment.DoesNotExist:
        raise SegmentNotFound(
            _("There is no segment “%(key)s”.") % {"key": key}
        ) from None


def list_active(community: Community) -> list[Segment]:
    segments = Segment.objects.filter(community=community, state="active")
    return list(segments.order_by("key").select_related("community"))


def reference(segment: Segment) -> dict[str, Any]:
    """The rule that names the segment.

    Unlike the segment's own rule, it does not fail for staff who do not see a group that
    the segment is made of, and so names no such group to them.
    """
    return {REFERENCE: {"any": [segment.key]}}


def count(*, segment: Segment, by: Staff, at: datetime) -> int:
    rule = reference(segment)
    return audiences.count(community=segment.community, rule=rule, by=by, at=at)


def mentioned_keys(kind: str, rule: Any) -> set[str]:
    """Keys of the things of a kind, such as "segment" or "tag", in a rule."""
    mentions = base.list_mentions(rule)
    return {key for mentioned, key in mentions if mentioned == kind}


def unfold(community: Community, rule: Any) -> Any:
    """The rule with those of its segments, and of their segments, in their place.

    Two unfolded rules are equal if nobody has changed any of these segments.
    """
    if isinstance(rule, list):
        return [unfold(community, part) for part in rule]
    if not isinstance(rule, dict) or len(rule) != 1:
        return rule
    ((name, args),) = rule.items()
    if name in base.NODES:
        return {name: unfold(community, args)}
    if name != REFERENCE:
        return rule
    parts: list[Any] = []
    for quantifier, keys in args.items():
        if quantifier == "frozen":
            parts.append({REFERENCE: {quantifier: keys}})
            continue
        rules = [
            unfold(community, get(community, key).rule)
            for key in ([keys] if isinstance(keys, str) else keys)
        ]
        part = {"all" if quantifier == "all" else "any": rules}
        parts.append({"not": part} if quantifier == "none" else part)
    return {"all": parts}


def list_users(segment: Segment) -> list[Segment]:
    """Active segments whose rules refer to this one."""
    return [
        other
        for other in list_active(segment.community)
        # In Python, as rules are JSON, in which neither database finds keys by an
        # index.
        if segment.key in mentioned_keys(REFERENCE, other.rule)
    ]


def sort_by_dependency(segments: Iterable[Segment]) -> list[Segment]:
    """These segments, each after those it refers to."""
    by_key = {segment.key: segment for segment in segments}
    ordered: dict[str, Segment] = {}

    def add(segment: Segment) -> None:
        # Cycles cannot occur, as `check_rule` refuses them.
        for key in sorted(mentioned_keys(REFERENCE, segment.rule) & set(by_key)):
            if key not in ordered:
                add(by_key[key])
        ordered[segment.key] = segment

    for segment in by_key.values():
        if segment.key not in ordered:
            add(segment)
    return list(ordered.values())


@stored_rules.register
def list_rules(community: Community) -> list[stored_rules.StoredRule]:
    """The rules of active segments; those of others are checked when restored."""
    return [
        stored_rules.StoredRule(_("segment"), segment.name, segment.rule)
        for segment in list_active(community)
    ]
