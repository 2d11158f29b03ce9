"""Scores of a community and the versions of their weights."""

from __future__ import annotations

from typing import Any

from django.db import models

from qunce.core import personal_texts, timestamps
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.members.scores import presets


@personal_texts.erased_in("key", "name")
class Score(models.Model):
    """A ready-made score has a row only once it has been changed."""

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    key = models.CharField(max_length=80)
    name = models.CharField(max_length=80)
    created_at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["community", "key"], name="one_score_per_key"
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_ready_made(self) -> bool:
        return self.key in presets.PRESETS


@personal_texts.erased_in("spec", community="score__community_id")
class ScoreVersion(models.Model):
    """What a score is made of from a community day on, see `definitions`.

    Of two versions of one day, the later one holds.
    """

    score = models.ForeignKey(Score, models.CASCADE, related_name="versions")
    day = models.IntegerField()
    spec: models.JSONField[Any, Any] = models.JSONField()
    at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["score", "day"], name="score_version_by_day")]

    def __str__(self) -> str:
        return f"{self.score_id} from day {self.day}"
