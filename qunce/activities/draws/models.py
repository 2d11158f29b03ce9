"""Tables of draws: what was published, who has tickets, and what was drawn.

What is published does not change, and nothing changes after the list was closed but by the
draw itself. Triggers of the database hold that, too (see `database_objects`).
"""

from __future__ import annotations

import secrets
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy, pgettext_lazy

from qunce.activities.activities.models import Activity
from qunce.activities.draws import ticket_tree
from qunce.activities.prizes.models import Award, PrizeStock
from qunce.core import encryption, personal_texts, timestamps
from qunce.core.staff.models import Staff

SEED_BYTES = 32


def random_seed() -> str:
    return secrets.token_hex(SEED_BYTES)


def random_secret() -> bytes:
    return secrets.token_bytes(ticket_tree.SECRET_BYTES)


class State(models.TextChoices):
    PREPARED = "prepared", pgettext_lazy("draw", "being prepared")
    OPEN = "open", pgettext_lazy("draw", "open")
    CLOSED = "closed", pgettext_lazy("draw", "waiting for the public value")
    DRAWN = "drawn", pgettext_lazy("draw", "drawn")
    VOID = "void", pgettext_lazy("draw", "void")


class Source(models.TextChoices):
    """Which public value is mixed in, which nobody knows when the list is closed."""

    DRAND = "drand", gettext_lazy("the drand beacon (quicknet)")
    FIGURE = "figure", gettext_lazy("a published figure, typed by two people")


class FetchProblem(models.TextChoices):
    """Why the signature of a round was not fetched."""

    UNREACHABLE = "unreachable", gettext_lazy("The relay of drand was not reached.")
    TOO_EARLY = (
        "too_early",
        gettext_lazy("The relay of drand does not have this round yet."),
    )
    ANSWER = (
        "answer",
        gettext_lazy("The relay of drand gave no signature of this round."),
    )


@personal_texts.erased_in(
    sentences=("void_reason",), community="activity__community_id"
)
class Draw(models.Model):
    """The draw of an activity.

    The seed is encrypted until it is drawn, and its hash is part of `terms`, the JSON text
    that members read beforehand. `root` is the hash of the list of tickets. `removed`
    counts the tickets that were taken off at closing, by reason. A figure is known from
    `figure_at`. A signature waits until it is verified, and is refused if it is wrong.
    """

    activity = models.OneToOneField(Activity, models.PROTECT, related_name="draw")
    state = models.CharField(
        max_length=10, choices=State.choices, default=State.PREPARED
    )
    seed: encryption.EncryptedField[str, str] = encryption.EncryptedField(
        default=random_seed
    )
    source = models.CharField(
        max_length=10, choices=Source.choices, default=Source.DRAND
    )
    figure_name = models.CharField(max_length=120, default="", blank=True)
    figure_digits = models.PositiveSmallIntegerField(null=True)
    figure_at = timestamps.TimestampField(null=True)
    terms = models.TextField(default="", blank=True)
    terms_hash = models.CharField(max_length=64, default="", blank=True)
    closing = models.TextField(default="", blank=True)
    closed_at = timestamps.TimestampField(null=True)
    root = models.CharField(max_length=64, default="", blank=True)
    tickets_count = models.PositiveIntegerField(default=0)
    people_count = models.PositiveIntegerField(default=0)
    removed: models.JSONField[Any, Any] = models.JSONField(default=dict)
    drand_round = models.PositiveBigIntegerField(null=True)
    signature = models.CharField(max_length=96, default="", blank=True)
    signature_refused_at = timestamps.TimestampField(null=True)
    fetch_problem = models.CharField(
        max_length=20, choices=FetchProblem.choices, default="", blank=True
    )
    fetch_failed_at = timestamps.TimestampField(null=True)
    public_value = models.CharField(max_length=64, default="", blank=True)
    value = models.CharField(max_length=64, default="", blank=True)
    revealed_seed = models.CharField(max_length=64, default="", blank=True)
    drawn_at = timestamps.TimestampField(null=True)
    voided_at = timestamps.TimestampField(null=True)
    void_reason = models.CharField(max_length=200, default="", blank=True)
    voided_by = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")

    class Meta:
        indexes = [
            models.Index(
                fields=["closed_at"],
                condition=Q(state="closed"),
                name="draws_waiting_for_value",
            )
        ]

    def __str__(self) -> str:
        return f"draw of {self.activity_id}"


