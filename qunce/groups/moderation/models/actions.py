"""Tables of actions: one thing to do in a group, and what two people approve."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import pgettext_lazy

from qunce.core import personal_texts, timestamps
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.groups.groups import Group
from qunce.groups.moderation.models.cases import Case


class ActionState(models.TextChoices):
    PENDING = "pending", pgettext_lazy("group action", "waiting")
    RUNNING = "running", pgettext_lazy("group action", "running")
    DONE = "done", pgettext_lazy("group action", "done")
    WITH_STAFF = "with_staff", pgettext_lazy("group action", "task for staff")
    FAILED = "failed", pgettext_lazy("group action", "failed")
    SKIPPED = "skipped", pgettext_lazy("group action", "skipped")
    CANCELLED = "cancelled", pgettext_lazy("group action", "cancelled")
    UNDONE = "undone", pgettext_lazy("group action", "undone")


class MassState(models.TextChoices):
    WAITING = "waiting", pgettext_lazy("mass action", "waits for a second person")
    APPROVED = "approved", pgettext_lazy("mass action", "approved")
    REFUSED = "refused", pgettext_lazy("mass action", "refused")


@personal_texts.erased_in("reason", community="community_id")
class MassAction(models.Model):
    """An action on many members, or the undoing of a run, which a second person approves."""

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    kind = models.CharField(max_length=20)
    group = models.ForeignKey(Group, models.PROTECT, null=True, related_name="+")
    accounts: models.JSONField[Any, Any] = models.JSONField(default=list)
    cases: models.JSONField[Any, Any] = models.JSONField(default=list)
    minutes = models.PositiveIntegerField(null=True)
    reason = models.CharField(max_length=300)
    state = models.CharField(
        max_length=10, choices=MassState.choices, default=MassState.WAITING
    )
    created_at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")
    answered_at = timestamps.TimestampField(null=True)
    answered_by = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")

    class Meta:
        db_table = "moderation_mass_action"

    def __str__(self) -> str:
        return f"{self.kind} of {len(self.accounts) or len(self.cases)}"


@personal_texts.erased_in("key", "member", "message", "reason", sentences=("name",))
class Action(models.Model):
    """One thing to do in a group, claimed by conditional UPDATE.

    `key` is the same for every attempt, `member` and `message` are the channel's ids,
    `name` is what staff look for where they do it by hand, `minutes` how long a mute lasts,
    null for ever. While it runs, `due_at` is when its lease expires.
    """

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    group = models.ForeignKey(Group, models.PROTECT, related_name="+", db_index=False)
    case = models.ForeignKey(Case, models.CASCADE, null=True, related_name="actions")
    mass_action = models.ForeignKey(
        MassAction, models.CASCADE, null=True, related_name="actions"
    )
    kind = models.CharField(max_length=20)
    account_id = models.BigIntegerField(null=True)
    member = models.CharField(max_length=200, default="", blank=True)
    message = models.CharField(max_length=255, default="", blank=True)
    name = models.CharField(max_length=200, default="", blank=True)
    key = models.CharField(max_length=300, unique=True)
    reason = models.CharField(max_length=200, default="", blank=True)
    minutes = models.PositiveIntegerField(null=True)
    is_automatic = models.BooleanField(default=False)
    state = models.CharField(
        max_length=10, choices=ActionState.choices, default=ActionState.PENDING
    )
    due_at = timestamps.TimestampField()
    lease = models.CharField(max_length=32, default="", blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    result = models.CharField(max_length=60, default="", blank=True)
    created_at = timestamps.TimestampField()
    done_at = timestamps.TimestampField(null=True)
    by = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")

    class Meta:
        db_table = "moderation_action"
        indexes = [
            models.Index(
                fields=["due_at"],
                condition=models.Q(state__in=["pending", "running"]),
                name="group_actions_due",
            ),
            models.Index(fields=["group", "done_at"], name="group_actions_done"),
            models.Index(fields=["account_id"], name="group_actions_of_member"),
        ]

    def __str__(self) -> str:
        return self.key
