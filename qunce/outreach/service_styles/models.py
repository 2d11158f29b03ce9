"""Tables of styles of service, and of who has which."""

from __future__ import annotations

from typing import Any

from django.db import models

from qunce.core import personal_texts, timestamps
from qunce.core.communities import Community
from qunce.core.staff.models import Staff


@personal_texts.erased_in("key", "name", sentences=("description",))
class ServiceStyle(models.Model):
    """How members are served. What is null is as in the whole community.

    `limits` is a list of objects as in the contact budget. `playbooks` are the ids of
    those that members of this style may be in; null is any. `answer_minutes` is how soon
    they are to be answered, null if there is no such time.
    """

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    key = models.CharField(max_length=100)
    name = models.CharField(max_length=80)
    description = models.CharField(max_length=300, default="", blank=True)
    limits: models.JSONField[Any, Any] = models.JSONField(default=None, null=True)
    gap_minutes = models.PositiveIntegerField(null=True)
    quiet_start = models.PositiveSmallIntegerField(null=True)
    quiet_end = models.PositiveSmallIntegerField(null=True)
    channel = models.CharField(max_length=30, default="", blank=True)
    playbooks: models.JSONField[Any, Any] = models.JSONField(default=None, null=True)
    answer_minutes = models.PositiveIntegerField(null=True)
    is_default = models.BooleanField(default=False)
    created_at = timestamps.TimestampField()
    changed_at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")

    class Meta:
        db_table = "outreach_service_style"
        constraints = [
            models.UniqueConstraint(
                fields=["community", "key"], name="one_service_style_per_key"
            ),
            models.UniqueConstraint(
                fields=["community"],
                condition=models.Q(is_default=True),
                name="one_default_service_style",
            ),
        ]

    def __str__(self) -> str:
        return self.name


@personal_texts.erased_in("rule", community="style__community_id")
class ServiceStyleRule(models.Model):
    """Members for whom `rule` holds, and none with a lower position, have the style."""

    style = models.ForeignKey(ServiceStyle, models.PROTECT, related_name="rules")
    position = models.PositiveSmallIntegerField()
    rule: models.JSONField[Any, Any] = models.JSONField()

    class Meta:
        db_table = "outreach_service_style_rule"

    def __str__(self) -> str:
        return f"{self.position}: {self.style}"
