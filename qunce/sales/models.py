"""The orders as they are stored."""

from __future__ import annotations

from django.db import models

from qunce.core import timestamps


class Order(models.Model):
    """`amount` and `refunded_amount` are in the currency's smallest unit.

    The row has integers instead of foreign keys, as there are millions of orders.
    `items` is a JSON list of {category, name, quantity, amount} as far as known, and
    `details` a JSON object with the further columns of an imported file. `refunds` is a
    JSON list of [microseconds, amount], whose sum is `refunded_amount`. A cancellation of
    an unknown order is a row with nothing paid and something refunded; only the importer
    creates such rows. `source_id` is the name of the shop or program, 0 for none.
    """

    community_id = models.IntegerField()
    key = models.TextField()
    source_id = models.IntegerField(default=0)
    account_id = models.BigIntegerField(null=True)
    paid_at = timestamps.TimestampField()
    amount = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    items = models.TextField(null=True)  # noqa: DJ001 - null means unknown
    details = models.TextField(null=True)  # noqa: DJ001 - null means none
    refunded_at = timestamps.TimestampField(null=True)
    refunded_amount = models.BigIntegerField(default=0)
    refunds = models.TextField(null=True)  # noqa: DJ001 - null means none

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["community_id", "key", "source_id"],
                name="one_order_per_source_and_key",
            )
        ]
        indexes = [
            models.Index(fields=["account_id"], name="orders_by_account"),
            # Covers `totals`, which then need not read the orders themselves.
            models.Index(
                fields=[
                    "community_id",
                    "paid_at",
                    "currency",
                    "amount",
                    "refunded_amount",
                ],
                name="order_sums_by_time",
            ),
            models.Index(
                fields=["community_id", "paid_at"],
                name="refunded_orders_by_time",
                condition=models.Q(refunded_amount__gt=0),
            ),
        ]

    def __str__(self) -> str:
        return self.key


class ClosedOrder(models.Model):
    """An order that a file calls closed without a refund; nothing of it is a sale.

    It is stored whether the order is known or not, so that a payment that is only
    reported afterwards counts as refunded. `closed_at` is null if the file gives no time.
    """

    community_id = models.IntegerField()
    key = models.TextField()
    source_id = models.IntegerField(default=0)
    closed_at = timestamps.TimestampField(null=True)

    class Meta:
        db_table = "sales_closed_order"
        constraints = [
            models.UniqueConstraint(
                fields=["community_id", "key", "source_id"],
                name="one_closing_per_source_and_key",
            )
        ]

    def __str__(self) -> str:
        return self.key
