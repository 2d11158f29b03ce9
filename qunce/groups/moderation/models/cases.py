"""Tables of cases: strikes, appeals and reports follow from one."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import pgettext_lazy

from qunce.core import personal_texts, state_machine, timestamps
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.groups.groups import Group
from qunce.groups.moderation.models.rules import Ladder, Mode, Rule, Rung


class CaseState(models.TextChoices):
    OPEN = "open", pgettext_lazy("case", "open")
    OBSERVED = "observed", pgettext_lazy("case", "observed")
    ACTED = "acted", pgettext_lazy("case", "acted on by a rule")
    CONFIRMED = "confirmed", pgettext_lazy("case", "confirmed")
    DISMISSED = "dismissed", pgettext_lazy("case", "dismissed")
    UNDONE = "undone", pgettext_lazy("case", "undone")


CASE_STATES = state_machine.StateMachine(
    {
        "confirm": (("open", "observed", "acted"), "confirmed"),
        "dismiss": (("open", "observed"), "dismissed"),
        "undo": (("acted", "confirmed"), "undone"),
        "reopen": (("acted", "dismissed"), "open"),
    }
)


class CaseSource(models.TextChoices):
    """What a case began with."""

    RULE = "rule", pgettext_lazy("case", "a rule")
    REPORT = "report", pgettext_lazy("case", "a report by a member")
    PASTED = "pasted", pgettext_lazy("case", "a pasted message")
    STAFF = "staff", pgettext_lazy("case", "staff")


class AppealState(models.TextChoices):
    OPEN = "open", pgettext_lazy("appeal", "open")
    UPHELD = "upheld", pgettext_lazy("appeal", "decision stays")
    OVERTURNED = "overturned", pgettext_lazy("appeal", "decision undone")


@personal_texts.erased_in(
    "message_key",
    "judged_key",
    "merged_keys",
    "author_name",
    "findings",
    sentences=("text", "reason"),
)
class Case(models.Model):
    """One message, or one event, about which something was decided or is to be decided.

    `account_id` is the author, `editor_id` whoever wrote the present text if that is
    somebody else, `responsible_id` whom the decision is about, null for a name that
    belongs to no member. `findings` is a list of `{"rule", "name", "version", "check",
    "score", "evidence"}`. `rung` is what was done or is proposed; `verdict` is what a
    person said of the rule: right, wrong, or nothing yet.
    """

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    number = models.PositiveIntegerField()
    group = models.ForeignKey(Group, models.PROTECT, related_name="+")
    source = models.CharField(max_length=10, choices=CaseSource.choices)
    message_key = models.CharField(max_length=255, default="", blank=True)
    judged_key = models.CharField(max_length=255)
    account_id = models.BigIntegerField(null=True)
    editor_id = models.BigIntegerField(null=True)
    responsible_id = models.BigIntegerField(null=True)
    is_forwarded = models.BooleanField(default=False)
    author_name = models.CharField(max_length=200, default="", blank=True)
    text = models.TextField(default="", blank=True)
    happened_at = timestamps.TimestampField()
    findings: models.JSONField[Any, Any] = models.JSONField(default=list)
    rule = models.ForeignKey(Rule, models.PROTECT, null=True, related_name="cases")
    mode = models.CharField(max_length=10, choices=Mode.choices)
    rung = models.CharField(max_length=10, choices=Rung.choices)
    minutes = models.PositiveIntegerField(null=True)
    strikes = models.PositiveIntegerField(default=0)
    merged_keys: models.JSONField[Any, Any] = models.JSONField(default=list)
    duplicates = models.PositiveIntegerField(default=0)
    is_told = models.BooleanField(default=False)
    state = models.CharField(max_length=10, choices=CaseState.choices)
    verdict = models.CharField(max_length=5, default="", blank=True)
    reason = models.CharField(max_length=300, default="", blank=True)
    opened_at = timestamps.TimestampField()
    decided_at = timestamps.TimestampField(null=True)
    decided_by = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")

    class Meta:
        db_table = "moderation_case"
        constraints = [
            models.UniqueConstraint(
                fields=["community", "number"], name="one_case_per_number"
            ),
            models.UniqueConstraint(
                fields=["group", "judged_key"], name="one_case_per_message"
            ),
        ]
        indexes = [
            models.Index(
                fields=["community", "state", "-opened_at"], name="cases_by_state"
            ),
            models.Index(fields=["responsible_id"], name="cases_of_member"),
            models.Index(fields=["rule", "decided_at"], name="cases_of_rule"),
        ]

    def __str__(self) -> str:
        return f"case {self.number}"


class Strike(models.Model):
    """A mark against a person on a ladder.

    One `is_shadow` is of a case that nobody has acted on. A void one no longer counts.
    """

    ladder = models.ForeignKey(Ladder, models.CASCADE, related_name="+", db_index=False)
    account_id = models.BigIntegerField()
    case = models.ForeignKey(Case, models.CASCADE, related_name="+")
    happened_at = timestamps.TimestampField()
    is_shadow = models.BooleanField(default=False)
    voided_at = timestamps.TimestampField(null=True)

    class Meta:
        db_table = "moderation_strike"
        constraints = [
            models.UniqueConstraint(
                fields=["ladder", "case"], name="one_strike_per_ladder_and_case"
            )
        ]
        indexes = [
            models.Index(
                fields=["account_id", "ladder", "happened_at"],
                name="strikes_of_member",
            )
        ]

    def __str__(self) -> str:
        return f"strike of {self.account_id}"


@personal_texts.erased_in(sentences=("text", "answer"), community="case__community_id")
class Appeal(models.Model):
    """A member contests a decision; somebody who has not made it answers."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="appeals")
    account_id = models.BigIntegerField()
    text = models.TextField()
    state = models.CharField(
        max_length=10, choices=AppealState.choices, default=AppealState.OPEN
    )
    answer = models.CharField(max_length=200, default="", blank=True)
    opened_at = timestamps.TimestampField()
    answered_at = timestamps.TimestampField(null=True)
    answered_by = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")

    class Meta:
        db_table = "moderation_appeal"
        constraints = [
            models.UniqueConstraint(
                fields=["case"],
                condition=models.Q(state="open"),
                name="one_open_appeal_per_case",
            )
        ]

    def __str__(self) -> str:
        return f"appeal of case {self.case_id}"


@personal_texts.erased_in(sentences=("text",), community="case__community_id")
class MemberReport(models.Model):
    """A member reports a message. Nobody but staff sees who did."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="reports")
    account_id = models.BigIntegerField(db_index=True)
    text = models.CharField(max_length=300, default="", blank=True)
    reported_at = timestamps.TimestampField()
    answered_at = timestamps.TimestampField(null=True)

    class Meta:
        db_table = "moderation_member_report"
        constraints = [
            models.UniqueConstraint(
                fields=["case", "account_id"], name="one_report_per_member_and_case"
            )
        ]

    def __str__(self) -> str:
        return f"report of case {self.case_id}"
