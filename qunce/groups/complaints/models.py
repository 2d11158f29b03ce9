"""The tables of complaints: cases, the messages they are about, and what staff noted."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import pgettext_lazy

from qunce.core import personal_texts, state_machine, timestamps
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.groups.groups import Group

MAX_TITLE, MAX_TEXT, MAX_ORDER, MAX_TOPIC = 120, 4_000, 200, 40


class Kind(models.TextChoices):
    COMPLAINT = "complaint", pgettext_lazy("case", "complaint")
    AFTER_SALES = "after_sales", pgettext_lazy("case", "after-sales")


class State(models.TextChoices):
    OPEN = "open", pgettext_lazy("case", "open")
    IN_WORK = "in_work", pgettext_lazy("case", "in work")
    ANSWERED = "answered", pgettext_lazy("case", "answered")
    CLOSED = "closed", pgettext_lazy("case", "closed")


class Source(models.TextChoices):
    """What raised a case."""

    STAFF = "staff", pgettext_lazy("case", "staff")
    MESSAGE = "message", pgettext_lazy("case", "words of a message")
    PROGRAM = "program", pgettext_lazy("case", "a program")


class Outcome(models.TextChoices):
    SOLVED = "solved", pgettext_lazy("case", "solved")
    REFUNDED = "refunded", pgettext_lazy("case", "refunded")
    REPLACED = "replaced", pgettext_lazy("case", "replaced")
    DECLINED = "declined", pgettext_lazy("case", "declined")
    NO_COMPLAINT = "no_complaint", pgettext_lazy("case", "no complaint")


STATES = state_machine.StateMachine(
    {
        "start": (("open",), "in_work"),
        "answer": (("open", "in_work"), "answered"),
        "close": (("open", "in_work", "answered"), "closed"),
        "reopen": (("answered", "closed"), "open"),
    }
)
WAITING = (State.OPEN, State.IN_WORK)
"""States in which the member waits for us."""


@personal_texts.erased_in("order", sentences=("title", "text"))
class Complaint(models.Model):
    """A case. `account` is the member's, null if nobody is named or they were erased.

    `topic` is the key of a topic of the community's words. `order` is the number of an
    order, "" for none. `due_at` is by when the member is to be answered; `late_at` is when
    it was noticed that they were not.
    """

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    source = models.CharField(max_length=10, choices=Source.choices)
    topic = models.CharField(max_length=MAX_TOPIC)
    title = models.CharField(max_length=MAX_TITLE, default="", blank=True)
    text = models.TextField(default="", blank=True)
    account_id = models.BigIntegerField(null=True)
    group = models.ForeignKey(Group, models.PROTECT, null=True, related_name="+")
    order = models.CharField(max_length=MAX_ORDER, default="", blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    outcome = models.CharField(
        max_length=20, choices=Outcome.choices, default="", blank=True
    )
    owner = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")
    opened_at = timestamps.TimestampField()
    due_at = timestamps.TimestampField()
    late_at = timestamps.TimestampField(null=True)
    answered_at = timestamps.TimestampField(null=True)
    closed_at = timestamps.TimestampField(null=True)
    changed_at = timestamps.TimestampField()

    class Meta:
        db_table = "groups_complaint"
        constraints = [
            models.UniqueConstraint(
                fields=["community", "account_id", "topic", "order"],
                condition=models.Q(account_id__isnull=False)
                & models.Q(state__in=["open", "in_work", "answered"]),
                name="one_open_complaint_per_topic",
            )
        ]
        indexes = [
            models.Index(
                fields=["community", "state", "due_at"], name="complaints_by_state"
            ),
            models.Index(fields=["account_id"], name="complaints_of_account"),
        ]

    def __str__(self) -> str:
        return self.title or f"{self.pk}"


class ComplaintMessage(models.Model):
    """A message that a case is about. Its text is in `members.message_texts` as long as it
    is kept; `words` are those of the community's list that it contains.
    """

    complaint = models.ForeignKey(Complaint, models.CASCADE, related_name="messages")
    source_id = models.IntegerField()
    key = models.CharField(max_length=300)
    account_id = models.BigIntegerField()
    happened_at = timestamps.TimestampField()
    words: models.JSONField[Any, Any] = models.JSONField(default=list)

    class Meta:
        db_table = "groups_complaint_message"
        constraints = [
            models.UniqueConstraint(
                fields=["complaint", "source_id", "key"],
                name="one_row_per_complaint_message",
            )
        ]

    def __str__(self) -> str:
        return self.key


@personal_texts.erased_in(sentences=("text",), community="complaint__community_id")
class ComplaintNote(models.Model):
    """What staff noted in a case; with `is_answer` it is what the member was answered."""

    complaint = models.ForeignKey(Complaint, models.CASCADE, related_name="notes")
    text = models.TextField()
    is_answer = models.BooleanField(default=False)
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")
    at = timestamps.TimestampField()

    class Meta:
        db_table = "groups_complaint_note"

    def __str__(self) -> str:
        return self.text[:40]


class ComplaintRating(models.Model):
    """What the member was asked about one end of a case; `rating` is null until they say.

    `by` is the staff member who typed it, null for a member's own message.
    """

    complaint = models.ForeignKey(Complaint, models.CASCADE, related_name="ratings")
    closed_at = timestamps.TimestampField()
    asked_at = timestamps.TimestampField()
    rating = models.PositiveSmallIntegerField(null=True)
    rated_at = timestamps.TimestampField(null=True)
    by = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")

    class Meta:
        db_table = "groups_complaint_rating"
        constraints = [
            models.UniqueConstraint(
                fields=["complaint", "closed_at"], name="one_rating_per_end_of_a_case"
            )
        ]
        indexes = [
            models.Index(
                fields=["complaint"],
                condition=models.Q(rating__isnull=True),
                name="ratings_that_are_asked",
            )
        ]

    def __str__(self) -> str:
        return f"{self.complaint_id}: {self.rating}"


@personal_texts.erased_in("words")
class ComplaintSettings(models.Model):
    """`words` is a list of {topic, name, words}, null for the words we begin with.

    The hours are those within which a member is to be answered, by kind of case.
    """

    community = models.OneToOneField(Community, models.CASCADE, related_name="+")
    words: models.JSONField[Any, Any] = models.JSONField(null=True)
    raises_from_messages = models.BooleanField(default=True)
    complaint_hours = models.PositiveIntegerField(default=24)
    after_sales_hours = models.PositiveIntegerField(default=48)
    asks_ratings = models.BooleanField(default=True)

    class Meta:
        db_table = "groups_complaint_settings"

    def __str__(self) -> str:
        return f"settings of {self.community_id}"
