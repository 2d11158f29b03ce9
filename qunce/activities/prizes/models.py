"""Tables of prizes: what can be won, who was awarded what, codes and addresses."""

from __future__ import annotations

import secrets

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy, pgettext_lazy

from qunce.core import encryption, personal_texts, timestamps
from qunce.core.communities import Community
from qunce.core.staff.models import Staff


def random_id() -> str:
    """A public id that nobody can guess and that says nothing."""
    return secrets.token_urlsafe(15)


class State(models.TextChoices):
    """How far an award is."""

    TO_CLAIM = "to_claim", pgettext_lazy("prize", "to claim")
    CLAIMED = "claimed", pgettext_lazy("prize", "claimed")
    SENT = "sent", pgettext_lazy("prize", "sent")
    DELIVERED = "delivered", pgettext_lazy("prize", "handed over")
    RETURNED = "returned", pgettext_lazy("prize", "returned")


class Unclaimed(models.TextChoices):
    """What becomes of a prize that nobody claims in time."""

    RETURN = "return", gettext_lazy("it returns to the stock")
    NEXT = "next", gettext_lazy("the next winner is drawn")


class ClaimedBy(models.TextChoices):
    """How a prize was claimed."""

    PAGE = "page", gettext_lazy("on the page")
    MESSAGE = "message", gettext_lazy("by message")
    STAFF = "staff", gettext_lazy("typed by staff")


@personal_texts.erased_in("name", sentences=("instructions",))
class PrizeStock(models.Model):
    """A prize and how many are left.

    `kind` is the key of a registered kind; `amount` are its points or cards, if it has
    any. `value` is what one is worth and `cost` what it costs, in the smallest unit of
    the community's currency.
    """

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    name = models.CharField(max_length=80)
    kind = models.CharField(max_length=30)
    amount = models.PositiveIntegerField(null=True)
    instructions = models.TextField(default="", blank=True)
    value = models.PositiveBigIntegerField(default=0)
    cost = models.PositiveBigIntegerField(default=0)
    total = models.PositiveIntegerField()
    left = models.PositiveIntegerField()
    claim_days = models.PositiveSmallIntegerField(default=14)
    unclaimed = models.CharField(
        max_length=10, choices=Unclaimed.choices, default=Unclaimed.RETURN
    )
    archived_at = timestamps.TimestampField(null=True)
    created_at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(left__gte=0, left__lte=F("total")),
                name="stock_left_from_0_to_total",
            )
        ]
        indexes = [models.Index(fields=["community", "id"], name="stocks_by_community")]

    def __str__(self) -> str:
        return self.name


@personal_texts.erased_in(sentences=("return_reason",))
class Award(models.Model):
    """One prize that one member was awarded.

    `account_id` is the account that won and `person_id` their person at that time; a
    merge changes neither. `source` and `source_key` say what it was awarded for, once. A
    prize that is held cannot be claimed until staff have looked at it. One that is passed
    on goes to another winner and not back to the stock. `staff_task` is the number of the
    request to hand it over.
    """

    community = models.ForeignKey(
        Community, models.PROTECT, related_name="+", db_index=False
    )
    public_id = models.CharField(max_length=30, unique=True, default=random_id)
    stock = models.ForeignKey(PrizeStock, models.PROTECT, related_name="awards")
    account_id = models.BigIntegerField()
    person_id = models.BigIntegerField()
    source = models.CharField(max_length=20)
    source_key = models.CharField(max_length=100)
    state = models.CharField(
        max_length=10, choices=State.choices, default=State.TO_CLAIM
    )
    is_held = models.BooleanField(default=False)
    is_passed_on = models.BooleanField(default=False)
    awarded_at = timestamps.TimestampField()
    claim_until = timestamps.TimestampField()
    reminded_at = timestamps.TimestampField(null=True)
    claimed_at = timestamps.TimestampField(null=True)
    claimed_by = models.CharField(
        max_length=10, choices=ClaimedBy.choices, default="", blank=True
    )
    sent_at = timestamps.TimestampField(null=True)
    carrier = models.CharField(max_length=40, default="", blank=True)
    parcel_number = models.CharField(max_length=40, default="", blank=True)
    delivered_at = timestamps.TimestampField(null=True)
    returned_at = timestamps.TimestampField(null=True)
    staff_task = models.BigIntegerField(null=True)
    return_reason = models.CharField(max_length=200, default="", blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["community", "source", "source_key"],
                name="one_award_per_source_and_key",
            )
        ]
        indexes = [
            models.Index(fields=["community", "state", "id"], name="awards_by_state"),
            models.Index(fields=["account_id"], name="awards_by_account"),
            models.Index(
                fields=["claim_until"],
                condition=Q(state="to_claim"),
                name="awards_to_claim",
            ),
            models.Index(
                fields=["staff_task"],
                condition=Q(staff_task__isnull=False),
                name="awards_by_staff_task",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.stock_id} to {self.account_id}"


class PrizeCode(models.Model):
    """A code that one winner gets. Equal codes of a stock have the same hash."""

    stock = models.ForeignKey(
        PrizeStock, models.CASCADE, related_name="codes", db_index=False
    )
    code_hash = models.CharField(max_length=64)
    code: encryption.EncryptedField[str, str] = encryption.EncryptedField()
    award = models.OneToOneField(
        Award, models.PROTECT, null=True, related_name="prize_code"
    )
    added_at = timestamps.TimestampField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["stock", "code_hash"], name="one_code_per_stock_and_hash"
            )
        ]
        indexes = [
            models.Index(
                fields=["stock", "id"],
                condition=Q(award__isnull=True),
                name="codes_without_award",
            )
        ]

    def __str__(self) -> str:
        return f"code {self.pk}"


class PrizeAddress(models.Model):
    """Where a prize is sent, encrypted and deleted some time after it was delivered."""

    award = models.OneToOneField(Award, models.CASCADE, related_name="address")
    recipient: encryption.EncryptedField[str, str] = encryption.EncryptedField()
    phone: encryption.EncryptedField[str, str] = encryption.EncryptedField()
    address: encryption.EncryptedField[str, str] = encryption.EncryptedField()
    typed_at = timestamps.TimestampField()

    def __str__(self) -> str:
        return f"address of {self.award_id}"
