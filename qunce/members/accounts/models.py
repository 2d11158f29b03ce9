"""The tables of accounts and their identifiers.

An account is one person in one channel. Merged accounts are one person, who is
identified by the first of them.
"""

from __future__ import annotations

from django.db import models

from qunce.core import timestamps
from qunce.core.communities import Community

PRESENCE_REVISION = "present"
"""Revision kind, raised when an account is created, leaves, rejoins or is erased."""


class Account(models.Model):
    """`id` is dense and never reused; `key` is the source's name for the account."""

    community = models.ForeignKey(
        Community, models.PROTECT, related_name="+", db_index=False
    )
    key = models.CharField(max_length=200)
    channel = models.CharField(max_length=30, default="import")
    name = models.CharField(max_length=200, default="")
    joined_at = timestamps.TimestampField()
    left_at = timestamps.TimestampField(null=True)
    source_id = models.IntegerField(null=True)
    present = models.BooleanField(default=True)
    erased_at = timestamps.TimestampField(null=True)
    rev = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["community", "key", "channel"], name="one_account_per_key"
            )
        ]
        indexes = [models.Index(fields=["community", "rev"], name="account_by_rev")]

    def __str__(self) -> str:
        return self.name or self.key


class Identifier(models.Model):
    """A phone, e-mail address or other id in its normal form."""

    account = models.ForeignKey(
        Account, models.PROTECT, related_name="identifiers", db_index=False
    )
    community_id = models.BigIntegerField()
    kind = models.CharField(max_length=20)
    value = models.CharField(max_length=200)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "kind", "value"], name="one_identifier_per_account"
            )
        ]
        indexes = [
            models.Index(
                fields=["community_id", "kind", "value"],
                name="identifier_by_value",
                # So that LIKE finds prefixes in any collation on PostgreSQL.
                opclasses=["int8_ops", "varchar_pattern_ops", "varchar_pattern_ops"],
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.value}"
