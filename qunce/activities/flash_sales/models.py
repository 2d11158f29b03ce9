"""Tables of flash sales: the pieces, who reserved them, and who waits for one."""

from __future__ import annotations

from django.db import models
from django.utils.translation import pgettext_lazy

from qunce.activities.activities.models import Activity, Way, new_public_id
from qunce.activities.prizes.models import Award, PrizeStock
from qunce.core import personal_texts, timestamps
from qunce.core.staff.models import Staff


class State(models.TextChoices):
    """How far a reservation is."""

    RESERVED = "reserved", pgettext_lazy("reservation", "reserved")
    CONFIRMED = "confirmed", pgettext_lazy("reservation", "confirmed")
    LAPSED = "lapsed", pgettext_lazy("reservation", "lapsed")
    VOID = "void", pgettext_lazy("reservation", "void")


class ConfirmedBy(models.TextChoices):
    """What confirmed a reservation."""

    POINTS = "points", pgettext_lazy("reservation", "with points")
    ORDER = "order", pgettext_lazy("reservation", "by an order")
    STAFF = "staff", pgettext_lazy("reservation", "by staff")


class FlashSale(models.Model):
    """The pieces of a flash sale, which were taken out of the stock when it was published.

    `left` are neither reserved nor confirmed. What is not sold at the end returns to the
    stock and is no part of `total` any more.
    """

    activity = models.OneToOneField(
        Activity, models.PROTECT, related_name="flash_sale", primary_key=True
    )
    stock = models.ForeignKey(PrizeStock, models.PROTECT, related_name="+")
    total = models.PositiveIntegerField()
    left = models.PositiveIntegerField()

    class Meta:
        db_table = "flash_sale"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(left__gte=0, left__lte=models.F("total")),
                name="pieces_left_from_0_to_total",
            )
        ]

    def __str__(self) -> str:
        return str(self.activity_id)


@personal_texts.erased_in(
    sentences=("reason",), community="sale__activity__community_id"
)
class Reservation(models.Model):
    """A piece that is held for somebody until `held_until`, or theirs once it is confirmed.

    `n` counts the reservations of one person. `order_fact` is the fact of the order that
    confirmed it; one that lapsed before its order was reported keeps that, too, for staff.
    """

    public_id = models.CharField(max_length=12, unique=True, default=new_public_id)
    sale = models.ForeignKey(
        FlashSale, models.PROTECT, related_name="reservations", db_index=False
    )
    account_id = models.BigIntegerField()
    person_id = models.BigIntegerField()
    n = models.PositiveSmallIntegerField()
    state = models.CharField(
        max_length=10, choices=State.choices, default=State.RESERVED
    )
    source = models.CharField(max_length=10, choices=Way.choices)
    from_waitlist = models.BooleanField(default=False)
    at = timestamps.TimestampField()
    held_until = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")
    ended_at = timestamps.TimestampField(null=True)
    confirmed_by = models.CharField(
        max_length=10, choices=ConfirmedBy.choices, default="", blank=True
    )
    points = models.PositiveIntegerField(default=0)
    order_fact = models.BigIntegerField(null=True)
    award = models.OneToOneField(
        Award, models.PROTECT, null=True, related_name="reservation"
    )
    reason = models.CharField(max_length=200, default="", blank=True)

    class Meta:
        db_table = "flash_sale_reservation"
        constraints = [
            models.UniqueConstraint(
                fields=["sale", "person_id", "n"], name="one_reservation_per_number"
            ),
            models.UniqueConstraint(
                fields=["sale", "order_fact"], name="one_reservation_per_order"
            ),
        ]
        indexes = [
            models.Index(fields=["account_id"], name="reservations_of_account"),
            models.Index(
                fields=["held_until"],
                condition=models.Q(state="reserved"),
                name="reservations_held",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} in {self.sale_id}"


class Waiter(models.Model):
    """Somebody on the waitlist, in the order in which they came; once per person."""

    class State(models.TextChoices):
        WAITING = "waiting", pgettext_lazy("waitlist", "waiting")
        OFFERED = "offered", pgettext_lazy("waitlist", "got a piece")
        GONE = "gone", pgettext_lazy("waitlist", "may not join any more")

    sale = models.ForeignKey(
        FlashSale, models.PROTECT, related_name="waiters", db_index=False
    )
    account_id = models.BigIntegerField()
    person_id = models.BigIntegerField()
    state = models.CharField(
        max_length=10, choices=State.choices, default=State.WAITING
    )
    source = models.CharField(max_length=10, choices=Way.choices)
    at = timestamps.TimestampField()

    class Meta:
        db_table = "flash_sale_waiter"
        constraints = [
            models.UniqueConstraint(
                fields=["sale", "person_id"], name="one_waiter_per_person"
            )
        ]
        indexes = [
            models.Index(fields=["sale", "state", "id"], name="waiters_in_order"),
            models.Index(fields=["account_id"], name="waiters_of_account"),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} waits for {self.sale_id}"
