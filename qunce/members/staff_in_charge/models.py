"""The tables of the staff in charge of members, and of what a hand-over changed."""

from __future__ import annotations

from django.db import models

from qunce.core import timestamps
from qunce.core.communities import Community
from qunce.sets.bitmaps import attribute_columns


class InCharge(attribute_columns.ColumnValue):
    """An account's staff member in charge, whose id is `number`.

    Of a person's accounts, the one that was set last counts.
    """

    community = models.ForeignKey(
        Community, models.PROTECT, related_name="+", db_index=False
    )
    source = models.CharField(max_length=20)
    by_id = models.BigIntegerField(null=True)

    class Meta(attribute_columns.ColumnValue.Meta):
        constraints = [
            models.UniqueConstraint(
                fields=["community", "account_id"], name="one_staff_in_charge"
            )
        ]
        indexes = [
            models.Index(fields=["community", "rev"], name="in_charge_by_rev"),
            models.Index(fields=["account_id"], name="in_charge_by_account"),
        ]

    def __str__(self) -> str:
        return f"{self.number} for {self.account_id}"


KIND = attribute_columns.ColumnKind(
    name="in_charge", model=InCharge, ref_column="community_id"
)


class HandOver(models.Model):
    """Many members who got another staff member at once; `number` is as in InCharge."""

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    number = models.BigIntegerField()
    changed = models.PositiveIntegerField(default=0)
    by_id = models.BigIntegerField()
    at = timestamps.TimestampField()
    undone_at = timestamps.TimestampField(null=True)

    class Meta:
        db_table = "members_hand_over"

    def __str__(self) -> str:
        return f"hand-over {self.pk} to {self.number}"


class HandOverChange(models.Model):
    """The staff member who was in charge of a person before; 0 for nobody."""

    hand_over = models.ForeignKey(HandOver, models.CASCADE, related_name="changes")
    account_id = models.BigIntegerField(db_index=True)
    before = models.BigIntegerField()

    class Meta:
        db_table = "members_hand_over_change"

    def __str__(self) -> str:
        return f"{self.account_id} was with {self.before}"
