"""The tables of typed numbers, and of the hour from which Today asks for them."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy

from qunce.core import timestamps
from qunce.core.communities import Community
from qunce.core.staff.models import Staff

MAX_VALUE = 1_000_000


class Field(models.TextChoices):
    MEMBERS = "members", gettext_lazy("Group members")
    JOINS = "joins", gettext_lazy("Joins")
    LEAVES = "leaves", gettext_lazy("Leaves")
    SPEAKERS = "speakers", gettext_lazy("Wrote")
    MESSAGES = "messages", gettext_lazy("Messages")


class TypedNumber(models.Model):
    """One number of a group on a community day, as somebody typed it.

    A correction is a further row; `replaced_at` is null in the row that holds now. A
    `value` of null withdraws what was typed before.
    """

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    group = models.ForeignKey("groups.Group", models.PROTECT, related_name="+")
    day = models.DateField()
    field = models.CharField(max_length=10, choices=Field.choices)
    value = models.PositiveIntegerField(null=True)
    typed_at = timestamps.TimestampField()
    replaced_at = timestamps.TimestampField(null=True)
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")

    class Meta:
        db_table = "insight_typed_number"
        constraints = [
            models.UniqueConstraint(
                fields=["group", "day", "field"],
                condition=models.Q(replaced_at__isnull=True),
                name="one_typed_number_holds",
            )
        ]
        indexes = [
            models.Index(fields=["community", "day"], name="typed_number_by_day"),
        ]

    def __str__(self) -> str:
        return f"{self.field} of {self.group_id} on {self.day}: {self.value}"


class Reminder(models.Model):
    """From `hour` on, Today asks for the numbers of the day; null is never."""

    community = models.OneToOneField(Community, models.PROTECT, related_name="+")
    hour = models.PositiveSmallIntegerField(null=True)

    class Meta:
        db_table = "insight_typed_number_reminder"

    def __str__(self) -> str:
        return f"from {self.hour}"
