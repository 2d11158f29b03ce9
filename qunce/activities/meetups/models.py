"""The tables of meet-ups: their slots with seats, and who signed up."""

from __future__ import annotations

import secrets
from typing import Any

from django.db import models
from django.utils.translation import pgettext_lazy

from qunce.activities.activities.models import ALPHABET, Activity, Way
from qunce.core import personal_texts, timestamps
from qunce.core.encryption import EncryptedField
from qunce.core.staff.models import Staff

CODE_LENGTH, MAX_PLACE = 10, 200


def new_code() -> str:
    """A code that nobody can guess, for the picture that a member shows at the entrance."""
    return "".join(secrets.choice(ALPHABET) for _place in range(CODE_LENGTH))


def new_secret() -> str:
    return secrets.token_hex(32)


class State(models.TextChoices):
    SEATED = "seated", pgettext_lazy("sign-up", "has a seat")
    WAITING = "waiting", pgettext_lazy("sign-up", "on the waitlist")
    ATTENDED = "attended", pgettext_lazy("sign-up", "attended")
    MISSED = "missed", pgettext_lazy("sign-up", "did not come")
    CANCELLED = "cancelled", pgettext_lazy("sign-up", "cancelled")


HOLDING = (State.SEATED, State.ATTENDED, State.MISSED)
"""States in which a sign-up holds a seat."""


class How(models.TextChoices):
    """How somebody was checked in at the place."""

    QR = "qr", pgettext_lazy("checked in", "by their QR code")
    VENUE_CODE = "venue_code", pgettext_lazy("checked in", "by the code of the place")
    LIST = "list", pgettext_lazy("checked in", "from the list")


@personal_texts.erased_in(sentences=("place",), community="activity__community_id")
class Meetup(models.Model):
    """What is kept beside the settings of a published meet-up.

    Every change of a sign-up locks this row first. The codes of the place follow from
    `secret`. `place` is the one that those who signed up have read, and `place_changed_at`
    when it last became another one. `places` counts the places in line that were given.
    """

    activity = models.OneToOneField(Activity, models.PROTECT, related_name="meetup")
    secret: EncryptedField[str, str] = EncryptedField(default=new_secret)
    place = models.CharField(max_length=MAX_PLACE)
    place_changed_at = timestamps.TimestampField(null=True)
    places = models.PositiveIntegerField(default=0)
    missed_noted_at = timestamps.TimestampField(null=True)

    class Meta:
        db_table = "meetups_meetup"

    def __str__(self) -> str:
        return self.place


class Slot(models.Model):
    """A time that members sign up for; a meet-up without slots has one, of all of it.

    `capacity` is null without a limit. `taken` counts the sign-ups that hold a seat.
    """

    activity = models.ForeignKey(Activity, models.PROTECT, related_name="meetup_slots")
    number = models.PositiveSmallIntegerField()
    starts_at = timestamps.TimestampField()
    ends_at = timestamps.TimestampField()
    capacity = models.PositiveIntegerField(null=True)
    taken = models.PositiveIntegerField(default=0)

    class Meta:
        db_table = "meetups_slot"
        constraints = [
            models.UniqueConstraint(
                fields=["activity", "number"], name="one_slot_per_number"
            ),
            models.CheckConstraint(
                condition=models.Q(capacity__isnull=True)
                | models.Q(taken__lte=models.F("capacity")),
                name="slot_is_not_overbooked",
            ),
        ]
        indexes = [models.Index(fields=["starts_at"], name="slots_by_start")]

    def __str__(self) -> str:
        return f"{self.activity_id}/{self.number}"

    @property
    def left(self) -> int | None:
        """Seats that are free, None without a limit."""
        return None if self.capacity is None else self.capacity - self.taken


@personal_texts.erased_in(sentences=("answers",), community="activity__community_id")
class SignUp(models.Model):
    """That a person wants to come, and whether they came.

    `account_id` is the account that signed up and `person_id` their person then; a merge
    changes neither. `place` is the place in line: who signs up again has a later one.
    `answers` are pairs of a question and its answer. `seat_at` is when they got the seat.
    `tries` counts wrong codes of the place.
    """

    activity = models.ForeignKey(Activity, models.PROTECT, related_name="sign_ups")
    slot = models.ForeignKey(Slot, models.PROTECT, related_name="sign_ups")
    account_id = models.BigIntegerField()
    person_id = models.BigIntegerField()
    code = models.CharField(max_length=CODE_LENGTH, unique=True, default=new_code)
    state = models.CharField(max_length=10, choices=State.choices)
    place = models.PositiveIntegerField()
    answers: models.JSONField[Any, Any] = models.JSONField(default=list)
    source = models.CharField(max_length=10, choices=Way.choices)
    at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")
    seat_at = timestamps.TimestampField(null=True)
    reminded_at = timestamps.TimestampField(null=True)
    cancelled_at = timestamps.TimestampField(null=True)
    cancelled_by = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")
    checked_in_at = timestamps.TimestampField(null=True)
    checked_in_how = models.CharField(
        max_length=10, choices=How.choices, default="", blank=True
    )
    checked_in_by = models.ForeignKey(
        Staff, models.PROTECT, null=True, related_name="+"
    )
    tries = models.PositiveSmallIntegerField(default=0)

    class Meta:
        db_table = "meetups_sign_up"
        constraints = [
            models.UniqueConstraint(
                fields=["activity", "person_id"], name="one_sign_up_per_person"
            )
        ]
        indexes = [
            models.Index(fields=["account_id"], name="sign_ups_of_account"),
            models.Index(fields=["slot", "state", "place"], name="sign_ups_in_line"),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} in {self.slot_id}"
