"""Layerings: everyone in exactly one layer, recomputed by runs whose history is kept."""

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


class Layering(models.Model):
    """`spec` says how people are laid out, see `layerspecs`; `default` takes the rest."""

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    key = models.CharField(max_length=80)
    name = models.CharField(max_length=120)
    spec: models.JSONField[Any, Any] = models.JSONField()
    default = models.CharField(max_length=80)
    state = models.CharField(max_length=10, default="active")
    created_at = instants.InstantField()
    by = models.ForeignKey(Operator, models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["community", "key"], name="one_layering_a_key"
            )
        ]

    def __str__(self) -> str:
        return self.name


class LayerRun(models.Model):
    """One laying out of everyone; `found` are the bounds that were found in the data."""

    layering = models.ForeignKey(Layering, models.PROTECT, related_name="runs")
    at = instants.InstantField()
    day = models.IntegerField()
    moved = models.PositiveIntegerField(default=0)
    found: models.JSONField[Any, Any] = models.JSONField(default=dict)
    by = models.ForeignKey(Operator, models.PROTECT, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["layering", "day"], name="layer_run_by_day")]

    def __str__(self) -> str:
        return f"{self.layering_id} at {self.at}"


class LayerSet(models.Model):
    """The first accounts of the people in one layer of one run, as a set."""

    run = models.ForeignKey(LayerRun, models.CASCADE, related_name="sets")
    layer = models.CharField(max_length=80)
    size = models.PositiveIntegerField()
    blob = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "layer"], name="one_set_a_layer")
        ]

    def __str__(self) -> str:
        return f"{self.layer}: {self.size}"
