"""Layerings, their runs, and the people in the layers of a run."""

from __future__ import annotations

from typing import Any

from django.db import models

from qunce.core import personal_texts, timestamps
from qunce.core.communities import Community
from qunce.core.staff.models import Staff


@personal_texts.erased_in("key", "name", "spec", "default")
class Layering(models.Model):
    """`spec` defines the layers, see `layers.specs`.

    People who joined after the newest run are in the layer `default`.
    """

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    key = models.CharField(max_length=80)
    name = models.CharField(max_length=120)
    spec: models.JSONField[Any, Any] = models.JSONField()
    default = models.CharField(max_length=80)
    state = models.CharField(max_length=10, default="active")
    created_at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["community", "key"], name="one_layering_per_key"
            )
        ]

    def __str__(self) -> str:
        return self.name


@personal_texts.erased_in("spec", community="layering__community_id")
class LayerRun(models.Model):
    """One assignment of everyone; `bounds` are the thresholds computed from the data.

    `unrated` are the currencies of money that had no exchange rate. `spec` is that of the
    layering at the time. `is_redefinition` marks the run right after one of the same
    moment by the spec before: who moved in it did so because the layering was changed.
    The facts about moves are recorded up to the account `recorded_to`. `log_end` is the
    newest final coordinate of the fact log before it, None for runs of older versions.
    """

    layering = models.ForeignKey(Layering, models.PROTECT, related_name="runs")
    at = timestamps.TimestampField()
    day = models.IntegerField()
    moved = models.PositiveIntegerField(default=0)
    bounds: models.JSONField[Any, Any] = models.JSONField(default=dict)
    unrated: models.JSONField[list[str], list[str]] = models.JSONField(default=list)
    spec: models.JSONField[Any, Any] = models.JSONField(default=dict)
    is_redefinition = models.BooleanField(default=False)
    is_recorded = models.BooleanField(default=True)
    recorded_to = models.BigIntegerField(default=0)
    log_end = models.BigIntegerField(null=True)
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")

    class Meta:
        indexes = [
            models.Index(fields=["layering", "day"], name="layer_run_by_day"),
            models.Index(
                fields=["layering"],
                condition=models.Q(is_recorded=False),
                name="layer_run_unrecorded",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.layering_id} at {self.at}"


class LayerSet(models.Model):
    """The people in one layer of one run; `blob` is the bitmap of their ids."""

    run = models.ForeignKey(LayerRun, models.CASCADE, related_name="sets")
    layer = models.CharField(max_length=80)
    size = models.PositiveIntegerField()
    blob = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "layer"], name="one_set_per_layer")
        ]

    def __str__(self) -> str:
        return f"{self.layer}: {self.size}"
