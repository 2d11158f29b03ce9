"""The tables of live sessions: who reserved, who came, and who watched the replay.

Rows name the account that acted and the person whom it belonged to. A merge changes
neither; each count is of people as they are merged when it is read.
"""

from __future__ import annotations

from django.db import models
from django.utils.translation import pgettext_lazy

from qunce.activities.activities.models import Activity, Way
from qunce.core import personal_texts, timestamps
from qunce.core.staff.models import Staff

MAX_URL = 500
MAX_NUMBER = 100_000_000


class State(models.TextChoices):
    RESERVED = "reserved", pgettext_lazy("reservation of a live session", "reserved")
    CANCELLED = "cancelled", pgettext_lazy("reservation of a live session", "cancelled")


class How(models.TextChoices):
    """How it is known that somebody came."""

    LINK = "link", pgettext_lazy("came to a live session", "opened the room")
    WORD = "word", pgettext_lazy("came to a live session", "said the word")
    LIST = "list", pgettext_lazy("came to a live session", "from a list of names")


@personal_texts.erased_in(sentences=("replay",), community="activity__community_id")
class LiveSession(models.Model):
    """What is kept beside the settings of a published live session.

    `replay` is the address of the recording, "" while there is none.
    """

    activity = models.OneToOneField(
        Activity, models.PROTECT, related_name="live_session"
    )
    starts_at = timestamps.TimestampField()
    ends_at = timestamps.TimestampField()
    replay = models.CharField(max_length=MAX_URL, default="", blank=True)
    replay_at = timestamps.TimestampField(null=True)
    replay_by = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")

    class Meta:
        db_table = "live_sessions_live_session"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(ends_at__gte=models.F("starts_at")),
                name="live_session_does_not_end_before",
            )
        ]
        indexes = [models.Index(fields=["starts_at"], name="live_sessions_by_start")]

    def __str__(self) -> str:
        return f"live session of {self.activity_id}"


class LiveReservation(models.Model):
    """That an account wants to come. `reminded` are the minutes of its last reminder."""

    activity = models.ForeignKey(
        Activity, models.PROTECT, related_name="live_reservations"
    )
    account_id = models.BigIntegerField()
    person_id = models.BigIntegerField()
    state = models.CharField(max_length=10, choices=State.choices)
    source = models.CharField(max_length=10, choices=Way.choices)
    at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")
    reminded = models.PositiveIntegerField(null=True)
    cancelled_at = timestamps.TimestampField(null=True)
    cancelled_by = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")

    class Meta:
        db_table = "live_sessions_reservation"
        constraints = [
            models.UniqueConstraint(
                fields=["activity", "account_id"], name="one_live_reservation_each"
            )
        ]
        indexes = [
            models.Index(fields=["account_id"], name="live_reservations_of_account"),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} in {self.activity_id}"


class LiveAttendance(models.Model):
    """That an account came. `payments` counts how often it was given its points.

    `points_entry` is the entry of points that it has now; `is_unpaid` says that the budget
    did not cover them.
    """

    activity = models.ForeignKey(
        Activity, models.PROTECT, related_name="live_attendances"
    )
    account_id = models.BigIntegerField()
    person_id = models.BigIntegerField()
    how = models.CharField(max_length=10, choices=How.choices)
    group_id = models.BigIntegerField(null=True)
    at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")
    points_entry = models.BigIntegerField(null=True)
    payments = models.PositiveIntegerField(default=0)
    is_unpaid = models.BooleanField(default=False)

    class Meta:
        db_table = "live_sessions_attendance"
        constraints = [
            models.UniqueConstraint(
                fields=["activity", "account_id"], name="one_live_attendance_each"
            )
        ]
        indexes = [
            models.Index(fields=["account_id"], name="live_attendances_of_account"),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} in {self.activity_id}"


class TypedAttendance(models.Model):
    """How many people came, as the platform shows it; the newest number counts.

    It is never added to the people who are known to have come.
    """

    activity = models.ForeignKey(
        Activity, models.PROTECT, related_name="typed_attendances"
    )
    number = models.PositiveIntegerField()
    at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")

    class Meta:
        db_table = "live_sessions_typed_attendance"
        indexes = [
            models.Index(fields=["activity", "at"], name="typed_attendances_by_time")
        ]

    def __str__(self) -> str:
        return f"{self.number} in {self.activity_id}"


class ReplayView(models.Model):
    """That an account opened the replay, how often and when last."""

    activity = models.ForeignKey(Activity, models.PROTECT, related_name="replay_views")
    account_id = models.BigIntegerField()
    person_id = models.BigIntegerField()
    count = models.PositiveIntegerField(default=1)
    first_at = timestamps.TimestampField()
    last_at = timestamps.TimestampField()

    class Meta:
        db_table = "live_sessions_replay_view"
        constraints = [
            models.UniqueConstraint(
                fields=["activity", "account_id"], name="one_replay_view_each"
            )
        ]
        indexes = [
            models.Index(fields=["account_id"], name="replay_views_of_account"),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} in {self.activity_id}"
