"""The tables of findings: what was found on a day, and what staff decided about it."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import pgettext_lazy

from qunce.core import personal_texts, state_machine, timestamps
from qunce.core.communities import Community
from qunce.core.staff.models import Staff

MAX_REASON = 200
MAX_CELL = 250


class Decided(models.TextChoices):
    DISMISSED = "dismissed", pgettext_lazy("finding", "dismissed")
    ACTED = "acted", pgettext_lazy("finding", "acted on")


class State(models.TextChoices):
    ACTIVE = "active", pgettext_lazy("finding decision", "active")
    WITHDRAWN = "withdrawn", pgettext_lazy("finding decision", "withdrawn")


STATES = state_machine.StateMachine({"withdraw": (("active",), "withdrawn")})


@personal_texts.erased_in("result")
class FindingReport(models.Model):
    """What was found on the morning of `day`; derived, and computed again if it is lost.

    `view` says who sees it: staff with the same limits have the same numbers. `result` is
    that of `Findings.to_json`. `position` is that of the facts that were counted.
    """

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    view = models.CharField(max_length=32, default="", blank=True)
    day = models.DateField()
    result: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField()
    position = models.BigIntegerField(default=0)
    computed_at = timestamps.TimestampField()

    class Meta:
        db_table = "insight_finding_report"
        constraints = [
            models.UniqueConstraint(
                fields=["community", "view", "day"], name="finding_report_of_day"
            )
        ]

    def __str__(self) -> str:
        return f"findings of {self.day}"


@personal_texts.erased_in("finding", sentences=("reason",))
class FindingDecision(models.Model):
    """Staff dismissed a finding for a reason, or acted on it.

    `finding` is what they saw. `outcome` is what happened since they acted, as counted in
    the same view; it is counted again every day for two weeks.
    """

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    decided = models.CharField(max_length=10, choices=Decided.choices)
    cell = models.CharField(max_length=MAX_CELL)
    group_key = models.CharField(max_length=MAX_CELL, default="", blank=True)
    view = models.CharField(max_length=32, default="", blank=True)
    finding: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField()
    outcome: models.JSONField[dict[str, Any] | None, dict[str, Any] | None] = (
        models.JSONField(null=True)
    )
    reason = models.CharField(max_length=MAX_REASON, default="", blank=True)
    action = models.CharField(max_length=20, default="", blank=True)
    state = models.CharField(max_length=10, choices=State.choices, default=State.ACTIVE)
    day = models.DateField()
    decided_at = timestamps.TimestampField()
    changed_at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")

    class Meta:
        db_table = "insight_finding_decision"
        indexes = [
            models.Index(
                fields=["community", "state", "day"], name="finding_decision_by_day"
            )
        ]

    def __str__(self) -> str:
        return f"{self.decided}: {self.cell}"
