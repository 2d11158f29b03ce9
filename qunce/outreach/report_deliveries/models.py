"""The table of deliveries: who got the report of a period, and whether they opened it."""

from __future__ import annotations

from django.db import models
from django.utils.translation import pgettext_lazy

from qunce.core import personal_texts, state_machine, timestamps
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.insight.reports.models import Kind, Report
from qunce.outreach.tasks.staff_tasks import StaffTask

MAX_REASON = 300


class State(models.TextChoices):
    FAILED = "failed", pgettext_lazy("delivery", "not delivered")
    OPEN = "open", pgettext_lazy("delivery", "delivered")
    OPENED = "opened", pgettext_lazy("delivery", "opened")
    CLOSED = "closed", pgettext_lazy("delivery", "not opened")


STATES = state_machine.StateMachine(
    {
        "deliver": (("failed",), "open"),
        "open": (("open", "closed"), "opened"),
        "close": (("open", "failed"), "closed"),
    }
)


@personal_texts.erased_in(sentences=("reason",))
class ReportDelivery(models.Model):
    """The report of a period for one subscriber, of which there is never a second one.

    `report` and `task` are null if it could not be delivered, for `reason`. Staff who do
    no tasks have none, and find the report on Today.
    """

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    first = models.DateField()
    staff = models.ForeignKey(Staff, models.PROTECT, related_name="+")
    report = models.ForeignKey(Report, models.CASCADE, null=True, related_name="+")
    task = models.OneToOneField(StaffTask, models.PROTECT, null=True, related_name="+")
    state = models.CharField(max_length=10, choices=State.choices)
    reason = models.CharField(max_length=MAX_REASON, default="", blank=True)
    changed_at = timestamps.TimestampField()

    class Meta:
        db_table = "outreach_report_delivery"
        constraints = [
            models.UniqueConstraint(
                fields=["community", "kind", "first", "staff"],
                name="one_delivery_per_period_and_staff",
            )
        ]
        indexes = [
            models.Index(
                fields=["staff"],
                condition=models.Q(state="open"),
                name="open_report_deliveries",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.first} / {self.staff}"
