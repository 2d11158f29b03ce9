"""The table of positioning sheets: one row per version, which never changes."""

from __future__ import annotations

from typing import Any

from django.db import models

from qunce.core import personal_texts, timestamps
from qunce.core.communities import Community
from qunce.core.staff.models import Staff


@personal_texts.erased_in("fields", sentences=("content",))
class PositioningVersion(models.Model):
    """The sheet of a community from `created_at` on; `day` is that community day.

    `content` is that of `sheet.parse`, `fields` are the parts that differ from the version
    before.
    """

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    number = models.PositiveIntegerField()
    day = models.DateField()
    content: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField()
    fields: models.JSONField[list[str], list[str]] = models.JSONField(default=list)
    created_at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")

    class Meta:
        db_table = "insight_positioning_version"
        constraints = [
            models.UniqueConstraint(
                fields=["community", "number"], name="positioning_version_number"
            )
        ]

    def __str__(self) -> str:
        return f"{self.community_id}: {self.number}"
