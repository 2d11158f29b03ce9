"""The tables of the reply inbox: conversations, answers, rules of automatic replies."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import pgettext_lazy

from qunce.core import personal_texts, state_machine, timestamps
from qunce.core.communities import Community
from qunce.core.staff.models import Staff

MAX_RULE_NAME = 80


class Kind(models.TextChoices):
    DIRECT = "direct", pgettext_lazy("conversation", "message to us")
    MENTION = "mention", pgettext_lazy("conversation", "mention in a group")


class State(models.TextChoices):
    WAITING = "waiting", pgettext_lazy("conversation", "waiting")
    ANSWERED = "answered", pgettext_lazy("conversation", "answered")
    CLOSED = "closed", pgettext_lazy("conversation", "closed without an answer")


class CloseReason(models.TextChoices):
    NEEDS_NONE = "needs_none", pgettext_lazy("conversation", "needs no answer")
    SPAM = "spam", pgettext_lazy("conversation", "advertising or spam")
    CASE = "case", pgettext_lazy("conversation", "goes on as a case")
    OTHER = "other", pgettext_lazy("conversation", "another reason")
    SILENCE = "silence", pgettext_lazy("conversation", "nobody answered for days")
    JOINED = "joined", pgettext_lazy("conversation", "joined with the one before it")


CHOSEN_REASONS = (
    CloseReason.NEEDS_NONE,
    CloseReason.SPAM,
    CloseReason.CASE,
    CloseReason.OTHER,
)
"""Reasons that staff give; the others are set automatically."""
STATES = state_machine.StateMachine(
    {
        "answer": (("waiting",), "answered"),
        "close": (("waiting",), "closed"),
        "reopen": (("answered", "closed"), "waiting"),
    }
)


class Conversation(models.Model):
    """What a member wrote to us until we answer.

    `group_id` is 0 for a message to the community itself. `source_id` and `key` are those
    of the message that opened it, `channel_message_id` is its id there. `due_at` is by when it is to be answered.
    """

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    account_id = models.BigIntegerField()
    group_id = models.BigIntegerField(default=0)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    channel = models.CharField(max_length=30)
    source_id = models.IntegerField()
    key = models.CharField(max_length=300)
    channel_message_id = models.CharField(max_length=200, default="", blank=True)
    state = models.CharField(
        max_length=10, choices=State.choices, default=State.WAITING
    )
    reason = models.CharField(
        max_length=20, choices=CloseReason.choices, default="", blank=True
    )
    staff = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")
    opened_at = timestamps.TimestampField()
    last_at = timestamps.TimestampField()
    due_at = timestamps.TimestampField(null=True)
    late_at = timestamps.TimestampField(null=True)
    ended_at = timestamps.TimestampField(null=True)
    ended_by = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")
    changed_at = timestamps.TimestampField()

    class Meta:
        db_table = "outreach_conversation"
        constraints = [
            models.UniqueConstraint(
                fields=["community", "account_id", "group_id"],
                condition=models.Q(state="waiting"),
                name="one_waiting_conversation_per_chat",
            )
        ]
        indexes = [
            models.Index(
                fields=["community", "state", "due_at"], name="conversations_by_state"
            ),
            models.Index(fields=["account_id"], name="conversations_of_account"),
        ]

    def __str__(self) -> str:
        return f"conversation {self.pk}"


class Way(models.TextChoices):
    CHANNEL = "channel", pgettext_lazy("answer", "sent through the channel")
    BY_HAND = "by_hand", pgettext_lazy("answer", "sent by hand")
    ELSEWHERE = "elsewhere", pgettext_lazy("answer", "answered in the chat itself")


class AnswerState(models.TextChoices):
    PENDING = "pending", pgettext_lazy("answer", "can be undone")
    SENT = "sent", pgettext_lazy("answer", "sent")
    FAILED = "failed", pgettext_lazy("answer", "not sent")
    UNDONE = "undone", pgettext_lazy("answer", "undone")


class Answer(models.Model):
    """An answer by staff. Its text is that of the `message` of the ledger.

    Until `final_at` it can be undone; after that its outcome is recorded.
    """

    conversation = models.ForeignKey(
        Conversation, models.CASCADE, related_name="answers"
    )
    way = models.CharField(max_length=10, choices=Way.choices)
    state = models.CharField(
        max_length=10, choices=AnswerState.choices, default=AnswerState.PENDING
    )
    message_id = models.BigIntegerField(null=True)
    reason = models.CharField(max_length=20, default="", blank=True)
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")
    at = timestamps.TimestampField()
    final_at = timestamps.TimestampField()

    class Meta:
        db_table = "outreach_answer"
        indexes = [
            models.Index(
                fields=["final_at"],
                condition=models.Q(state="pending"),
                name="answers_to_record",
            )
        ]

    def __str__(self) -> str:
        return f"answer {self.pk}"


@personal_texts.erased_in("mention_words")
class ReplySettings(models.Model):
    """`mention_words` are names by which members call us in groups, besides our accounts."""

    community = models.OneToOneField(Community, models.CASCADE, related_name="+")
    answer_minutes = models.PositiveIntegerField(default=60)
    assigns_in_turn = models.BooleanField(default=True)
    mention_words: models.JSONField[Any, Any] = models.JSONField(default=list)

    class Meta:
        db_table = "outreach_reply_settings"

    def __str__(self) -> str:
        return f"settings of {self.community_id}"


class Match(models.TextChoices):
    EXACT = "exact", pgettext_lazy("reply rule", "the message is one of the words")
    CONTAINS = "contains", pgettext_lazy("reply rule", "the message has one of them")
    MENU = "menu", pgettext_lazy("reply rule", "the message is a number of the menu")


@personal_texts.erased_in("words", sentences=("name", "text"))
class ReplyRule(models.Model):
    """What is answered automatically. The first rule of the list that fits answers.

    `words` are normalised; those of a menu are its numbers. `groups` are ids, empty for
    all groups; `in_groups` and `in_direct` are where it answers at all. The hours are
    minutes after midnight, null for any time. The pauses are in minutes, 0 for none.
    """

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    name = models.CharField(max_length=MAX_RULE_NAME)
    position = models.PositiveIntegerField()
    match = models.CharField(max_length=10, choices=Match.choices)
    words: models.JSONField[Any, Any] = models.JSONField(default=list)
    text = models.TextField()
    in_direct = models.BooleanField(default=True)
    in_groups = models.BooleanField(default=True)
    groups: models.JSONField[Any, Any] = models.JSONField(default=list)
    hour_from = models.PositiveSmallIntegerField(null=True)
    hour_until = models.PositiveSmallIntegerField(null=True)
    member_pause = models.PositiveIntegerField(default=10)
    group_pause = models.PositiveIntegerField(default=1)
    per_hour = models.PositiveIntegerField(default=30)
    is_on = models.BooleanField(default=False)
    is_archived = models.BooleanField(default=False)
    changed_at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")

    class Meta:
        db_table = "outreach_reply_rule"
        indexes = [
            models.Index(
                fields=["community", "is_archived", "position"], name="reply_rules"
            )
        ]

    def __str__(self) -> str:
        return self.name


class AutomaticReply(models.Model):
    """A message that a rule answered, or would have answered but for the `reason`."""

    rule = models.ForeignKey(ReplyRule, models.CASCADE, related_name="replies")
    source_id = models.IntegerField()
    key = models.CharField(max_length=300)
    account_id = models.BigIntegerField()
    group_id = models.BigIntegerField(default=0)
    message_id = models.BigIntegerField(null=True)
    reason = models.CharField(max_length=20, default="", blank=True)
    at = timestamps.TimestampField()

    class Meta:
        db_table = "outreach_automatic_reply"
        constraints = [
            models.UniqueConstraint(
                fields=["source_id", "key"], name="one_automatic_reply_per_message"
            )
        ]
        indexes = [models.Index(fields=["rule", "at"], name="automatic_replies")]

    def __str__(self) -> str:
        return self.key
