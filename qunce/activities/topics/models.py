"""The tables of topics: what members reply, and the points that replies were given.

Rows name the account and the person of that moment, and a merge rewrites none of them.
"""

from __future__ import annotations

from django.db import models
from django.utils.translation import pgettext_lazy

from qunce.activities.activities.models import (
    MAX_KEY,
    MAX_SENTENCE,
    Activity,
    Way,
)
from qunce.core import personal_texts, timestamps
from qunce.core.staff.models import Staff

MAX_REPLY = 2_000
"""Characters of a reply."""


class ReplyState(models.TextChoices):
    """Only a shown reply is read by members, and counts."""

    SHOWN = "shown", pgettext_lazy("reply", "shown")
    HELD = "held", pgettext_lazy("reply", "held")
    HIDDEN = "hidden", pgettext_lazy("reply", "hidden")
    WITHDRAWN = "withdrawn", pgettext_lazy("reply", "edited away")
    DELETED = "deleted", pgettext_lazy("reply", "deleted")


@personal_texts.erased_in(
    "key", sentences=("text", "reason"), community="activity__community_id"
)
class TopicReply(models.Model):
    """What somebody replied to a topic. `key` names the message of a chat, "" elsewhere.

    `said_at` is when it was said, as far as that is known, which may be before it was
    typed. `reason` is why it is held or hidden, for staff.
    """

    activity = models.ForeignKey(
        Activity, models.PROTECT, related_name="topic_replies", db_index=False
    )
    account_id = models.BigIntegerField()
    person_id = models.BigIntegerField()
    text = models.TextField()
    state = models.CharField(max_length=10, choices=ReplyState.choices)
    reason = models.CharField(max_length=MAX_SENTENCE, default="", blank=True)
    source = models.CharField(max_length=10, choices=Way.choices)
    key = models.CharField(max_length=MAX_KEY, default="", blank=True)
    group_id = models.BigIntegerField(null=True)
    said_at = timestamps.TimestampField()
    at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")
    decided_at = timestamps.TimestampField(null=True)
    decided_by = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")

    class Meta:
        db_table = "activities_topic_reply"
        indexes = [
            models.Index(
                fields=["activity", "state", "said_at"], name="topic_replies_by_time"
            ),
            models.Index(fields=["account_id"], name="topic_replies_of_account"),
            models.Index(
                fields=["key"],
                condition=~models.Q(key=""),
                name="topic_replies_of_message",
            ),
        ]

    def __str__(self) -> str:
        return self.text


class TopicRewardCount(models.Model):
    """How many rewards of a topic are given, which the cap limits."""

    activity = models.OneToOneField(
        Activity, models.PROTECT, related_name="topic_reward_count", primary_key=True
    )
    given = models.PositiveIntegerField(default=0)

    class Meta:
        db_table = "activities_topic_reward_count"

    def __str__(self) -> str:
        return f"{self.activity_id}: {self.given}"


class TopicReward(models.Model):
    """Points that a person was given for a reply; `day` is 0 if it is once per person."""

    reply = models.ForeignKey(TopicReply, models.PROTECT, related_name="rewards")
    activity = models.ForeignKey(
        Activity, models.PROTECT, related_name="topic_rewards", db_index=False
    )
    account_id = models.BigIntegerField()
    person_id = models.BigIntegerField()
    day = models.IntegerField()
    points = models.PositiveIntegerField()
    points_entry = models.BigIntegerField(null=True)

    class Meta:
        db_table = "activities_topic_reward"
        constraints = [
            models.UniqueConstraint(
                fields=["activity", "account_id", "day"], name="one_topic_reward_a_day"
            )
        ]
        indexes = [models.Index(fields=["account_id"], name="topic_rewards_of_account")]

    def __str__(self) -> str:
        return f"{self.account_id}: {self.points}"
