"""Frozen segments: the members who matched a rule at a time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import errors, permissions, personal_texts, timestamps
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.members.segments.segments import MANAGE, Segment
from qunce.members.tags import naming
from qunce.sets import audiences
from qunce.sets.bitmaps import bitmaps


@personal_texts.erased_in("key", "rule")
class FrozenSegment(models.Model):
    """The people of a rule at a time; `blob` is the bitmap of their ids."""

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    key = models.CharField(max_length=80)
    segment = models.ForeignKey(
        Segment, models.PROTECT, null=True, related_name="frozen"
    )
    rule: models.JSONField[Any, Any] = models.JSONField()
    size = models.PositiveIntegerField()
    blob = models.BinaryField()
    at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["community", "key"], name="one_frozen_segment_per_key"
            )
        ]

    def __str__(self) -> str:
        return self.key


@facts.declare
@dataclass(frozen=True, kw_only=True)
class SegmentFrozen(facts.FactKind):
    kind = "segment.frozen"
    label = gettext_lazy("frozen segment saved")
    frozen: str
    size: int


class FrozenSegmentAlreadyExists(errors.Refused):
    """A frozen segment with this key already exists."""


# Verbs


def freeze(
    *,
    community: Community,
    key: str,
    rule: Any,
    by: Staff,
    at: datetime,
    segment: Segment | None = None,
) -> FrozenSegment:
    """Store the people of a rule who are visible to `by` now."""
    permissions.check_may(by, MANAGE)
    key = naming.check(key, naming.NO_RULE)
    # Outside the transaction: a rule may take long, and SQLite has one writer.
    people = audiences.people(community=community, rule=rule, by=by, at=at)
    with transaction.atomic():
        if FrozenSegment.objects.filter(community=community, key=key).exists():
            raise FrozenSegmentAlreadyExists(
                _("A frozen segment “%(key)s” already exists.") % {"key": key}
            )
        frozen = FrozenSegment.objects.create(
            community=community,
            key=key,
            segment=segment,
            rule=rule,
            size=len(people),
            blob=bitmaps.to_bytes(people),
            at=at,
            by=by,
        )
        fact = SegmentFrozen(frozen=key, size=frozen.size)
        facts.record(fact, community=community, by=by, at=at)
    return frozen


def erase_people(people: Iterable[int]) -> None:
    """Remove erased people from every frozen segment."""
    erased = bitmaps.of(people)
    for frozen in FrozenSegment.objects.iterator(chunk_size=100):
        # The one change that a frozen segment allows: it must not keep the id of an
        # erased person.
        rest = bitmaps.from_bytes(frozen.blob) - erased
        if len(rest) < frozen.size:
            frozen.blob, frozen.size = bitmaps.to_bytes(rest), len(rest)
            frozen.save(update_fields=["blob", "size"])
