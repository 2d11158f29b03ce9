"""Tables of instant draws: what was published, the seeds of the days, and the tickets."""

from __future__ import annotations

import secrets

from django.db import models
from django.db.models import F, Q
from django.utils.translation import pgettext_lazy

from qunce.activities.activities.models import MAX_KEY, Activity
from qunce.activities.prizes.models import Award, PrizeStock
from qunce.core import encryption, timestamps

SEED_BYTES = 32
MAX_OWN_NUMBER = 12


def random_seed() -> str:
    return secrets.token_hex(SEED_BYTES)


class State(models.TextChoices):
    OPEN = "open", pgettext_lazy("instant draw", "open")
    CLOSED = "closed", pgettext_lazy("instant draw", "closed")


class InstantDraw(models.Model):
    """What members have read of a published instant draw, as JSON text with its hash."""

    activity = models.OneToOneField(
        Activity, models.PROTECT, related_name="instant_draw"
    )
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    terms = models.TextField()
    terms_hash = models.CharField(max_length=64)
    closed_at = timestamps.TimestampField(null=True)

    def __str__(self) -> str:
        return f"instant draw of {self.activity_id}"


class InstantPrize(models.Model):
    """A prize that is won with `odds` in a million, at most `total` times.

    With `per_hour`, as many more can be won in each hour since the start.
    """

    draw = models.ForeignKey(InstantDraw, models.CASCADE, related_name="prizes")
    position = models.PositiveSmallIntegerField()
    stock = models.ForeignKey(PrizeStock, models.PROTECT, related_name="+")
    odds = models.PositiveIntegerField()
    total = models.PositiveIntegerField()
    taken = models.PositiveIntegerField(default=0)
    per_hour = models.PositiveIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["draw", "position"], name="one_instant_prize_per_position"
            ),
            models.CheckConstraint(
                condition=Q(taken__lte=F("total"), total__gt=0, odds__gt=0),
                name="instant_prizes_taken_to_total",
            ),
        ]
        ordering = ["position"]

    def __str__(self) -> str:
        return f"{self.total} × {self.stock_id}"


class DaySeed(models.Model):
    """The seed of a community day, encrypted; its hash is published before the day.

    No ticket is drawn with it once it is revealed.
    """

    draw = models.ForeignKey(InstantDraw, models.CASCADE, related_name="seeds")
    day = models.DateField()
    seed: encryption.EncryptedField[str, str] = encryption.EncryptedField(
        default=random_seed
    )
    seed_hash = models.CharField(max_length=64)
    revealed_at = timestamps.TimestampField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["draw", "day"], name="one_seed_per_draw_and_day"
            )
        ]
        indexes = [
            models.Index(
                fields=["day"],
                condition=Q(revealed_at__isnull=True),
                name="seeds_to_reveal",
            )
        ]

    def __str__(self) -> str:
        return f"seed of {self.day}"


class InstantTicket(models.Model):
    """A ticket of a person, their `number`-th, and what it drew.

    `roll` is the number below a million that was drawn, `drawn` the prize that it names
    and `won` the one that the member got, which differs if that was gone. Both are places
    in the list of prizes, null for none. `key` is that of the attempt.
    """

    draw = models.ForeignKey(
        InstantDraw, models.PROTECT, related_name="tickets", db_index=False
    )
    account_id = models.BigIntegerField()
    person_id = models.BigIntegerField()
    number = models.PositiveIntegerField()
    key = models.CharField(max_length=MAX_KEY + 10)
    own_number = models.CharField(max_length=MAX_OWN_NUMBER, default="", blank=True)
    day = models.DateField()
    roll = models.PositiveIntegerField()
    drawn = models.PositiveSmallIntegerField(null=True)
    won = models.PositiveSmallIntegerField(null=True)
    award = models.OneToOneField(
        Award, models.PROTECT, null=True, related_name="instant_ticket"
    )
    at = timestamps.TimestampField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["draw", "person_id", "number"],
                name="one_instant_ticket_per_number",
            ),
            models.UniqueConstraint(
                fields=["draw", "key"], name="one_instant_ticket_per_key"
            ),
        ]
        indexes = [
            models.Index(
                fields=["account_id", "draw"], name="instant_tickets_of_account"
            )
        ]

    def __str__(self) -> str:
        return f"instant ticket {self.pk}"
