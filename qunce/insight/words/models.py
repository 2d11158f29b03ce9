"""Words of messages counted by day and group, and what staff have said about words."""

from __future__ import annotations

from typing import Any

from django.db import models

from qunce.core import personal_texts
from qunce.core.communities import Community


class WordDay(models.Model):
    """The words of a group on a community day.

    `pairs` has who said which word how often, see `word_counts`, as long as the texts are
    kept. `totals` has `[people, times]` of the texts that were deleted since.
    """

    community = models.ForeignKey(
        Community, models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )
    group_id = models.BigIntegerField()
    day = models.IntegerField()
    pairs = models.TextField(default="")
    totals = models.TextField(default="")

    class Meta:
        db_table = "insight_word_day"
        constraints = [
            models.UniqueConstraint(
                fields=["community", "group_id", "day"], name="one_row_per_word_day"
            )
        ]
        indexes = [models.Index(fields=["community", "day"], name="words_by_day")]

    def __str__(self) -> str:
        return f"words of group {self.group_id} on day {self.day}"


@personal_texts.erased_in("stop_words", "brands")
class WordSettings(models.Model):
    """`brands` is a list of `{"name": …, "words": [...], "is_own": …}`."""

    community = models.OneToOneField(Community, models.CASCADE, related_name="+")
    stop_words: models.JSONField[Any, Any] = models.JSONField(default=list)
    brands: models.JSONField[Any, Any] = models.JSONField(default=list)

    class Meta:
        db_table = "insight_word_settings"

    def __str__(self) -> str:
        return f"words of {self.community_id}"
