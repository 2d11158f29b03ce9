"""The table of the staff in charge of members."""

from __future__ import annotations

from django.db import models

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
