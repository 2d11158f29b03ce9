from __future__ import annotations

from typing import Any

from django.db import models

from qunce.core import encryption, personal_texts, timestamps
from qunce.core.communities import Community
from qunce.core.staff.models import Staff

MAX_ADDRESS_LENGTH = 200


@personal_texts.erased_in(sentences=("problems",))
class ChannelAccount(models.Model):
    """The account of a community on a platform: where it is, and the secret of access.

    `user` is the platform's id of the account. `cursor` is up to where its events were
    received; it is saved in the transaction that stores them. `lease` names the process
    that receives them now. `problems` were found by the last check, as codes with details.
    `settings` is what staff set, see `accounts`; `state` is what the channel itself has to
    remember. A disconnected account keeps its row without the secret, so that it goes on
    where it was when it is connected again.
    """

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    channel = models.CharField(max_length=30)
    address = models.CharField(max_length=MAX_ADDRESS_LENGTH)
    user = models.CharField(max_length=255)
    secret: encryption.EncryptedField[str, str] = encryption.EncryptedField(default="")
    settings: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(
        default=dict
    )
    state: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField(
        default=dict
    )
    cursor = models.TextField(default="")
    lease = models.CharField(max_length=64, default="", db_index=True)
    leased_until = timestamps.TimestampField(null=True)
    problems: models.JSONField[list[dict[str, str]], list[dict[str, str]]] = (
        models.JSONField(default=list)
    )
    checked_at = timestamps.TimestampField(null=True)
    received_at = timestamps.TimestampField(null=True)
    limited_at = timestamps.TimestampField(null=True)
    connected_at = timestamps.TimestampField()
    disconnected_at = timestamps.TimestampField(null=True)
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["community", "channel"], name="one_account_per_channel"
            ),
            # Two communities would answer for the same rooms.
            models.UniqueConstraint(
                fields=["channel", "address", "user"],
                condition=models.Q(disconnected_at__isnull=True),
                name="one_community_per_channel_account",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} on {self.channel}"

    @property
    def is_connected(self) -> bool:
        return self.disconnected_at is None


@personal_texts.erased_in(sentences=("group_name",), community="account__community_id")
class MissedMessages(models.Model):
    """Messages of a group that a channel cannot bring: those between two moments.

    `group_key` is the channel's id of the group. `noted_at` is when staff took note.
    """

    account = models.ForeignKey(
        ChannelAccount, models.CASCADE, related_name="missed_messages"
    )
    group_key = models.CharField(max_length=255)
    group_name = models.CharField(max_length=200)
    since = timestamps.TimestampField()
    until = timestamps.TimestampField()
    found_at = timestamps.TimestampField()
    noted_at = timestamps.TimestampField(null=True)
    noted_by = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")

    class Meta:
        db_table = "channels_missed_messages"
        indexes = [
            models.Index(
                fields=["account"],
                condition=models.Q(noted_at__isnull=True),
                name="missed_messages_to_note",
            )
        ]

    def __str__(self) -> str:
        return self.group_name or self.group_key
