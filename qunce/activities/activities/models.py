"""The tables of activities: what members join, who joined, and what they were answered.

Rows name the account that acted and the person whom it belonged to. A merge of members
rewrites none of them, so that unmerging needs no undoing.
"""

from __future__ import annotations

import secrets
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy, pgettext_lazy

from qunce.core import personal_texts, state_machine, timestamps
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.groups.groups import Group

MAX_NAME, MAX_TEXT, MAX_SENTENCE, MAX_KEY = 80, 2_000, 200, 100
MAX_SAID = 500
"""Characters that members write when they take part."""
ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
"""Letters and digits of public ids, without those that look alike."""
PUBLIC_ID_LENGTH = 12


class State(models.TextChoices):
    DRAFT = "draft", pgettext_lazy("activity", "draft")
    IN_REVIEW = "in_review", pgettext_lazy("activity", "in review")
    SCHEDULED = "scheduled", pgettext_lazy("activity", "scheduled")
    RUNNING = "running", pgettext_lazy("activity", "running")
    PAUSED = "paused", pgettext_lazy("activity", "paused")
    CLOSED = "closed", pgettext_lazy("activity", "closed")
    SETTLED = "settled", pgettext_lazy("activity", "settled")
    REVIEWED = "reviewed", pgettext_lazy("activity", "reviewed")
    CANCELLED = "cancelled", pgettext_lazy("activity", "cancelled")


STATES = state_machine.StateMachine(
    {
        "submit": (("draft",), "in_review"),
        "reject": (("in_review",), "draft"),
        "approve": (("in_review",), "scheduled"),
        "start": (("scheduled",), "running"),
        "pause": (("running",), "paused"),
        "resume": (("paused",), "running"),
        "close": (("running", "paused"), "closed"),
        "settle": (("closed",), "settled"),
        "review": (("settled",), "reviewed"),
        "discard": (("draft", "in_review"), "cancelled"),
        "cancel": (("scheduled", "running", "paused", "closed"), "cancelled"),
    }
)
UNPUBLISHED = (State.DRAFT, State.IN_REVIEW)
PUBLISHED = tuple(
    state for state in State if state not in (*UNPUBLISHED, State.CANCELLED)
)
"""States in which members see the activity; a cancelled one says that it is."""
OPEN = (State.SCHEDULED, State.RUNNING, State.PAUSED)
OVER = (State.CLOSED, State.SETTLED, State.REVIEWED, State.CANCELLED)


class Way(models.TextChoices):
    """How a member took part. What staff typed or pasted is marked as typed."""

    PORTAL = "portal", pgettext_lazy("way", "on the page")
    CHAT = "chat", pgettext_lazy("way", "in the chat")
    PASTE = "paste", pgettext_lazy("way", "from pasted lines")
    STAFF = "staff", pgettext_lazy("way", "typed by staff")


TYPED = (Way.PASTE, Way.STAFF)


def new_public_id() -> str:
    """A random id for addresses that members see, which nobody can guess."""
    return "".join(secrets.choice(ALPHABET) for _place in range(PUBLIC_ID_LENGTH))


