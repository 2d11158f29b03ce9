"""Tables of red packets: what is in each beforehand, and who opened which share."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from qunce.activities.activities.models import MAX_KEY, Activity
from qunce.core import encryption, timestamps


class RedPacket(models.Model):
    """Points in `shares` parts, which follow from a seed whose hash is published before.

    The seed is encrypted until the packet is over: empty, followed by the next one, or
    closed. `taken` are the shares that were opened.
    """

    activity = models.ForeignKey(
        Activity, models.PROTECT, related_name="red_packets", db_index=False
    )
    n = models.PositiveSmallIntegerField()
    opens_at = timestamps.TimestampField()
    total = models.PositiveIntegerField()
    shares = models.PositiveIntegerField()
    minimum = models.PositiveIntegerField()
    taken = models.PositiveIntegerField(default=0)
    seed: encryption.EncryptedField[str, str] = encryption.EncryptedField()
    seed_hash = models.CharField(max_length=64)
    closed_at = timestamps.TimestampField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["activity", "n"], name="one_red_packet_per_number"
            ),
            models.CheckConstraint(
                condition=Q(taken__lte=F("shares"), shares__gt=0),
                name="red_packet_taken_to_shares",
            ),
        ]
        indexes = [
            models.Index(
                fields=["opens_at"],
                condition=Q(closed_at__isnull=True),
                name="red_packets_not_over",
            )
        ]

    def __str__(self) -> str:
        return f"red packet {self.n} of {self.activity_id}"


class RedPacketShare(models.Model):
    """The share that a person opened, the `position`-th from 0, and its points."""

    packet = models.ForeignKey(
        RedPacket, models.PROTECT, related_name="opened", db_index=False
    )
    position = models.PositiveIntegerField()
    account_id = models.BigIntegerField()
    person_id = models.BigIntegerField()
    amount = models.PositiveIntegerField()
    key = models.CharField(max_length=MAX_KEY + 10)
    at = timestamps.TimestampField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["packet", "position"], name="one_person_per_share"
            ),
            models.UniqueConstraint(
                fields=["packet", "person_id"], name="one_share_per_person"
            ),
            models.UniqueConstraint(fields=["packet", "key"], name="one_share_per_key"),
        ]
        indexes = [
            models.Index(
                fields=["account_id", "packet"], name="red_packet_shares_of_account"
            )
        ]

    def __str__(self) -> str:
        return f"share {self.position} of {self.packet_id}"
