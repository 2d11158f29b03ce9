"""The tables of homework: what was handed in, who reviews it, and what was said about it.

Rows name the account that acted and the person of that moment, and a merge rewrites none.
A score is stored twice as large as it is, since the median of an even number of reviews
may end in a half.
"""

from __future__ import annotations

import secrets

from django.db import models
from django.utils.translation import gettext_lazy, pgettext_lazy

from qunce.activities.activities.models import ALPHABET, MAX_SENTENCE, Activity, Way
from qunce.core import personal_texts, timestamps
from qunce.core.staff.models import Staff

MAX_TEXT, MAX_LINK, MAX_COMMENT = 4_000, 500, 1_000
CODE_LENGTH = 10


def new_code() -> str:
    """A code for the address of a review, which nobody can guess."""
    return "".join(secrets.choice(ALPHABET) for _place in range(CODE_LENGTH))


def new_seed() -> str:
    return secrets.token_hex(16)


class Homework(models.Model):
    """What is kept beside the settings of published homework.

    Every change of what was handed in and of its reviews locks this row first. The order
    in which reviewers are chosen follows from `seed`. `first_planned_at` is when reviewers were first chosen, and
    `without_reviewers` how many reviews could not be given to anybody at the last look.
    """

    activity = models.OneToOneField(Activity, models.PROTECT, related_name="homework")
    due_at = timestamps.TimestampField()
    review_due_at = timestamps.TimestampField()
    seed = models.CharField(max_length=32, default=new_seed)
    first_planned_at = timestamps.TimestampField(null=True)
    without_reviewers = models.PositiveIntegerField(default=0)
    results_at = timestamps.TimestampField(null=True)

    class Meta:
        db_table = "homework_homework"
        indexes = [models.Index(fields=["review_due_at"], name="homework_to_review")]

    def __str__(self) -> str:
        return str(self.activity_id)


@personal_texts.erased_in(
    sentences=("text", "link", "reason"), community="activity__community_id"
)
class Submission(models.Model):
    """What a person handed in; a newer version before the due time replaces it.

    `doubled` is twice the score that staff decided, with their `reason`, or once results
    are published twice the score that counts. `passed` is null until then. `is_paid` is
    false while points for passing are owed.
    """

    activity = models.ForeignKey(Activity, models.PROTECT, related_name="submissions")
    account_id = models.BigIntegerField()
    person_id = models.BigIntegerField()
    code = models.CharField(max_length=CODE_LENGTH, unique=True, default=new_code)
    text = models.TextField(default="", blank=True)
    link = models.CharField(max_length=MAX_LINK, default="", blank=True)
    source = models.CharField(max_length=10, choices=Way.choices)
    at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")
    version = models.PositiveIntegerField(default=1)
    is_late = models.BooleanField(default=False)
    doubled = models.PositiveIntegerField(null=True)
    reason = models.CharField(max_length=MAX_SENTENCE, default="", blank=True)
    decided_by = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")
    decided_at = timestamps.TimestampField(null=True)
    graded_at = timestamps.TimestampField(null=True)
    passed = models.BooleanField(null=True)
    is_paid = models.BooleanField(default=True)

    class Meta:
        db_table = "homework_submission"
        constraints = [
            models.UniqueConstraint(
                fields=["activity", "person_id"], name="one_submission_per_person"
            )
        ]
        indexes = [
            models.Index(fields=["account_id"], name="submissions_of_account"),
            models.Index(
                fields=["activity"],
                condition=models.Q(is_paid=False),
                name="submissions_to_pay",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} in {self.activity_id}"


class ReviewState(models.TextChoices):
    OPEN = "open", pgettext_lazy("peer review", "to do")
    DONE = "done", pgettext_lazy("peer review", "done")
    WITHDRAWN = "withdrawn", pgettext_lazy("peer review", "withdrawn")


class Why(models.TextChoices):
    """Why a review was withdrawn from its reviewer."""

    NONE = "", ""
    MISSED = "missed", gettext_lazy("not done in time, given to somebody else")
    LEFT = "left", gettext_lazy("the reviewer does not count any more")
    AUTHOR = "author", gettext_lazy("the reviewer is the author")
    TWICE = "twice", gettext_lazy("the reviewer has another review of it")
    NOT_NEEDED = "not_needed", gettext_lazy("the review is not needed any more")


@personal_texts.erased_in(
    sentences=("comment",), community="submission__activity__community_id"
)
class PeerReview(models.Model):
    """That an account reviews what somebody else handed in, until `due_at`.

    `author_person_id` is the person of the submission then, so that the database refuses
    a review of one's own.
    """

    submission = models.ForeignKey(
        Submission, models.PROTECT, related_name="reviews", db_index=False
    )
    account_id = models.BigIntegerField()
    person_id = models.BigIntegerField()
    author_person_id = models.BigIntegerField()
    code = models.CharField(max_length=CODE_LENGTH, unique=True, default=new_code)
    state = models.CharField(
        max_length=10, choices=ReviewState.choices, default=ReviewState.OPEN
    )
    why = models.CharField(
        max_length=10, choices=Why.choices, default=Why.NONE, blank=True
    )
    assigned_at = timestamps.TimestampField()
    due_at = timestamps.TimestampField()
    done_at = timestamps.TimestampField(null=True)
    score = models.PositiveSmallIntegerField(null=True)
    comment = models.TextField(default="", blank=True)

    class Meta:
        db_table = "homework_review"
        constraints = [
            models.UniqueConstraint(
                fields=["submission", "account_id"], name="one_review_per_reviewer"
            ),
            models.CheckConstraint(
                condition=~models.Q(person_id=models.F("author_person_id")),
                name="nobody_reviews_their_own",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="done") | models.Q(score__isnull=False),
                name="done_review_has_a_score",
            ),
        ]
        indexes = [models.Index(fields=["account_id"], name="reviews_of_account")]

    def __str__(self) -> str:
        return f"{self.account_id} reviews {self.submission_id}"


@personal_texts.erased_in(
    sentences=("text",), community="submission__activity__community_id"
)
class Comment(models.Model):
    """A line between staff and the author; `by` is null for the author's own."""

    submission = models.ForeignKey(Submission, models.PROTECT, related_name="comments")
    account_id = models.BigIntegerField(null=True)
    by = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")
    text = models.TextField()
    at = timestamps.TimestampField()

    class Meta:
        db_table = "homework_comment"
        indexes = [models.Index(fields=["account_id"], name="comments_of_account")]

    def __str__(self) -> str:
        return self.text
