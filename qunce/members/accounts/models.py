"""The tables of accounts and their identifiers.

An account is one person in one channel. Merged accounts are one person, who is
identified by the first of them.
"""

from __future__ import annotations

from django.db import models
from django.db.models import functions

from qunce.core import personal_texts, timestamps
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.members.accounts import masking

PRESENCE_REVISION = "present"
"""Revision kind, raised when an account is created, leaves, rejoins or is erased."""


class Account(models.Model):
    """`id` is dense and never reused; `key` is the source's name for the account."""

    community = models.ForeignKey(
        Community,
        models.PROTECT,
        related_name="+",
        db_index=False,
        # PostgreSQL would look the community up once for each row of a file.
        db_constraint=False,
    )
    key = models.CharField(max_length=200)
    channel = models.CharField(max_length=30, default="import")
    name = models.CharField(max_length=200, default="")
    joined_at = timestamps.TimestampField()
    left_at = timestamps.TimestampField(null=True)
    rejoined_at = timestamps.TimestampField(null=True)
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
        # Sentences are formatted with it, and are read by staff who may not see numbers.
        return self.name or masking.mask_key(self.key)


class Identifier(models.Model):
    """A phone, e-mail address or other id in its normal form."""

    account = models.ForeignKey(
        Account, models.PROTECT, related_name="identifiers", db_index=False
    )
    community_id = models.BigIntegerField()
    kind = models.CharField(max_length=20)
    value = models.CharField(max_length=200)
    job_id = models.BigIntegerField(null=True)
    """The import that added it, so that undoing the import removes it."""

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
            ),
            # Staff search for phones by their last four digits, `masking.TAIL_LENGTH`.
            models.Index(
                "community_id",
                functions.Substr("value", functions.Length("value") - 3),
                condition=models.Q(kind="phone"),
                name="phone_by_tail",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.value}"


class PastIdentifier(models.Model):
    """An identifier that was removed from an account, or replaced by another one."""

    account = models.ForeignKey(
        Account, models.PROTECT, related_name="past_identifiers"
    )
    community_id = models.BigIntegerField()
    kind = models.CharField(max_length=20)
    value = models.CharField(max_length=200)
    source = models.CharField(max_length=120, default="")
    """What removed it: a program, a file, or empty for a form."""
    job_id = models.BigIntegerField(null=True)
    """The import that removed it."""
    added_job_id = models.BigIntegerField(null=True)
    """The import that had added it."""
    removed_at = timestamps.TimestampField()
    removed_by_id = models.BigIntegerField(null=True)

    def __str__(self) -> str:
        return f"{self.kind} {self.value} until {self.removed_at}"


@personal_texts.erased_in("text")
class Placeholder(models.Model):
    """A text that means "none" in a community, besides the usual ones; case-folded."""

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    text = models.CharField(max_length=200)
    added_at = timestamps.TimestampField()
    added_by_id = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["community", "text"], name="one_placeholder_per_text"
            )
        ]

    def __str__(self) -> str:
        return self.text


class SharedIdentifier(models.Model):
    """A value of more accounts than a person has, such as a hotline; it merges nobody.

    It stays shared when accounts lose it: those that are left are not suddenly one.
    """

    community = models.ForeignKey(
        Community, models.PROTECT, related_name="+", db_index=False
    )
    kind = models.CharField(max_length=20)
    value = models.CharField(max_length=200)
    account_count = models.PositiveIntegerField()
    found_at = timestamps.TimestampField()
    job_id = models.BigIntegerField(null=True)
    """The import that found it."""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["community", "kind", "value"], name="one_shared_identifier"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.value} of {self.account_count}"


class StaffAccount(models.Model):
    """An account of a person who works here; `staff` is that person, if known."""

    account = models.OneToOneField(
        Account, models.PROTECT, primary_key=True, related_name="+"
    )
    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    staff = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")
    marked_at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"{self.account_id} works here"


class ErasedText(models.Model):
    """A name, key or identifier of an erased person, until the background job is done."""

    person_id = models.BigIntegerField(db_index=True)
    text = models.CharField(max_length=200)

    def __str__(self) -> str:
        return f"text of {self.person_id}"


class SuppressionSecret(models.Model):
    """The key of a community's hashes. Without it, the list reveals nothing."""

    community = models.OneToOneField(Community, models.PROTECT, related_name="+")
    secret = models.CharField(max_length=64)

    def __str__(self) -> str:
        return f"secret of {self.community_id}"


class Suppression(models.Model):
    """The hash of a key or identifier of a person who was erased."""

    community = models.ForeignKey(
        Community, models.PROTECT, related_name="+", db_index=False
    )
    digest = models.CharField(max_length=64)
    person_id = models.BigIntegerField()
    """Lifting one identifier lifts all of the person."""
    at = timestamps.TimestampField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["community", "digest", "person_id"], name="one_suppression"
            )
        ]
        indexes = [models.Index(fields=["person_id"], name="suppression_by_person")]

    def __str__(self) -> str:
        return self.digest
