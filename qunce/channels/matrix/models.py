from __future__ import annotations

from typing import Any

from django.db import models

from qunce.channels.accounts.models import ChannelAccount
from qunce.core import personal_texts, timestamps


class Membership(models.TextChoices):
    """The membership of our account in a room."""

    INVITED = "invite", "invite"
    JOINED = "join", "join"
    LEFT = "leave", "leave"


@personal_texts.erased_in(
    "name",
    "direct_user",
    "left_by",
    "creation",
    sentences=("left_reason",),
    community="account__community_id",
)
class Room(models.Model):
    """A room that our account is in, was in, or is invited to.

    `direct_user` is whom a direct message of this room reaches, unless they have left:
    then `has_peer` is false. `creation` is the content and sender of the event that created
    the room, which never changes. `muted` maps members to the power level that they get
    back, null for the room's default; `erased_mutes` erases them there. `open_rule` is the
    content of the join rules before the room was closed. `answered_at` is when staff
    accepted the last invitation. `writer` names who changes the
    power levels now: the list of them is one event, which concurrent changes overwrite.
    """

    account = models.ForeignKey(
        ChannelAccount, models.CASCADE, related_name="matrix_rooms"
    )
    room_id = models.CharField(max_length=255)
    name = models.CharField(max_length=200, default="")
    membership = models.CharField(max_length=6, choices=Membership.choices)
    direct_user = models.CharField(max_length=255, default="")
    is_direct = models.BooleanField(default=False)
    has_peer = models.BooleanField(default=True)
    is_encrypted = models.BooleanField(default=False)
    left_by = models.CharField(max_length=255, default="")
    left_reason = models.CharField(max_length=300, default="")
    creation: models.JSONField[Any, Any] = models.JSONField(default=dict)
    muted: models.JSONField[Any, Any] = models.JSONField(default=dict)
    open_rule: models.JSONField[Any, Any] = models.JSONField(null=True)
    answered_at = timestamps.TimestampField(null=True)
    writer = models.CharField(max_length=32, default="")
    written_until = timestamps.TimestampField(null=True)
    updated_at = timestamps.TimestampField()

    class Meta:
        db_table = "channels_matrix_room"
        constraints = [
            models.UniqueConstraint(
                fields=["account", "room_id"], name="one_row_per_matrix_room"
            )
        ]
        indexes = [
            models.Index(
                fields=["account", "direct_user"],
                condition=models.Q(is_direct=True),
                name="matrix_direct_rooms",
            )
        ]

    def __str__(self) -> str:
        return self.name or self.room_id
