"""The tables of saved views of the member list, and of each person's own columns."""

from __future__ import annotations

from typing import Any

from django.db import models

from qunce.core import personal_texts, timestamps
from qunce.core.communities import Community
from qunce.core.staff.models import Staff

MAX_NAME_LENGTH = 60


@personal_texts.erased_in("name", "filters")
class SavedView(models.Model):
    """A name for columns, filters and a sorting of the member list.

    `filters` are the parameters of the list's URL, each with its values.
    """

    community = models.ForeignKey(
        Community, models.PROTECT, related_name="+", db_index=False
    )
    staff = models.ForeignKey(Staff, models.PROTECT, related_name="+")
    name = models.CharField(max_length=MAX_NAME_LENGTH)
    columns: models.JSONField[Any, Any] = models.JSONField(default=list)
    filters: models.JSONField[Any, Any] = models.JSONField(default=dict)
    sort_by = models.CharField(max_length=120, default="", blank=True)
    is_shared = models.BooleanField(default=False)
    created_at = timestamps.TimestampField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["community", "staff", "name"], name="one_view_per_name"
            )
        ]

    def __str__(self) -> str:
        return self.name


class ListLayout(models.Model):
    """The columns and the page size with which a staff member sees the member list."""

    staff = models.OneToOneField(Staff, models.PROTECT, related_name="+")
    columns: models.JSONField[Any, Any] = models.JSONField(default=list)
    page_size = models.PositiveIntegerField(default=50)

    def __str__(self) -> str:
        return f"columns of {self.staff_id}"
