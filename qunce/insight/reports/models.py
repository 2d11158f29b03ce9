"""The table of reports: numbers of a period as they were printed."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import pgettext_lazy

from qunce.core import personal_texts, timestamps
from qunce.core.communities import Community
from qunce.core.staff.models import Staff


class Kind(models.TextChoices):
    DAILY = "daily", pgettext_lazy("report", "daily")
    WEEKLY = "weekly", pgettext_lazy("report", "weekly")
    MONTHLY = "monthly", pgettext_lazy("report", "monthly")


@personal_texts.erased_in("result")
class Report(models.Model):
    """The numbers of the days from `first` to `last`, which never change.

    `view` says whose eyes they are of: staff with the same limits share a report.
    `result` is that of `results.freeze`. `definitions` is the version of the metric
    dictionary, and `position` that of the facts that were counted.
    """

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    view = models.CharField(max_length=32, default="", blank=True)
    kind = models.CharField(max_length=10, choices=Kind.choices)
    first = models.DateField()
    last = models.DateField()
    result: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField()
    definitions = models.CharField(max_length=16)
    position = models.BigIntegerField(default=0)
    created_at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")

    class Meta:
        db_table = "insight_report"
        constraints = [
            models.UniqueConstraint(
                fields=["community", "view", "kind", "first"], name="report_of_period"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.first} – {self.last}"


class ReportSubscribers(models.Model):
    """Staff on whose Today new reports of a kind appear: by role, and by person.

    `roles` are names of roles, `staff` are ids.
    """

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    roles: models.JSONField[list[str], list[str]] = models.JSONField(default=list)
    staff: models.JSONField[list[int], list[int]] = models.JSONField(default=list)
    changed_at = timestamps.TimestampField()

    class Meta:
        db_table = "insight_report_subscribers"
        constraints = [
            models.UniqueConstraint(
                fields=["community", "kind"], name="report_subscribers_of_kind"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {len(self.roles)} roles, {len(self.staff)} staff"


class ReportSettings(models.Model):
    """How the reports of a community are printed from now on, and how long dailies stay.

    `first_weekday` is 0 for Monday. `left_out` are names of sections.
    """

    community = models.OneToOneField(Community, models.PROTECT, related_name="+")
    first_weekday = models.PositiveSmallIntegerField(default=0)
    left_out: models.JSONField[list[str], list[str]] = models.JSONField(default=list)
    keep_days = models.PositiveIntegerField()
    changed_at = timestamps.TimestampField()

    class Meta:
        db_table = "insight_report_settings"

    def __str__(self) -> str:
        return f"weeks from {self.first_weekday}, days kept for {self.keep_days}"
