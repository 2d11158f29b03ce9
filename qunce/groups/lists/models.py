"""Entries of the whitelist and the blacklist of a community."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.utils.translation import pgettext_lazy

from qunce.core import personal_texts, timestamps
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.groups.groups import Group

if TYPE_CHECKING:
    from datetime import datetime

MAX_REASON_LENGTH = 200
MAX_EVIDENCE_LENGTH = 2_000


class ListName(models.TextChoices):
    WHITE = "white", pgettext_lazy("list of people", "whitelist")
    BLACK = "black", pgettext_lazy("list of people", "blacklist")


class Scope(models.TextChoices):
    COMMUNITY = "community", pgettext_lazy("scope of a list entry", "every group")
    GROUPS = "groups", pgettext_lazy("scope of a list entry", "some groups")


class Ending(models.TextChoices):
    REMOVED = "removed", pgettext_lazy("end of a list entry", "removed")
    EXPIRED = "expired", pgettext_lazy("end of a list entry", "expired")
    ERASED = "erased", pgettext_lazy("end of a list entry", "member erased")


@personal_texts.erased_in("channel_key", sentences=("name", "reason", "evidence"))
class ListEntry(models.Model):
    """One person on a list, from `added_at` until it ends.

    `account_id` is null as long as the channel's id is not yet known as a member;
    `channel` and `channel_key` are what the platform calls them, `name` what they were
    called when they were listed. `groups` are those of the scope groups.
    """

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    list_name = models.CharField(max_length=5, choices=ListName.choices)
    scope = models.CharField(max_length=9, choices=Scope.choices)
    groups = models.ManyToManyField(Group, related_name="+")
    account_id = models.BigIntegerField(null=True)
    channel = models.CharField(max_length=30, default="", blank=True)
    channel_key = models.CharField(max_length=200, default="", blank=True)
    name = models.CharField(max_length=200, default="", blank=True)
    reason = models.CharField(max_length=MAX_REASON_LENGTH, default="", blank=True)
    evidence = models.TextField(default="", blank=True)
    added_at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")
    expires_at = timestamps.TimestampField(null=True)
    ending = models.CharField(max_length=7, choices=Ending.choices, default="")
    ended_at = timestamps.TimestampField(null=True)
    ended_by = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["community", "list_name", "account_id"],
                condition=models.Q(ended_at__isnull=True),
                name="one_list_entry_per_account",
            ),
            models.UniqueConstraint(
                fields=["community", "list_name", "channel", "channel_key"],
                condition=models.Q(ended_at__isnull=True, account_id__isnull=True),
                name="one_list_entry_per_channel_key",
            ),
        ]
        indexes = [
            models.Index(fields=["account_id"], name="list_entry_by_account"),
            models.Index(
                fields=["expires_at"],
                condition=models.Q(ended_at__isnull=True, expires_at__isnull=False),
                name="list_entries_to_expire",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name or self.channel_key or self.account_id}: {self.list_name}"

    def is_active(self, at: datetime) -> bool:
        is_over = self.expires_at is not None and self.expires_at <= at
        return self.ended_at is None and not is_over
