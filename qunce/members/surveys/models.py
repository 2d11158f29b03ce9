"""The tables of surveys: questions by version, answers, and what waits for a decision.

The answers of an anonymous survey have neither an account nor a time, and ids at random;
see `anonymous`. That a member answered it is stored apart, in `SurveyAnswered`.
"""

from __future__ import annotations

import secrets

from django.db import models
from django.utils.translation import gettext_lazy, pgettext_lazy

from qunce.core import personal_texts, timestamps
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.members.accounts.models import Account

MAX_NAME, MAX_INTRO, MAX_KEY, MAX_ROUND = 80, 2_000, 20, 24
PUBLIC_ID_LENGTH = 8
ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"


def new_public_id() -> str:
    return "".join(secrets.choice(ALPHABET) for _digit in range(PUBLIC_ID_LENGTH))


def new_id() -> int:
    """An id at random, so that it says nothing about the order of answers.

    It has 53 bits, as programs in JavaScript read no larger numbers exactly.
    """
    return secrets.randbelow(2**53 - 1) + 1


class State(models.TextChoices):
    DRAFT = "draft", pgettext_lazy("survey", "draft")
    OPEN = "open", pgettext_lazy("survey", "open")
    CLOSED = "closed", pgettext_lazy("survey", "closed")


class Repeat(models.TextChoices):
    ONCE = "once", pgettext_lazy("survey", "once")
    MONTH = "month", pgettext_lazy("survey", "once a month")
    DAY = "day", pgettext_lazy("survey", "once a day")


class Layout(models.TextChoices):
    ONE = "one", pgettext_lazy("survey", "one question per page")
    ALL = "all", pgettext_lazy("survey", "all questions on one page")


class Source(models.TextChoices):
    PORTAL = "portal", pgettext_lazy("survey", "member page")
    CHAT = "chat", pgettext_lazy("survey", "chat")
    STAFF = "staff", pgettext_lazy("survey", "typed by staff")
    API = "api", pgettext_lazy("survey", "program")


@personal_texts.erased_in("rule", "draft", sentences=("name", "intro", "thanks"))
class Survey(models.Model):
    """`round` is raised to ask everybody again; `rule` limits the members it is for.

    `draft` are questions that are not published yet; see `questions.parse`.
    """

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    public_id = models.CharField(
        max_length=PUBLIC_ID_LENGTH, unique=True, default=new_public_id
    )
    name = models.CharField(max_length=MAX_NAME)
    intro = models.TextField(default="", blank=True)
    thanks = models.TextField(default="", blank=True)
    keyword = models.CharField(max_length=MAX_KEY, default="", blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    is_anonymous = models.BooleanField(default=False)
    repeat = models.CharField(
        max_length=10, choices=Repeat.choices, default=Repeat.ONCE
    )
    layout = models.CharField(max_length=10, choices=Layout.choices, default=Layout.ONE)
    rule = models.JSONField(null=True)
    draft = models.JSONField(default=list)
    round = models.PositiveIntegerField(default=1)
    created_at = timestamps.TimestampField()
    published_at = timestamps.TimestampField(null=True)
    closes_at = timestamps.TimestampField(null=True)
    closed_at = timestamps.TimestampField(null=True)
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+", db_index=False)

    class Meta:
        indexes = [models.Index(fields=["community", "state"], name="survey_by_state")]

    def __str__(self) -> str:
        return self.name


@personal_texts.erased_in("questions", community="survey__community_id")
class SurveyVersion(models.Model):
    """Questions as they were published; they never change."""

    survey = models.ForeignKey(
        Survey, models.CASCADE, related_name="versions", db_index=False
    )
    number = models.PositiveIntegerField()
    questions = models.JSONField()
    published_at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["survey", "number"], name="one_survey_version_per_number"
            )
        ]

    def __str__(self) -> str:
        return f"version {self.number} of {self.survey_id}"


