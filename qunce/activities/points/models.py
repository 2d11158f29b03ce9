"""The tables of points: rules, lots, entries and what each entry took from which lot."""

from __future__ import annotations

from django.db import models
from django.utils.translation import pgettext_lazy

from qunce.core import lots, personal_texts, timestamps
from qunce.core.communities import Community
from qunce.core.staff.models import Staff

MAX_KEY, MAX_NAME, MAX_REASON = 250, 80, 200
MAX_POINTS = 1_000_000_000
"""What one entry, rule or limit can amount to."""


class Event(models.TextChoices):
    """What a rule earns for."""

    JOIN = "join", pgettext_lazy("points", "joining")
    CHECK_IN = "check_in", pgettext_lazy("points", "checking in")
    TASK = "task", pgettext_lazy("points", "completing a task")
    SURVEY = "survey", pgettext_lazy("points", "answering a survey")
    ORDER = "order", pgettext_lazy("points", "paying an order")
    REVIEW = "review", pgettext_lazy("points", "writing a review")


@personal_texts.erased_in("key", sentences=("name",))
class PointRule(models.Model):
    """What members earn for an event that happens from `starts_at` on.

    For orders, `points` are earned per `per_amount` in the smallest unit of the currency.
    They are usable `wait_days` after the event and for `valid_days`, null for ever. The
    caps are per person, in points: null is no limit, and 0 is none at all. If it
    `is_multiplied`, the levels of members multiply the points before the caps.
    """

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    key = models.CharField(max_length=63)
    name = models.CharField(max_length=MAX_NAME)
    event = models.CharField(max_length=20, choices=Event.choices)
    points = models.IntegerField()
    per_amount = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=3, default="", blank=True)
    wait_days = models.IntegerField(default=0)
    valid_days = models.IntegerField(null=True)
    day_cap = models.IntegerField(null=True)
    week_cap = models.IntegerField(null=True)
    month_cap = models.IntegerField(null=True)
    is_multiplied = models.BooleanField(default=True)
    starts_at = timestamps.TimestampField()
    is_on = models.BooleanField(default=False)
    archived_at = timestamps.TimestampField(null=True)
    created_at = timestamps.TimestampField()
    changed_at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")

    class Meta:
        db_table = "point_rule"
        constraints = [
            models.UniqueConstraint(
                fields=["community", "key"], name="one_point_rule_per_key"
            )
        ]

    def __str__(self) -> str:
        return self.name


class EntryKind(models.IntegerChoices):
    """`PAY` takes from lots what was owed; `RESTORE` gives back what a spend took."""

    EARN = 1, pgettext_lazy("points", "earned")
    SPEND = 2, pgettext_lazy("points", "spent")
    RESTORE = 3, pgettext_lazy("points", "given back")
    REVERSE = 4, pgettext_lazy("points", "taken back")
    EXPIRE = 5, pgettext_lazy("points", "expired")
    PAY = 6, pgettext_lazy("points", "paid what was owed")


class PointEntry(models.Model):
    """One change of a balance; rows are only added. `amount` is never below zero.

    The key is unique for its kind and rule, 0 for none. `person_id` is who the account
    belonged to then, and `day` the community day that caps count. `of_id` is the entry
    that this one takes back, undoes or pays for, 0 for none; `owed` is what a reversal
    found no lot for.
    """

    community_id = models.IntegerField()
    account_id = models.BigIntegerField()
    person_id = models.BigIntegerField()
    kind = models.SmallIntegerField(choices=EntryKind.choices)
    rule_id = models.BigIntegerField(default=0)
    key = models.CharField(max_length=MAX_KEY)
    amount = models.BigIntegerField()
    owed = models.BigIntegerField(default=0)
    of_id = models.BigIntegerField(default=0)
    day = models.IntegerField()
    at = timestamps.TimestampField()
    by_id = models.IntegerField(null=True)

    class Meta:
        db_table = "point_entry"
        constraints = [
            models.UniqueConstraint(
                fields=["rule_id", "key", "kind", "community_id"],
                name="one_point_entry_per_key",
            ),
            models.CheckConstraint(
                condition=models.Q(amount__gte=0)
                & models.Q(owed__gte=0)
                & models.Q(owed__lte=models.F("amount")),
                name="point_entry_not_below_zero",
            ),
        ]
        indexes = [
            models.Index(fields=["account_id", "id"], name="point_entries_of_account"),
            models.Index(
                fields=["of_id"],
                condition=models.Q(of_id__gt=0),
                name="point_entries_about_entry",
            ),
        ]

    def __str__(self) -> str:
        return f"{EntryKind(self.kind).name} {self.amount}"


