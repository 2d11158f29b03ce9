"""Segments: rules with a name, and the lists they gave at a moment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import errors, permissions, revisions, state_machine, timestamps
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.members.tags import naming
from qunce.sets import audiences
from qunce.sets.bitmaps import bitmaps
from qunce.sets.rules import tree
from qunce.sets.rules.base import RulePath

MANAGE = permissions.declare(
    "segments.manage", permissions.Role.MANAGER, permissions.Role.OPERATOR
)
REVISION = "segment"
"""Revision kind: raised when a segment's rule changes."""

FLOW = state_machine.StateMachine(
    {
        "archive": (("active",), "archived"),
        "restore": (("archived",), "active"),
    }
)


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
    """How large a segment was on a community day."""

    segment = models.ForeignKey(Segment, models.CASCADE, related_name="sizes")
    day = models.IntegerField()
    size = models.PositiveIntegerField()

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


class SegmentNotFound(errors.NotFound):
    """There is no such segment in this community."""


class SegmentAlreadyExists(errors.Refused):
    """There is a segment, or a frozen list, of this key already."""


class SegmentInUse(errors.Refused):
    """Other segments ask for this one."""


# Checks


def check_rule(community: Community, rule: Any, key: str) -> None:
    """Refuses what cannot be understood, and a segment that leads back to itself."""
    tree.compile_node(rule, RulePath(community, tree.compile_node, trail=(key,)))


def check_unused(segment: Segment) -> None:
    users = [
        other.name
        for other in list_active(segment.community)
        if segment.key in segment_keys_in(other.rule)
    ]
    if users:
        raise SegmentInUse(
            _("“%(segment)s” is used by: %(users)s.")
            % {"segment": segment.name, "users": ", ".join(users)}
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
    check_rule(community, rule, key)
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
        revisions.bump(segment.community_id, REVISION, [segment.pk])
        check_rule(segment.community, rule, segment.key)
        segment.rule = rule
    segment.name = name if name is not None else segment.name
    if description is not None:
        segment.description = description
    segment.changed_at = at
    segment.save(update_fields=["rule", "name", "description", "changed_at"])
    event = SegmentChanged(segment=segment.key)
    facts.record(event, community=segment.community, by=by, at=at)


@transaction.atomic
def archive(*, segment: Segment, by: Staff, at: datetime) -> None:
    permissions.check_may(by, MANAGE)
    check_unused(segment)
    FLOW.move(segment, "archive")
    event = SegmentArchived(segment=segment.key)
    facts.record(event, community=segment.community, by=by, at=at)


@transaction.atomic
def restore(*, segment: Segment, by: Staff, at: datetime) -> None:
    permissions.check_may(by, MANAGE)
    check_rule(segment.community, segment.rule, segment.key)
    FLOW.move(segment, "restore")
    event = SegmentRestored(segment=segment.key)
    facts.record(event, community=segment.community, by=by, at=at)


def record_sizes(*, community: Community, at: datetime) -> dict[str, int]:
    """Note how large every segment is today; doing it again corrects the number."""
    by, day = staff_models.system(community), community.day(at)
    sizes = {}
    for segment in sort_by_dependency(list_active(community)):
        size = count(segment=segment, by=by, at=at)
        SegmentSize.objects.update_or_create(
            segment=segment, day=day, defaults={"size": size}
        )
        sizes[segment.key] = size
    return sizes


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


def count(*, segment: Segment, by: Staff, at: datetime) -> int:
    return audiences.count(community=segment.community, rule=segment.rule, by=by, at=at)


def segment_keys_in(rule: Any) -> set[str]:
    """Keys of the segments that a rule asks for directly."""
    return set(_mentions(rule))


def _mentions(rule: Any) -> Iterator[str]:
    if isinstance(rule, list):
        for part in rule:
            yield from _mentions(part)
    elif isinstance(rule, dict):
        for name, body in rule.items():
            if name in ("all", "any", "not", "with_left"):
                yield from _mentions(body)
            elif name == "segment" and isinstance(body, dict):
                for word in ("any", "all", "none"):
                    keys = body.get(word, [])
                    yield from [keys] if isinstance(keys, str) else keys


def sort_by_dependency(segments: Iterable[Segment]) -> list[Segment]:
    """Each after those it asks for."""
    known = {segment.key: segment for segment in segments}
    ordered: dict[str, Segment] = {}

    def add(segment: Segment) -> None:
        for key in sorted(segment_keys_in(segment.rule) & set(known)):
            if key not in ordered:
                add(known[key])
        ordered[segment.key] = segment

    for segment in known.values():
        if segment.key not in ordered:
            add(segment)
    return list(ordered.values())
