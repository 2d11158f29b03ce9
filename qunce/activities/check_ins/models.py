"""The tables of check-ins: who checked in on which community day, and make-up cards.

Check-ins and cards name the account and the person of that moment, and a merge rewrites
none of them. A streak is derived from them, and is computed again after a merge.
"""

from __future__ import annotations

from django.db import models
from django.utils.translation import pgettext_lazy

from qunce.activities.activities.models import MAX_KEY, MAX_SAID, Activity, Way
from qunce.core import timestamps
from qunce.core.communities import Community
from qunce.core.staff.models import Staff


class CheckIn(models.Model):
    """One community day of one person. `said` is the text or number they gave."""

    activity = models.ForeignKey(
        Activity, models.PROTECT, related_name="check_ins", db_index=False
    )
    account_id = models.BigIntegerField()
    person_id = models.BigIntegerField()
    day = models.DateField()
    at = timestamps.TimestampField()
    source = models.CharField(max_length=10, choices=Way.choices)
    is_made_up = models.BooleanField(default=False)
    said = models.CharField(max_length=MAX_SAID, default="", blank=True)
    by = models.ForeignKey(
        Staff, models.PROTECT, null=True, related_name="+", db_index=False
    )
    struck_out_at = timestamps.TimestampField(null=True)

    class Meta:
        db_table = "activities_check_in"
        constraints = [
            models.UniqueConstraint(
                fields=["activity", "person_id", "day"],
                name="one_check_in_per_person_and_day",
            ),
            models.UniqueConstraint(
                fields=["activity", "account_id", "day"],
                name="one_check_in_per_account_and_day",
            ),
        ]
        indexes = [
            models.Index(fields=["activity", "day"], name="check_ins_by_day"),
            models.Index(fields=["account_id"], name="check_ins_of_account"),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} on {self.day}"


class Streak(models.Model):
    """The latest streak of a person: `length` days up to `last_day`, without rest days.

    Who has none any more, as after a merge, keeps a row of length 0: rules read those rows
    again whose `rev` is new.
    """

    activity = models.ForeignKey(
        Activity, models.CASCADE, related_name="streaks", db_index=False
    )
    person_id = models.BigIntegerField()
    last_day = models.DateField()
    length = models.PositiveIntegerField()
    longest = models.PositiveIntegerField()
    total = models.PositiveIntegerField()
    rev = models.BigIntegerField(default=0)

    class Meta:
        db_table = "activities_streak"
        constraints = [
            models.UniqueConstraint(
                fields=["activity", "person_id"], name="one_streak_per_person"
            )
        ]
        indexes = [
            models.Index(
                fields=["activity", "last_day", "length", "person_id"],
                name="streaks_by_last_day",
            ),
            models.Index(fields=["activity", "rev"], name="streaks_by_revision"),
        ]

    def __str__(self) -> str:
        return f"{self.person_id}: {self.length}"


class MakeUpCard(models.Model):
    """Fills one missed day; `key` is what it was given for, once. Used when `used_at`.

    One that was bought is for the `activity` that set its price, and is void when
    `returned_at`, as its points were given back. All others are for any activity.
    """

    class Source(models.TextChoices):
        EARNED = "earned", pgettext_lazy("make-up card", "earned by a streak")
        MONTHLY = "monthly", pgettext_lazy("make-up card", "of the month")
        BOUGHT = "bought", pgettext_lazy("make-up card", "bought with points")
        PRIZE = "prize", pgettext_lazy("make-up card", "prize")
        STAFF = "staff", pgettext_lazy("make-up card", "given by staff")

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    activity = models.ForeignKey(
        Activity, models.PROTECT, null=True, related_name="cards", db_index=False
    )
    account_id = models.BigIntegerField()
    source = models.CharField(max_length=10, choices=Source.choices)
    key = models.CharField(max_length=MAX_KEY)
    granted_at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")
    used_at = timestamps.TimestampField(null=True)
    returned_at = timestamps.TimestampField(null=True)
    check_in = models.OneToOneField(
        CheckIn, models.PROTECT, null=True, related_name="card"
    )

    class Meta:
        db_table = "activities_make_up_card"
        constraints = [
            models.UniqueConstraint(
                fields=["community", "source", "key"], name="one_card_per_key"
            )
        ]
        indexes = [
            models.Index(fields=["account_id"], name="cards_of_account"),
            models.Index(
                fields=["activity"],
                condition=models.Q(activity__isnull=False),
                name="cards_of_activity",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.key}"