class SurveyResponse(models.Model):
    """One submission. `person_id` is the person behind the account at that time."""

    id = models.BigIntegerField(primary_key=True, default=new_id)
    survey = models.ForeignKey(
        Survey, models.CASCADE, related_name="responses", db_index=False
    )
    version = models.ForeignKey(
        SurveyVersion, models.PROTECT, related_name="+", db_index=False
    )
    account = models.ForeignKey(Account, models.PROTECT, null=True, related_name="+")
    person_id = models.BigIntegerField(null=True)
    round = models.CharField(max_length=MAX_ROUND)
    source = models.CharField(max_length=10, choices=Source.choices)
    answered_at = timestamps.TimestampField(null=True)
    by = models.ForeignKey(
        Staff, models.PROTECT, null=True, related_name="+", db_index=False
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["survey", "person_id", "round"],
                name="one_survey_response_per_round",
            )
        ]

    def __str__(self) -> str:
        return f"response to {self.survey_id}"


class SurveyAnswer(models.Model):
    """One answer, or one of several chosen options.

    `option` is that of a choice, with the number 1 for the first that was chosen and 0 for
    others; `number` is a scale, days since 1970 of a date, or a number times 10⁴; `text` is
    a text, or the id of a picture.
    """

    id = models.BigIntegerField(primary_key=True, default=new_id)
    survey_id = models.BigIntegerField()
    response = models.ForeignKey(SurveyResponse, models.CASCADE, related_name="answers")
    question = models.CharField(max_length=MAX_KEY)
    option = models.CharField(max_length=MAX_KEY, default="")
    number = models.BigIntegerField(null=True)
    text = models.TextField(default="")

    class Meta:
        indexes = [
            models.Index(
                fields=["survey_id", "question", "option", "number"],
                name="survey_answer_by_question",
            )
        ]

    def __str__(self) -> str:
        return f"answer to {self.question}"


class SurveyAnswered(models.Model):
    """That a member answered an anonymous survey, and on which day; not what."""

    survey = models.ForeignKey(
        Survey, models.CASCADE, related_name="answered", db_index=False
    )
    account = models.ForeignKey(Account, models.PROTECT, related_name="+")
    person_id = models.BigIntegerField()
    round = models.CharField(max_length=MAX_ROUND)
    day = models.IntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["survey", "person_id", "round"],
                name="one_survey_answered_per_round",
            )
        ]

    def __str__(self) -> str:
        return f"{self.account_id} answered {self.survey_id}"


class SurveyDraft(models.Model):
    """What a member has answered and not yet submitted; never of an anonymous survey."""

    survey = models.ForeignKey(
        Survey, models.CASCADE, related_name="drafts", db_index=False
    )
    account = models.ForeignKey(Account, models.PROTECT, related_name="+")
    person_id = models.BigIntegerField()
    round = models.CharField(max_length=MAX_ROUND)
    answers = models.JSONField(default=dict)
    saved_at = timestamps.TimestampField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["survey", "person_id", "round"],
                name="one_survey_draft_per_round",
            )
        ]

    def __str__(self) -> str:
        return f"draft of {self.account_id}"


class SurveyPicture(models.Model):
    """A picture that a member sent, encoded again as JPEG, without what cameras add."""

    public_id = models.CharField(max_length=22, unique=True)
    survey = models.ForeignKey(Survey, models.CASCADE, related_name="pictures")
    account = models.ForeignKey(Account, models.PROTECT, related_name="+")
    content = models.BinaryField()
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    at = timestamps.TimestampField()

    def __str__(self) -> str:
        return f"picture for {self.survey_id}"


class Decision(models.TextChoices):
    WAITING = "waiting", gettext_lazy("waiting")
    TAKEN = "taken", gettext_lazy("taken over")
    KEPT = "kept", gettext_lazy("kept as it was")


class SurveyConflict(models.Model):
    """An answer against a value that staff set: a person decides which one holds."""

    survey = models.ForeignKey(Survey, models.CASCADE, related_name="conflicts")
    account = models.ForeignKey(Account, models.PROTECT, related_name="+")
    question = models.CharField(max_length=MAX_KEY)
    attribute_id = models.BigIntegerField()
    value = models.TextField()
    state = models.CharField(
        max_length=10, choices=Decision.choices, default=Decision.WAITING
    )
    asked_at = timestamps.TimestampField()
    decided_at = timestamps.TimestampField(null=True)
    decided_by = models.ForeignKey(
        Staff, models.PROTECT, null=True, related_name="+", db_index=False
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "attribute_id"],
                condition=models.Q(state="waiting"),
                name="one_open_survey_conflict",
            )
        ]

    def __str__(self) -> str:
        return f"answer of {self.account_id} against staff"
