"""The tables of tiered tasks: the rule of each tier, and who reached it when.

Rows name the account and the person of that moment, and a merge rewrites none of them.
"""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy

from qunce.activities.activities.models import Activity
from qunce.activities.prizes.models import Award, PrizeStock
from qunce.core import personal_texts, timestamps


@personal_texts.erased_in(
    "rule", sentences=("text",), community="activity__community_id"
)
class Tier(models.Model):
    """A step of a published task. `rule` holds for members who have reached it.

    `text` is what members read. `points` are 0 for none.
    """

    activity = models.ForeignKey(
        Activity, models.PROTECT, related_name="tiers", db_index=False
    )
    number = models.PositiveSmallIntegerField()
    text = models.CharField(max_length=80)
    rule: models.JSONField[Any, Any] = models.JSONField()
    points = models.PositiveIntegerField(default=0)
    stock = models.ForeignKey(PrizeStock, models.PROTECT, null=True, related_name="+")

    class Meta:
        db_table = "activities_tier"
        constraints = [
            models.UniqueConstraint(
                fields=["activity", "number"], name="one_tier_per_number"
            )
        ]

    def __str__(self) -> str:
        return self.text


class Problem(models.TextChoices):
    """Why a reward was not given yet; it is tried again."""

    NONE = "", ""
    BUDGET = "budget", gettext_lazy("the budget is used up")
    STOCK = "stock", gettext_lazy("no prize is left")


class ReachedTier(models.Model):
    """That a member reached a tier, and lost it again if `lost_at`; the n-th `time`.

    `points_entry` is the entry of the points, null for none.
    """

    tier = models.ForeignKey(
        Tier, models.PROTECT, related_name="reached", db_index=False
    )
    account_id = models.BigIntegerField()
    person_id = models.BigIntegerField()
    time = models.PositiveSmallIntegerField(default=1)
    reached_at = timestamps.TimestampField()
    lost_at = timestamps.TimestampField(null=True)
    points_entry = models.BigIntegerField(null=True)
    award = models.ForeignKey(Award, models.PROTECT, null=True, related_name="+")
    problem = models.CharField(
        max_length=10, choices=Problem.choices, default=Problem.NONE, blank=True
    )

    class Meta:
        db_table = "activities_reached_tier"
        constraints = [
            models.UniqueConstraint(
                fields=["tier", "account_id", "time"], name="one_row_per_reached_tier"
            )
        ]
        indexes = [models.Index(fields=["account_id"], name="tiers_of_account")]

    def __str__(self) -> str:
        return f"{self.account_id}: {self.tier_id}"