class DrawPrize(models.Model):
    """Prizes of a draw, in the order in which they are drawn."""

    draw = models.ForeignKey(Draw, models.CASCADE, related_name="prizes")
    position = models.PositiveSmallIntegerField()
    stock = models.ForeignKey(PrizeStock, models.PROTECT, related_name="+")
    count = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["draw", "position"], name="one_prize_per_draw_and_position"
            ),
            models.CheckConstraint(condition=Q(count__gt=0), name="draw_prize_count"),
        ]
        ordering = ["position"]

    def __str__(self) -> str:
        return f"{self.count} × {self.stock_id}"


class Ticket(models.Model):
    """One chance of a person, their `n`-th. `place` is its place in the closed list, from 0.

    A ticket that was taken off the list has no place, and `removed` says why.
    """

    draw = models.ForeignKey(Draw, models.PROTECT, related_name="tickets")
    account_id = models.BigIntegerField()
    person_id = models.BigIntegerField()
    n = models.PositiveSmallIntegerField(default=1)
    secret = models.BinaryField(max_length=ticket_tree.SECRET_BYTES)
    leaf = models.BinaryField(max_length=32)
    place = models.PositiveIntegerField(null=True)
    removed = models.CharField(max_length=20, default="", blank=True)
    created_at = timestamps.TimestampField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["draw", "person_id", "n"], name="one_ticket_per_person_and_n"
            ),
            models.UniqueConstraint(
                fields=["draw", "leaf"], name="one_ticket_per_leaf"
            ),
            models.UniqueConstraint(
                fields=["draw", "place"], name="one_ticket_per_place"
            ),
        ]
        indexes = [models.Index(fields=["account_id"], name="tickets_by_account")]

    def __str__(self) -> str:
        return f"ticket {self.pk}"

    @property
    def number(self) -> str:
        """What the member knows the ticket by."""
        return bytes(self.secret).hex()


@personal_texts.erased_in(
    sentences=("reason",), community="draw__activity__community_id"
)
class TicketGrant(models.Model):
    """Further tickets that staff gave to somebody who takes part, and why."""

    draw = models.ForeignKey(Draw, models.PROTECT, related_name="grants")
    account_id = models.BigIntegerField()
    count = models.PositiveSmallIntegerField()
    reason = models.CharField(max_length=200)
    given_at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(count__gt=0), name="ticket_grant_count")
        ]

    def __str__(self) -> str:
        return f"{self.count} for {self.account_id}"


class Result(models.Model):
    """One index of the stream: a winner, or a ticket that was passed over."""

    draw = models.ForeignKey(
        Draw, models.PROTECT, related_name="results", db_index=False
    )
    k = models.PositiveIntegerField()
    ticket = models.ForeignKey(Ticket, models.PROTECT, related_name="results")
    outcome = models.CharField(max_length=10)
    prize = models.PositiveSmallIntegerField(null=True)
    instead_of = models.PositiveIntegerField(null=True)
    award = models.OneToOneField(
        Award, models.PROTECT, null=True, related_name="draw_result"
    )
    drawn_at = timestamps.TimestampField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["draw", "k"], name="one_result_per_draw_and_k"
            ),
            models.UniqueConstraint(
                fields=["draw", "ticket"],
                condition=Q(outcome="won"),
                name="a_ticket_wins_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.k}: {self.outcome}"


class FigureEntry(models.Model):
    """A published figure as somebody typed it. Of each person the last one counts."""

    draw = models.ForeignKey(Draw, models.PROTECT, related_name="figures")
    figure = models.CharField(max_length=64)
    typed_at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"figure of {self.draw_id} by {self.by_id}"
