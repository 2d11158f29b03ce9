"""The tables of care: rules, their days, the occasions of members, and the budget."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy, pgettext_lazy

from qunce.core import personal_texts, timestamps
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.outreach.content.message_templates import TemplateVersion
from qunce.outreach.sending.ledger import Priority, Purpose
from qunce.outreach.tasks.staff_tasks import TaskRequest


class Action(models.TextChoices):
    MESSAGE = "message", gettext_lazy("Send a message")
    TASK = "task", gettext_lazy("Give staff a task, such as handing over a gift")


class OccasionState(models.TextChoices):
    PLANNED = "planned", pgettext_lazy("care", "planned")
    SKIPPED = "skipped", pgettext_lazy("care", "skipped")
    RELEASED = "released", pgettext_lazy("care", "not given")


@personal_texts.erased_in("audience", sentences=("name", "text"))
class CareRule(models.Model):
    """What members get on an occasion.

    `audience` is a rule, null for everyone. `minute` is the time of day, by the clock of
    the community or of each member. What could not be done `late_hours` after its time is
    not made up for. `staff` does it where it needs a person, or the member's staff in
    charge with `prefers_in_charge`. `amount` is what it costs per member, in the smallest
    unit of the community's currency. `polled_until` is up to when days were looked for.
    """

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    name = models.CharField(max_length=80)
    occasion: models.JSONField[Any, Any] = models.JSONField()
    audience: models.JSONField[Any, Any] = models.JSONField(default=None, null=True)
    minute = models.PositiveSmallIntegerField(default=9 * 60)
    member_clock = models.BooleanField(default=False)
    late_hours = models.PositiveSmallIntegerField(default=12)
    action = models.CharField(
        max_length=10, choices=Action.choices, default=Action.MESSAGE
    )
    text = models.TextField(default="", blank=True)
    materials: models.JSONField[Any, Any] = models.JSONField(default=list)
    template_version = models.ForeignKey(
        TemplateVersion, models.PROTECT, related_name="+", null=True
    )
    channel = models.CharField(max_length=30, default="assisted")
    staff = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")
    prefers_in_charge = models.BooleanField(default=True)
    purpose = models.CharField(
        max_length=10, choices=Purpose.choices, default=Purpose.MARKETING
    )
    priority = models.PositiveSmallIntegerField(
        choices=Priority.choices, default=Priority.NORMAL
    )
    amount = models.PositiveBigIntegerField(default=0)
    is_on = models.BooleanField(default=False)
    started_at = timestamps.TimestampField(null=True)
    polled_until = timestamps.TimestampField(null=True)
    created_at = timestamps.TimestampField()
    changed_at = timestamps.TimestampField()
    archived_at = timestamps.TimestampField(null=True)
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")

    class Meta:
        db_table = "outreach_care_rule"

    def __str__(self) -> str:
        return self.name


class CareDay(models.Model):
    """Members whose occasion came at the same moment, and those not handled yet.

    Of a surprise, `limit` of the `candidates` are drawn in an order that follows from
    `seed`; both are kept, so that a draw can be checked.
    """

    rule = models.ForeignKey(CareRule, models.PROTECT, related_name="days")
    day = models.DateField()
    key = models.CharField(max_length=40)
    due_at = timestamps.TimestampField()
    stale_at = timestamps.TimestampField()
    size = models.PositiveIntegerField()
    unclaimed = models.BinaryField()
    unclaimed_count = models.PositiveIntegerField()
    late = models.PositiveIntegerField(default=0)
    limit = models.PositiveIntegerField(null=True)
    seed = models.CharField(max_length=32, default="")
    candidates = models.BinaryField(null=True)
    request = models.ForeignKey(
        TaskRequest, models.PROTECT, null=True, related_name="+"
    )
    created_at = timestamps.TimestampField()

    class Meta:
        db_table = "outreach_care_day"
        constraints = [
            models.UniqueConstraint(
                fields=["rule", "key", "day", "due_at"], name="one_care_day_per_moment"
            )
        ]
        indexes = [
            models.Index(
                fields=["due_at"],
                condition=models.Q(unclaimed_count__gt=0),
                name="care_days_open",
            )
        ]

    def __str__(self) -> str:
        return f"{self.rule_id} on {self.day}"


class CareOccasion(models.Model):
    """An occasion of a member, handled once. Its pk is the origin of its message.

    `account_id` is the person's first account then, null once they are erased. `amount`
    is what is reserved of the budget of `month`.
    """

    rule = models.ForeignKey(CareRule, models.PROTECT, related_name="occasions")
    day = models.ForeignKey(CareDay, models.PROTECT, related_name="occasions")
    key = models.CharField(max_length=40)
    account_id = models.BigIntegerField(null=True)
    state = models.CharField(max_length=10, choices=OccasionState.choices)
    reason = models.CharField(max_length=20, default="")
    month = models.CharField(max_length=7)
    amount = models.PositiveBigIntegerField(default=0)
    at = timestamps.TimestampField()

    class Meta:
        db_table = "outreach_care_occasion"
        constraints = [
            models.UniqueConstraint(
                fields=["rule", "key", "account_id"], name="one_care_occasion_per_key"
            )
        ]
        indexes = [
            models.Index(fields=["account_id"], name="care_occasions_by_account"),
            models.Index(fields=["month", "rule"], name="care_occasions_by_month"),
        ]

    def __str__(self) -> str:
        return f"{self.key} of {self.account_id}"


class CareBudget(models.Model):
    """What a community may spend on gifts per month, in its currency's smallest unit."""

    community = models.OneToOneField(Community, models.PROTECT, related_name="+")
    amount = models.PositiveBigIntegerField()
    changed_at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")

    class Meta:
        db_table = "outreach_care_budget"

    def __str__(self) -> str:
        return f"care budget of {self.community}"
