"""How far each staff member has looked at each group."""

from __future__ import annotations

from django.db import models

from qunce.core import timestamps
from qunce.core.staff.models import Staff
from qunce.groups.groups import Group


class PatrolMark(models.Model):
    """Everything in the group until `seen_until` was seen by the staff member."""

    staff = models.ForeignKey(Staff, models.CASCADE, related_name="+")
    group = models.ForeignKey(Group, models.CASCADE, related_name="+")
    seen_until = timestamps.TimestampField()
    marked_at = timestamps.TimestampField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["staff", "group"], name="one_patrol_mark_per_group"
            )
        ]

    def __str__(self) -> str:
        return f"{self.staff} saw {self.group}"
