"""The tables of levels, their gifts, badges and paid memberships."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import pgettext_lazy

from qunce.activities.prizes.models import PrizeStock
from qunce.core import personal_texts, timestamps
from qunce.core.communities import Community
from qunce.core.staff.models import Staff

MAX_NAME, MAX_TITLE, MAX_TEXT, MAX_LETTERS, MAX_KEY = 40, 12, 200, 2, 63
MAX_SOURCE_KEY = 250


class Period(models.TextChoices):
    """In what points are counted for a level."""

    MONTH = "month", pgettext_lazy("level period", "calendar month")
    QUARTER = "quarter", pgettext_lazy("level period", "calendar quarter")
    YEAR = "year", pgettext_lazy("level period", "calendar year")
    ROLLING = "rolling", pgettext_lazy("level period", "last days")


class LevelScheme(models.Model):
    """How the levels of a community are reached and kept.

    `earlier` are the periods that held before and still keep what was reached, as lists of
    period, days, grace and last day. `gift_budget` is in points a month, null is no limit.
    `definition` counts changes, so that a recount starts again after one.
    """

    community = models.OneToOneField(
        Community, models.PROTECT, primary_key=True, related_name="+"
    )
    is_on = models.BooleanField(default=False)
    period = models.CharField(
        max_length=10, choices=Period.choices, default=Period.QUARTER
    )
    days = models.IntegerField(default=90)
    grace_days = models.IntegerField(default=14)
    earlier: models.JSONField[Any, Any] = models.JSONField(default=list)
    gift_budget = models.BigIntegerField(null=True)
    counted_day = models.IntegerField(null=True)
    definition = models.IntegerField(default=0)
    changed_at = timestamps.TimestampField()

    class Meta:
        db_table = "level_scheme"

    def __str__(self) -> str:
        return self.period


@personal_texts.erased_in(sentences=("name", "title", "benefits"))
class Level(models.Model):
    """A level. `steps` are pairs of the first community day and the points that it takes.

    A null of points means that nobody reaches it from that day on. `percent` multiplies
    what rules earn; 100 is no change.
    """

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    key = models.CharField(max_length=MAX_KEY)
    name = models.CharField(max_length=MAX_NAME)
    title = models.CharField(max_length=MAX_TITLE, default="", blank=True)
    position = models.IntegerField()
    steps: models.JSONField[Any, Any] = models.JSONField(default=list)
    percent = models.IntegerField(default=100)
    gift_points = models.IntegerField(default=0)
    gift_valid_days = models.IntegerField(null=True)
    gift_stock = models.ForeignKey(
        PrizeStock, models.PROTECT, null=True, related_name="+"
    )
    has_early_access = models.BooleanField(default=False)
    benefits = models.CharField(max_length=MAX_TEXT, default="", blank=True)
    archived_at = timestamps.TimestampField(null=True)

    class Meta:
        db_table = "level_level"
        constraints = [
            models.UniqueConstraint(
                fields=["community", "key"], name="one_level_per_key"
            ),
            models.CheckConstraint(
                condition=models.Q(percent__gte=100) & models.Q(percent__lte=1000),
                name="level_percent_in_range",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class LevelHolding(models.Model):
    """The level of a person as it was computed last; without one, a row of the past.

    `until` is the last community day of the level if nothing more is earned.
    """

    person_id = models.BigIntegerField(primary_key=True)
    community_id = models.IntegerField()
    level = models.ForeignKey(Level, models.PROTECT, null=True, related_name="+")
    since = models.IntegerField()
    until = models.IntegerField(null=True)
    rev = models.BigIntegerField(default=0)

    class Meta:
        db_table = "level_holding"
        indexes = [
            models.Index(fields=["community_id", "rev"], name="level_holdings_by_rev"),
            models.Index(
                fields=["community_id", "level"], name="level_holdings_by_level"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} has {self.level_id}"


class LevelGift(models.Model):
    """The gift of a month, once a person; `month` counts from year 0."""

    community_id = models.IntegerField()
    account_id = models.BigIntegerField()
    person_id = models.BigIntegerField()
    level = models.ForeignKey(Level, models.PROTECT, related_name="+")
    month = models.IntegerField()
    points = models.IntegerField(default=0)
    award_id = models.BigIntegerField(null=True)
    at = timestamps.TimestampField()

    class Meta:
        db_table = "level_gift"
        constraints = [
            models.UniqueConstraint(
                fields=["person_id", "month"], name="one_level_gift_per_month"
            )
        ]
        indexes = [
            models.Index(fields=["account_id"], name="level_gifts_of_account"),
            models.Index(fields=["community_id", "month"], name="level_gifts_by_month"),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} in {self.month}"


class LevelGiftBudget(models.Model):
    """The points given as gifts in a month, never more than the budget."""

    community_id = models.IntegerField()
    month = models.IntegerField()
    used = models.BigIntegerField(default=0)

    class Meta:
        db_table = "level_gift_budget"
        constraints = [
            models.UniqueConstraint(
                fields=["community_id", "month"], name="one_level_gift_budget"
            ),
            models.CheckConstraint(
                condition=models.Q(used__gte=0), name="level_gift_budget_not_below_zero"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.used} in {self.month}"


# Badges


@personal_texts.erased_in("rule", sentences=("name", "description", "problem"))
class Badge(models.Model):
    """A badge. With a `rule`, members whom it describes are awarded it, once."""

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    key = models.CharField(max_length=MAX_KEY)
    name = models.CharField(max_length=MAX_NAME)
    letters = models.CharField(max_length=MAX_LETTERS)
    description = models.CharField(max_length=MAX_TEXT, default="", blank=True)
    rule: models.JSONField[Any, Any] = models.JSONField(null=True)
    is_on = models.BooleanField(default=False)
    problem = models.CharField(max_length=300, default="", blank=True)
    archived_at = timestamps.TimestampField(null=True)
    created_at = timestamps.TimestampField()
    changed_at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")

    class Meta:
        db_table = "level_badge"
        constraints = [
            models.UniqueConstraint(
                fields=["community", "key"], name="one_badge_per_key"
            )
        ]

    def __str__(self) -> str:
        return self.name


@personal_texts.erased_in(
    sentences=("reason", "revoke_reason"), community="badge__community_id"
)
class BadgeAward(models.Model):
    """That a person has a badge; one that was revoked stays, and no rule gives it again."""

    badge = models.ForeignKey(Badge, models.PROTECT, related_name="awards")
    account_id = models.BigIntegerField()
    person_id = models.BigIntegerField()
    at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")
    reason = models.CharField(max_length=MAX_TEXT, default="", blank=True)
    revoked_at = timestamps.TimestampField(null=True)
    revoked_by = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")
    revoke_reason = models.CharField(max_length=MAX_TEXT, default="", blank=True)
    rev = models.BigIntegerField(default=0)

    class Meta:
        db_table = "level_badge_award"
        constraints = [
            models.UniqueConstraint(
                fields=["badge", "person_id"], name="one_badge_award_per_person"
            )
        ]
        indexes = [
            models.Index(fields=["account_id"], name="badge_awards_of_account"),
            models.Index(fields=["badge", "rev"], name="badge_awards_by_rev"),
        ]

    def __str__(self) -> str:
        return f"{self.badge_id} of {self.person_id}"


# Paid memberships


@personal_texts.erased_in(sentences=("name", "category"))
class MembershipPlan(models.Model):
    """A membership that is bought for a term of months.

    A paid order with an item of `category` buys a term. While it lasts, the member has at
    least `level`. `remind_days` before its end the member reads of it.
    """

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    key = models.CharField(max_length=MAX_KEY)
    name = models.CharField(max_length=MAX_NAME)
    months = models.IntegerField(default=12)
    category = models.CharField(max_length=80, default="", blank=True)
    level = models.ForeignKey(Level, models.PROTECT, null=True, related_name="+")
    remind_days = models.IntegerField(default=14)
    archived_at = timestamps.TimestampField(null=True)
    created_at = timestamps.TimestampField()

    class Meta:
        db_table = "level_membership_plan"
        constraints = [
            models.UniqueConstraint(
                fields=["community", "key"], name="one_membership_plan_per_key"
            )
        ]

    def __str__(self) -> str:
        return self.name


class Source(models.TextChoices):
    ORDER = "order", pgettext_lazy("membership", "order")
    STAFF = "staff", pgettext_lazy("membership", "typed by staff")


@personal_texts.erased_in("source_key", sentences=("reason", "cancel_reason"))
class MembershipTerm(models.Model):
    """A term that was bought on `bought_day`; days are community days.

    `first_day` and `last_day` follow from the terms of the person before it. A term that
    is cancelled keeps the days that it had. `paid` and `refunded` are of its order.
    """

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    plan = models.ForeignKey(MembershipPlan, models.PROTECT, related_name="terms")
    account_id = models.BigIntegerField()
    person_id = models.BigIntegerField()
    source = models.CharField(max_length=10, choices=Source.choices)
    source_key = models.CharField(max_length=MAX_SOURCE_KEY)
    months = models.IntegerField()
    bought_day = models.IntegerField()
    first_day = models.IntegerField()
    last_day = models.IntegerField()
    reminded_for = models.IntegerField(null=True)
    paid = models.BigIntegerField(default=0)
    refunded = models.BigIntegerField(default=0)
    reason = models.CharField(max_length=MAX_TEXT, default="", blank=True)
    at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")
    cancelled_at = timestamps.TimestampField(null=True)
    cancelled_by = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")
    cancel_reason = models.CharField(max_length=MAX_TEXT, default="", blank=True)

    class Meta:
        db_table = "level_membership_term"
        constraints = [
            models.UniqueConstraint(
                fields=["plan", "source_key"], name="one_membership_term_per_key"
            )
        ]
        indexes = [
            models.Index(fields=["account_id"], name="membership_terms_of_account"),
            models.Index(
                fields=["community", "last_day"], name="membership_terms_by_last_day"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.plan_id} of {self.person_id} until {self.last_day}"