@personal_texts.erased_in(
    "may_join",
    "notified",
    "settings",
    "campaign",
    sentences=("name", "text", "refusal", "lesson", "reason", "cancel_reason"),
)
class Activity(models.Model):
    """Something that members join between `starts_at` and `ends_at`.

    `may_join` and `notified` are rules. `refusal` is what somebody reads who may not join.
    `settings` belong to the kind. A limit of the budget is null for no limit, and 0 for
    none. `reason` says why it was rejected, paused or cancelled. `cancel_asked_by` is the
    first of the two people who cancel, and `cancel_reason` why, until it is decided.
    `campaign` is the key of the draft to the notified.
    """

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    public_id = models.CharField(
        max_length=PUBLIC_ID_LENGTH, unique=True, default=new_public_id
    )
    kind = models.CharField(max_length=30)
    name = models.CharField(max_length=MAX_NAME)
    text = models.TextField(default="", blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    may_join: models.JSONField[Any, Any] = models.JSONField(default=dict)
    notified: models.JSONField[Any, Any] = models.JSONField(null=True)
    refusal = models.CharField(max_length=MAX_SENTENCE, default="", blank=True)
    goal_id = models.BigIntegerField(null=True)
    groups: models.ManyToManyField[Group, Any] = models.ManyToManyField(
        Group, related_name="+", db_table="activities_activity_group"
    )
    starts_at = timestamps.TimestampField()
    ends_at = timestamps.TimestampField(null=True)
    points_limit = models.BigIntegerField(null=True)
    money_limit = models.BigIntegerField(null=True)
    settings: models.JSONField[Any, Any] = models.JSONField(default=dict)
    reason = models.CharField(max_length=MAX_SENTENCE, default="", blank=True)
    lesson = models.TextField(default="", blank=True)
    campaign = models.CharField(max_length=200, default="", blank=True)
    created_at = timestamps.TimestampField()
    changed_at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")
    submitted_by = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")
    approved_by = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")
    published_at = timestamps.TimestampField(null=True)
    started_at = timestamps.TimestampField(null=True)
    closed_at = timestamps.TimestampField(null=True)
    settled_at = timestamps.TimestampField(null=True)
    reviewed_at = timestamps.TimestampField(null=True)
    cancel_asked_by = models.ForeignKey(
        Staff, models.PROTECT, null=True, related_name="+"
    )
    cancel_reason = models.CharField(max_length=MAX_SENTENCE, default="", blank=True)
    cancelled_at = timestamps.TimestampField(null=True)

    class Meta:
        db_table = "activities_activity"
        indexes = [
            models.Index(fields=["community", "state"], name="activities_by_state"),
            models.Index(
                fields=["starts_at"],
                condition=models.Q(state="scheduled"),
                name="activities_to_start",
            ),
            models.Index(
                fields=["ends_at"],
                condition=models.Q(state__in=["running", "paused"]),
                name="activities_to_close",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Entry(models.Model):
    """That somebody joined an activity. `group_id` is the group it was said in."""

    activity = models.ForeignKey(Activity, models.PROTECT, related_name="entries")
    account_id = models.BigIntegerField()
    person_id = models.BigIntegerField()
    source = models.CharField(max_length=10, choices=Way.choices)
    key = models.CharField(max_length=MAX_KEY)
    group_id = models.BigIntegerField(null=True)
    at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")
    struck_out_at = timestamps.TimestampField(null=True)
    struck_out_by = models.ForeignKey(
        Staff, models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        db_table = "activities_entry"
        constraints = [
            models.UniqueConstraint(
                fields=["activity", "person_id"], name="one_entry_per_person"
            ),
            models.UniqueConstraint(
                fields=["activity", "source", "key"], name="one_entry_per_key"
            ),
        ]
        indexes = [models.Index(fields=["account_id"], name="entries_of_account")]

    def __str__(self) -> str:
        return f"{self.account_id} in {self.activity_id}"


class Answer(models.Model):
    """What one attempt to take part was answered, so that a repeated one is not counted.

    `text` is ours, addressed to the member; what they said is not kept here.
    """

    activity = models.ForeignKey(Activity, models.CASCADE, related_name="answers")
    account_id = models.BigIntegerField()
    source = models.CharField(max_length=10, choices=Way.choices)
    key = models.CharField(max_length=MAX_KEY)
    group_id = models.BigIntegerField(null=True)
    is_accepted = models.BooleanField(default=False)
    text = models.TextField(default="", blank=True)
    at = timestamps.TimestampField()

    class Meta:
        db_table = "activities_answer"
        constraints = [
            models.UniqueConstraint(
                fields=["activity", "source", "key"], name="one_answer_per_key"
            )
        ]
        indexes = [
            models.Index(fields=["at"], name="answers_by_time"),
            models.Index(fields=["account_id"], name="answers_of_account"),
        ]

    def __str__(self) -> str:
        return self.text


class BudgetEntry(models.Model):
    """Points or money (smallest units) of the budget that were promised or delivered."""

    class State(models.TextChoices):
        RESERVED = "reserved", pgettext_lazy("budget", "reserved")
        BOOKED = "booked", pgettext_lazy("budget", "booked")
        RELEASED = "released", pgettext_lazy("budget", "released")

    activity = models.ForeignKey(Activity, models.PROTECT, related_name="budget")
    key = models.CharField(max_length=MAX_KEY)
    state = models.CharField(max_length=10, choices=State.choices)
    points = models.BigIntegerField(default=0)
    money = models.BigIntegerField(default=0)
    changed_at = timestamps.TimestampField()

    class Meta:
        db_table = "activities_budget_entry"
        constraints = [
            models.UniqueConstraint(
                fields=["activity", "key"], name="one_budget_entry_per_key"
            ),
            models.CheckConstraint(
                condition=models.Q(points__gte=0, money__gte=0),
                name="budget_is_not_negative",
            ),
        ]

    def __str__(self) -> str:
        return self.key


@personal_texts.erased_in(sentences=("text",), community="activity__community_id")
class Announcement(models.Model):
    """A text for the groups of an activity, posted once when `due_at` is reached."""

    class Moment(models.TextChoices):
        BEFORE = "before", gettext_lazy("before the start")
        START = "start", gettext_lazy("at the start")
        LAST_CALL = "last_call", gettext_lazy("last call")
        RESULT = "result", gettext_lazy("result")

    activity = models.ForeignKey(Activity, models.CASCADE, related_name="announcements")
    moment = models.CharField(max_length=10, choices=Moment.choices)
    minutes = models.PositiveIntegerField(default=0)
    text = models.TextField()
    posted_at = timestamps.TimestampField(null=True)
    fact_ids: models.JSONField[Any, Any] = models.JSONField(default=list)
    """The facts that its messages to the groups follow from."""

    class Meta:
        db_table = "activities_announcement"
        constraints = [
            models.UniqueConstraint(
                fields=["activity", "moment"], name="one_announcement_per_moment"
            )
        ]

    def __str__(self) -> str:
        return self.text


class GroupLine(models.Model):
    """The time of the last line in a group that its messages are answered directly.

    Without an activity for what members ask about their own prizes and points.
    """

    activity = models.ForeignKey(Activity, models.CASCADE, related_name="+", null=True)
    group_id = models.BigIntegerField()
    at = timestamps.TimestampField()

    class Meta:
        db_table = "activities_group_line"
        constraints = [
            models.UniqueConstraint(
                fields=["activity", "group_id"], name="one_line_per_group"
            ),
            models.UniqueConstraint(
                fields=["group_id"],
                condition=models.Q(activity__isnull=True),
                name="one_line_without_activity",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.activity_id} in {self.group_id}"


@personal_texts.erased_in(
    "paste",
    "digest",
    sentences=("name", "said", "answer"),
    community="activity__community_id",
)
class PastedLine(models.Model):
    """A line of a chat that staff pasted; `digest` is of what was pasted and its place.

    `paste` is the digest of the whole paste, so that the same one adds nothing. What was
    said is kept only while the line waits for an answer of staff; its name and account
    then say who that is in this group the next time.
    """

    class State(models.TextChoices):
        TAKEN = "taken", pgettext_lazy("pasted line", "taken")
        UNSURE = "unsure", pgettext_lazy("pasted line", "unsure")
        REFUSED = "refused", pgettext_lazy("pasted line", "refused")
        SKIPPED = "skipped", pgettext_lazy("pasted line", "skipped")

    activity = models.ForeignKey(Activity, models.CASCADE, related_name="lines")
    group = models.ForeignKey(Group, models.PROTECT, related_name="+")
    paste = models.CharField(max_length=64)
    digest = models.CharField(max_length=64)
    state = models.CharField(max_length=10, choices=State.choices)
    name = models.CharField(max_length=MAX_NAME, default="", blank=True)
    said = models.CharField(max_length=MAX_SAID, default="", blank=True)
    answer = models.TextField(default="", blank=True)
    account_id = models.BigIntegerField(null=True)
    said_at = timestamps.TimestampField()
    at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")

    class Meta:
        db_table = "activities_pasted_line"
        constraints = [
            models.UniqueConstraint(
                fields=["activity", "digest"], name="one_row_per_pasted_line"
            )
        ]
        indexes = [
            models.Index(fields=["account_id"], name="lines_of_account"),
            models.Index(fields=["activity", "state"], name="lines_by_state"),
            models.Index(fields=["group", "name"], name="lines_by_name"),
        ]

    def __str__(self) -> str:
        return f"{self.name}: {self.said}"
