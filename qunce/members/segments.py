"""Segments: rules with a name, and the lists they gave at a moment."""

from __future__ import annotations

from typing import Any

from django.db import models

from qunce.core import flow, instants
from qunce.core.communities import Community
from qunce.core.operators import Operator

FLOW = flow.Flow(
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
    created_at = instants.InstantField()
    changed_at = instants.InstantField()
    by = models.ForeignKey(Operator, models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["community", "key"], name="one_segment_a_key"
            )
        ]

    def __str__(self) -> str:
        return self.name


class FrozenSegment(models.Model):
    """The people of a rule as of a moment: first accounts, as a set."""

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    key = models.CharField(max_length=80)
    segment = models.ForeignKey(
        Segment, models.PROTECT, null=True, related_name="frozen"
    )
    rule: models.JSONField[Any, Any] = models.JSONField()
    size = models.PositiveIntegerField()
    blob = models.BinaryField()
    at = instants.InstantField()
    by = models.ForeignKey(Operator, models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["community", "key"], name="one_frozen_segment_a_key"
            )
        ]

    def __str__(self) -> str:
        return self.key


class SegmentSize(models.Model):
    """How large a segment was on a community day."""

    segment = models.ForeignKey(Segment, models.CASCADE, related_name="sizes")
    day = models.IntegerField()
    size = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["segment", "day"], name="one_segment_size_a_day"
            )
        ]

    def __str__(self) -> str:
        return f"{self.segment_id} on {self.day}: {self.size}"
