"""The texts of messages, apart from the fact log, and the days that have some."""

from __future__ import annotations

from django.db import models

from qunce.core import timestamps
from qunce.core.communities import Community

DEFAULT_RETENTION = 180
"""Days for which texts are kept unless the community says otherwise."""


class MessageText(models.Model):
    """What a member wrote; the fact `message.posted` with the same source and key.

    `group_id` is 0 for a message to the community itself.
    """

    community = models.ForeignKey(
        Community, models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    source_id = models.IntegerField()
    key = models.CharField(max_length=300)
    account_id = models.BigIntegerField()
    group_id = models.BigIntegerField(default=0)
    happened_at = timestamps.TimestampField()
    text = models.TextField()

    class Meta:
        db_table = "members_message_text"
        constraints = [
            models.UniqueConstraint(
                fields=["source_id", "key"], name="one_text_per_message"
            )
        ]
        indexes = [
            models.Index(fields=["group_id", "happened_at"], name="text_of_group"),
            models.Index(fields=["account_id", "happened_at"], name="text_of_account"),
        ]

    def __str__(self) -> str:
        return f"text of {self.key}"


class MessageDay(models.Model):
    """A community day of a group with texts, or whose texts were deleted since.

    `changes` counts how often its texts have changed, and `counted` up to which of these
    changes their words are counted.
    """

    community = models.ForeignKey(
        Community, models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    group_id = models.BigIntegerField()
    day = models.IntegerField()
    changes = models.PositiveIntegerField(default=1)
    counted = models.PositiveIntegerField(default=0)
    has_texts = models.BooleanField(default=True)

    class Meta:
        db_table = "members_message_day"
        constraints = [
            models.UniqueConstraint(
                fields=["community", "group_id", "day"], name="one_row_per_message_day"
            )
        ]
        indexes = [
            models.Index(
                fields=["community", "day"],
                condition=models.Q(counted__lt=models.F("changes")),
                name="uncounted_message_days",
            )
        ]

    def __str__(self) -> str:
        return f"day {self.day} of group {self.group_id}"


class MessageTextRetention(models.Model):
    """For how many days a community keeps texts, where that is not the default."""

    community = models.OneToOneField(Community, models.CASCADE, related_name="+")
    days = models.PositiveIntegerField()

    class Meta:
        db_table = "members_message_text_retention"

    def __str__(self) -> str:
        return f"{self.days} days"
