"""The table of a mall: what members redeemed for points."""

from __future__ import annotations

from django.db import models

from qunce.activities.activities.models import Activity, Way
from qunce.activities.prizes.models import Award, PrizeStock
from qunce.core import timestamps
from qunce.core.staff.models import Staff


class Redemption(models.Model):
    """One item that a member took for points, with the award that it became.

    `account_id` is the account that paid and `person_id` their person then; a merge changes
    neither. `item` is the number under which it was offered. `undone_by` is empty for the
    member, and for a prize that nobody claimed in time.
    """

    activity = models.ForeignKey(Activity, models.PROTECT, related_name="redemptions")
    stock = models.ForeignKey(PrizeStock, models.PROTECT, related_name="+")
    award = models.OneToOneField(
        Award, models.PROTECT, null=True, related_name="redemption"
    )
    item = models.PositiveSmallIntegerField()
    points = models.PositiveIntegerField()
    account_id = models.BigIntegerField()
    person_id = models.BigIntegerField()
    source = models.CharField(max_length=10, choices=Way.choices)
    at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")
    undone_at = timestamps.TimestampField(null=True)
    undone_by = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")

    class Meta:
        db_table = "mall_redemption"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(points__gt=0), name="redemption_costs_points"
            )
        ]
        indexes = [
            models.Index(
                fields=["activity", "account_id"], name="redemptions_of_account"
            ),
            models.Index(fields=["account_id"], name="redemptions_by_account"),
        ]

    def __str__(self) -> str:
        return f"{self.stock_id} for {self.account_id}"

    @property
    def points_text(self) -> str:
        return f"{self.points:,}"
