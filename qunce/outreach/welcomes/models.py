"""Tables of welcomes: the texts for newcomers, and what was decided about each join."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy, pgettext_lazy

from qunce.core import personal_texts, timestamps
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.outreach.content.message_templates import TemplateVersion


class Event(models.TextChoices):
    """What a welcome is for."""

    COMMUNITY = "community", gettext_lazy("joining the community")
    GROUP = "group", gettext_lazy("joining a group")


class Reason(models.TextChoices):
    """Why a join led to no message."""

    NO_MATCH = "no_match", pgettext_lazy("welcome", "no welcome fits the join")
    SAME_JOIN = (
        "same_join",
        pgettext_lazy("welcome", "was welcomed for another join of the same hour"),
    )
    WELCOMED = (
        "welcomed",
        pgettext_lazy("welcome", "was welcomed too recently"),
    )
    MERGED = (
        "merged",
        pgettext_lazy("welcome", "was merged with a member who was welcomed"),
    )


@personal_texts.erased_in("key", "name", "sources", "rule", sentences=("text",))
class Welcome(models.Model):
    """The text for newcomers for whom the conditions hold; the first that fits is sent.

    Empty `sources` and `groups` are any. `hour_from` and `hour_until` are minutes of the
    community's day, null for the whole day. One is for everyone else and comes last.
    Without a `channel` it is the one that they joined through, or else staff post it:
    the staff in charge, the group's owner, or `staff`. With `for_each_group`, members who
    were welcomed already get it, too, once for each group.
    """

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    key = models.CharField(max_length=100)
    name = models.CharField(max_length=80)
    position = models.PositiveSmallIntegerField()
    is_for_others = models.BooleanField(default=False)
    event = models.CharField(
        max_length=10, choices=Event.choices, default=Event.COMMUNITY
    )
    sources: models.JSONField[Any, Any] = models.JSONField(default=list)
    groups: models.JSONField[Any, Any] = models.JSONField(default=list)
    rule: models.JSONField[Any, Any] = models.JSONField(default=None, null=True)
    hour_from = models.PositiveSmallIntegerField(null=True)
    hour_until = models.PositiveSmallIntegerField(null=True)
    for_each_group = models.BooleanField(default=False)
    text = models.TextField(default="", blank=True)
    template_version = models.ForeignKey(
        TemplateVersion, models.PROTECT, null=True, related_name="+"
    )
    materials: models.JSONField[Any, Any] = models.JSONField(default=list)
    channel = models.CharField(max_length=30, default="", blank=True)
    staff = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")
    is_on = models.BooleanField(default=False)
    archived_at = timestamps.TimestampField(null=True)
    created_at = timestamps.TimestampField()
    changed_at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")

    class Meta:
        db_table = "outreach_welcome"
        constraints = [
            models.UniqueConstraint(
                fields=["community", "key"], name="one_welcome_per_key"
            )
        ]

    def __str__(self) -> str:
        return self.name


class WelcomeSettings(models.Model):
    """A join that is older than `within_minutes` is not welcomed any more.

    A member is welcomed again `again_after_days` after the last time.
    """

    community = models.OneToOneField(Community, models.PROTECT, related_name="+")
    within_minutes = models.PositiveIntegerField()
    again_after_days = models.PositiveIntegerField()
    changed_at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")

    class Meta:
        db_table = "outreach_welcome_settings"

    def __str__(self) -> str:
        return f"welcome settings of {self.community}"


class WelcomeDecision(models.Model):
    """What was decided about one join. Its pk is the origin of the message.

    `account_id` is the account that joined. Without a `message_id`, `reason` says why
    there is none; whether the message was sent is in the ledger.
    """

    community = models.ForeignKey(
        Community, models.CASCADE, related_name="+", db_index=False
    )
    account_id = models.BigIntegerField()
    group_id = models.BigIntegerField(null=True)
    fact_id = models.BigIntegerField(unique=True)
    joined_at = timestamps.TimestampField()
    welcome = models.ForeignKey(
        Welcome, models.PROTECT, null=True, related_name="decisions"
    )
    reason = models.CharField(max_length=20, default="", choices=Reason.choices)
    message_id = models.BigIntegerField(null=True)
    decided_at = timestamps.TimestampField()

    class Meta:
        db_table = "outreach_welcome_decision"
        indexes = [
            models.Index(
                fields=["account_id", "decided_at"], name="welcome_decisions_by_member"
            ),
            models.Index(
                fields=["community", "decided_at"], name="welcome_decisions_by_time"
            ),
        ]

    def __str__(self) -> str:
        return f"decision about the join {self.fact_id}"
