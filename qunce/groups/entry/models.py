"""Tables of entry gates: what a newcomer has to do, their requests, and group rules."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import pgettext_lazy

from qunce.core import personal_texts, state_machine, timestamps
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.groups.entry import gate_surveys
from qunce.groups.groups import Group
from qunce.groups.moderation.models import Action
from qunce.members.surveys import surveys
from qunce.members.surveys.models import Survey
from qunce.members.surveys.questions import Question

MAX_NOTE = 200


class State(models.TextChoices):
    WAITING = "waiting", pgettext_lazy("entry request", "waiting")
    PASSED = "passed", pgettext_lazy("entry request", "let in")
    REFUSED = "refused", pgettext_lazy("entry request", "refused")
    EXPIRED = "expired", pgettext_lazy("entry request", "expired")


STATES = state_machine.StateMachine(
    {
        "let_in": (("waiting", "refused", "expired"), "passed"),
        "refuse": (("waiting",), "refused"),
        "expire": (("waiting",), "expired"),
    }
)


class Reason(models.TextChoices):
    """Why somebody was refused."""

    BLACKLIST = "blacklist", pgettext_lazy("entry request", "is on the blacklist")
    OTHER_GROUP = (
        "other_group",
        pgettext_lazy("entry request", "is in another group of the set"),
    )
    ATTEMPTS = "attempts", pgettext_lazy("entry request", "too many wrong answers")
    THRESHOLD = (
        "threshold",
        pgettext_lazy("entry request", "does not meet the entry threshold"),
    )
    STAFF = "staff", pgettext_lazy("entry request", "staff refused")
    FULL = "full", pgettext_lazy("entry request", "the group is full")


@personal_texts.erased_in(sentences=("keywords", "rule", "note"))
class EntryGate(models.Model):
    """What somebody has to do to enter a group; an empty part asks for nothing.

    Its questions are those of `asked_survey`, which was written for this gate only if it
    `owns_survey`; see `gate_surveys`. `rule` is the members' rule that newcomers must
    meet, and `note` says it in words, to staff and to newcomers who do not meet it.
    """

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    group = models.OneToOneField(Group, models.PROTECT, related_name="+")
    is_on = models.BooleanField(default=False)
    keywords: models.JSONField[Any, Any] = models.JSONField(default=list)
    asked_survey = models.ForeignKey(
        Survey, models.PROTECT, null=True, related_name="+", db_index=False
    )
    owns_survey = models.BooleanField(default=False)
    rule: models.JSONField[Any, Any] = models.JSONField(default=None, null=True)
    note = models.CharField(max_length=MAX_NOTE, default="", blank=True)
    needs_approval = models.BooleanField(default=False)
    wait_hours = models.PositiveIntegerField(default=48)
    max_attempts = models.PositiveSmallIntegerField(default=5)
    changed_at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"gate of {self.group}"

    @property
    def survey(self) -> str:
        """The public id of the survey that was chosen, "" for none or one of its own."""
        if self.asked_survey is None or self.owns_survey:
            return ""
        return self.asked_survey.public_id

    @property
    def survey_questions(self) -> tuple[Question, ...]:
        """All questions of its survey, in the newest version."""
        if self.asked_survey is None:
            return ()
        # With prefetched versions, no further query.
        versions = self.asked_survey.versions.all()
        newest = max(versions, key=lambda each: each.number, default=None)
        return () if newest is None else surveys.questions_of(newest)

    @property
    def questions(self) -> list[dict[str, Any]]:
        """Its questions as dicts of `text`, `attribute` and `answers`; see `gate_surveys`."""
        return gate_surveys.to_gate(self.survey_questions)


@personal_texts.erased_in(sentences=("name", "answers"))
class EntryRequest(models.Model):
    """One person who wants to enter a group, or has entered it and must still answer.

    `step` is what they are asked now. `answers` are dicts of `step`, `text` and
    `accepted`. `is_inside` says that they joined before they were asked. `action` is the
    invitation or the removal that followed from the decision.
    """

    community = models.ForeignKey(Community, models.CASCADE, related_name="+")
    group = models.ForeignKey(Group, models.PROTECT, related_name="+")
    account_id = models.BigIntegerField()
    name = models.CharField(max_length=200, default="", blank=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    reason = models.CharField(max_length=12, choices=Reason.choices, default="")
    step = models.CharField(max_length=20, default="", blank=True)
    answers: models.JSONField[Any, Any] = models.JSONField(default=list)
    is_inside = models.BooleanField(default=False)
    asked_at = timestamps.TimestampField()
    expires_at = timestamps.TimestampField()
    decided_at = timestamps.TimestampField(null=True)
    decided_by = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")
    action = models.ForeignKey(Action, models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["group", "account_id"],
                condition=models.Q(state="waiting"),
                name="one_waiting_entry_request",
            )
        ]
        indexes = [
            models.Index(fields=["account_id"], name="entry_request_by_account"),
            models.Index(
                fields=["expires_at"],
                condition=models.Q(state="waiting"),
                name="entry_requests_waiting",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name or self.account_id}: {self.group}"

    @property
    def attempts(self) -> int:
        """Wrong answers to the present step."""
        return sum(
            each["step"] == self.step and not each["accepted"] for each in self.answers
        )


@personal_texts.erased_in(sentences=("text",))
class GroupRules(models.Model):
    """One version of the rules of a group; the latest one holds.

    `asks_again` says that members who accepted an earlier version accept this one, too.
    """

    group = models.ForeignKey(Group, models.PROTECT, related_name="+")
    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    version = models.PositiveIntegerField()
    text = models.TextField()
    accept_words: models.JSONField[Any, Any] = models.JSONField(default=list)
    asks_again = models.BooleanField(default=False)
    published_at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["group", "version"], name="one_text_per_version_of_rules"
            )
        ]

    def __str__(self) -> str:
        return f"rules of {self.group}, version {self.version}"


class RulesAcceptance(models.Model):
    """A member's acceptance of a version; `by` is the staff member who recorded it."""

    rules = models.ForeignKey(GroupRules, models.CASCADE, related_name="acceptances")
    account_id = models.BigIntegerField()
    accepted_at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["rules", "account_id"], name="one_acceptance_per_member"
            )
        ]
        indexes = [
            models.Index(fields=["account_id"], name="acceptance_by_account"),
        ]

    def __str__(self) -> str:
        return f"{self.account_id} accepted {self.rules_id}"
