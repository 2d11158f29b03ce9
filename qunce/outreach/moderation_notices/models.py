"""Tables of notices to members, and of tasks that staff do by hand."""

from __future__ import annotations

from django.db import models
from django.utils.translation import pgettext_lazy

from qunce.core import timestamps
from qunce.core.communities import Community
from qunce.outreach.tasks.staff_tasks import TaskRequest


class NoticeKind(models.TextChoices):
    ACTED = "acted", pgettext_lazy("notice", "something was done")
    UNDONE = "undone", pgettext_lazy("notice", "it was undone")
    APPEAL_OPENED = "appeal_opened", pgettext_lazy("notice", "appeal received")
    APPEAL_ANSWERED = "appeal_answered", pgettext_lazy("notice", "appeal answered")
    REPORT_ANSWERED = "report_answered", pgettext_lazy("notice", "report answered")


class Notice(models.Model):
    """A message to a member about a case; its pk is the origin of the message.

    `fact_id` is what it follows from, once.
    """

    community = models.ForeignKey(Community, models.CASCADE, related_name="+")
    kind = models.CharField(max_length=20, choices=NoticeKind.choices)
    case_number = models.PositiveIntegerField()
    account_id = models.BigIntegerField(db_index=True)
    fact_id = models.BigIntegerField(unique=True)
    created_at = timestamps.TimestampField()

    class Meta:
        db_table = "moderation_notice"

    def __str__(self) -> str:
        return f"{self.kind} {self.case_number}"


class HandTask(models.Model):
    """A staff task in which an action is done by hand; each action is in one."""

    action_id = models.BigIntegerField(unique=True)
    request = models.ForeignKey(TaskRequest, models.CASCADE, related_name="+")

    class Meta:
        db_table = "moderation_hand_task"

    def __str__(self) -> str:
        return f"action {self.action_id}"