@personal_texts.erased_in(sentences=("text",))
class PointReason(models.Model):
    """Why staff or a program changed a balance; most entries have none."""

    community_id = models.IntegerField()
    entry = models.OneToOneField(PointEntry, models.CASCADE, related_name="reason")
    text = models.CharField(max_length=MAX_REASON)

    class Meta:
        db_table = "point_reason"

    def __str__(self) -> str:
        return self.text


class PointLot(models.Model):
    """What one entry earned, and what is left of it.

    Its entry's key makes it unique by rule and source. For orders, `paid` is the amount
    that the points are for, `refunded` and `taken` what was refunded and taken back.
    `root_id` is the first lot of an order whose amount was corrected, 0 for the first.
    `percent` is the multiplier that the amount contains.
    """

    entry = models.OneToOneField(
        PointEntry, models.PROTECT, primary_key=True, related_name="lot"
    )
    community_id = models.IntegerField()
    account_id = models.BigIntegerField()
    amount = models.BigIntegerField()
    left = models.BigIntegerField()
    usable_from = models.IntegerField()
    last_day = models.IntegerField(default=lots.NEVER)
    paid = models.BigIntegerField(default=0)
    refunded = models.BigIntegerField(default=0)
    taken = models.BigIntegerField(default=0)
    root_id = models.BigIntegerField(default=0)
    percent = models.SmallIntegerField(default=100, db_default=100)

    class Meta:
        db_table = "point_lot"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(left__gte=0)
                & models.Q(left__lte=models.F("amount")),
                name="point_lot_left_within_amount",
            ),
            models.CheckConstraint(
                condition=models.Q(amount__gt=0), name="point_lot_above_zero"
            ),
        ]
        indexes = [
            models.Index(
                fields=["account_id"],
                condition=models.Q(left__gt=0),
                name="point_lots_of_account",
            ),
            models.Index(
                fields=["community_id", "last_day"],
                condition=models.Q(left__gt=0),
                name="point_lots_by_last_day",
            ),
            models.Index(
                fields=["root_id"],
                condition=models.Q(root_id__gt=0),
                name="point_lots_of_root",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.left} of {self.amount}"


class PointUse(models.Model):
    """What an entry took from a lot; a RESTORE gave it back."""

    entry = models.ForeignKey(PointEntry, models.PROTECT, related_name="uses")
    lot = models.ForeignKey(
        PointLot, models.PROTECT, related_name="uses", db_constraint=False
    )
    amount = models.BigIntegerField()

    class Meta:
        db_table = "point_use"
        constraints = [
            models.UniqueConstraint(
                fields=["entry", "lot"], name="one_point_use_per_entry_and_lot"
            ),
            models.CheckConstraint(
                condition=models.Q(amount__gt=0), name="point_use_above_zero"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount} from {self.lot_id}"


class PointCap(models.Model):
    """What a person earned by a rule in a period: `d20518`, `w2931` or `m24315`."""

    rule = models.ForeignKey(PointRule, models.PROTECT, related_name="used")
    person_id = models.BigIntegerField()
    period = models.CharField(max_length=12)
    used = models.BigIntegerField(default=0)
    cap = models.BigIntegerField()

    class Meta:
        db_table = "point_cap"
        constraints = [
            models.UniqueConstraint(
                fields=["rule", "person_id", "period"], name="one_point_cap_per_period"
            ),
            models.CheckConstraint(
                condition=models.Q(used__gte=0) & models.Q(used__lte=models.F("cap")),
                name="point_cap_not_exceeded",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.used} of {self.cap}"


class PointAccount(models.Model):
    """What an account owes. Its row is locked while points of its person change."""

    account_id = models.BigIntegerField(primary_key=True)
    community_id = models.IntegerField()
    owed = models.BigIntegerField(default=0)

    class Meta:
        db_table = "point_account"
        constraints = [
            models.CheckConstraint(
                condition=models.Q(owed__gte=0), name="points_owed_not_below_zero"
            )
        ]

    def __str__(self) -> str:
        return f"{self.account_id} owes {self.owed}"


class PointScore(models.Model):
    """What an account earned in a period, less what was taken back of it.

    Periods are those of `periods`. Kept with each change, so that a leaderboard reads its
    first rows only.
    """

    account_id = models.BigIntegerField()
    community_id = models.IntegerField()
    period = models.CharField(max_length=12)
    points = models.BigIntegerField(default=0)

    class Meta:
        db_table = "point_score"
        constraints = [
            models.UniqueConstraint(
                fields=["account_id", "period"], name="one_point_score_per_period"
            )
        ]
        indexes = [
            models.Index(
                fields=["community_id", "period", "-points", "account_id"],
                name="point_scores_by_period",
            )
        ]

    def __str__(self) -> str:
        return f"{self.points} in {self.period}"


SHARDS = 16
"""Rows that share a sum, so that changes of different accounts seldom wait in line."""


class PointLiability(models.Model):
    """The sum of what is left in lots by their last day; a row per shard of accounts."""

    community_id = models.IntegerField()
    last_day = models.IntegerField()
    shard = models.SmallIntegerField()
    points = models.BigIntegerField(default=0)

    class Meta:
        db_table = "point_liability"
        constraints = [
            models.UniqueConstraint(
                fields=["community_id", "last_day", "shard"],
                name="one_point_liability_per_shard",
            )
        ]

    def __str__(self) -> str:
        return f"{self.points} until {self.last_day}"


class PointSettings(models.Model):
    """Above `hand_limit`, a second person approves. `cost` is that of 1,000 points."""

    community = models.OneToOneField(
        Community, models.PROTECT, primary_key=True, related_name="+"
    )
    hand_limit = models.IntegerField(default=1_000)
    hand_valid_days = models.IntegerField(null=True)
    cost = models.BigIntegerField(default=0)
    has_leaderboard = models.BooleanField(default=True)

    class Meta:
        db_table = "point_settings"

    def __str__(self) -> str:
        return f"up to {self.hand_limit}"


class AdjustmentState(models.TextChoices):
    WAITING = "waiting", pgettext_lazy("adjustment", "waiting for approval")
    APPROVED = "approved", pgettext_lazy("adjustment", "approved")
    DECLINED = "declined", pgettext_lazy("adjustment", "declined")


@personal_texts.erased_in("key", sentences=("reason",))
class PointAdjustment(models.Model):
    """Points given, or taken if below zero, by hand and above the limit of one person."""

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    account_id = models.BigIntegerField()
    points = models.BigIntegerField()
    reason = models.CharField(max_length=MAX_REASON)
    key = models.CharField(max_length=MAX_KEY)
    state = models.CharField(
        max_length=10, choices=AdjustmentState.choices, default=AdjustmentState.WAITING
    )
    asked_at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")
    decided_at = timestamps.TimestampField(null=True)
    decided_by = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")

    class Meta:
        db_table = "point_adjustment"
        constraints = [
            models.UniqueConstraint(
                fields=["community", "key"], name="one_point_adjustment_per_key"
            )
        ]
        indexes = [
            models.Index(
                fields=["community", "state", "id"], name="point_adjustments_by_state"
            ),
            models.Index(fields=["account_id"], name="point_adjustments_of_account"),
        ]

    def __str__(self) -> str:
        return f"{self.points} for {self.account_id}"


class LeaderboardOptOut(models.Model):
    """A member who does not want to be on the leaderboard."""

    account_id = models.BigIntegerField(primary_key=True)
    community_id = models.IntegerField()
    at = timestamps.TimestampField()

    class Meta:
        db_table = "point_leaderboard_opt_out"

    def __str__(self) -> str:
        return str(self.account_id)


class ExpiryNotice(models.Model):
    """The announcement of what an account loses on a day, which is made once."""

    account_id = models.BigIntegerField()
    community_id = models.IntegerField()
    last_day = models.IntegerField()
    at = timestamps.TimestampField()

    class Meta:
        db_table = "point_expiry_notice"
        constraints = [
            models.UniqueConstraint(
                fields=["account_id", "last_day"], name="one_point_notice_per_day"
            )
        ]

    def __str__(self) -> str:
        return f"{self.account_id} until {self.last_day}"
