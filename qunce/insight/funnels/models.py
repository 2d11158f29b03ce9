"""The table of funnels that staff have saved."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import pgettext_lazy

from qunce.core import personal_texts, state_machine, timestamps
from qunce.core.communities import Community
from qunce.core.staff.models import Staff


class State(models.TextChoices):
    ACTIVE = "active", pgettext_lazy("funnel", "active")
    ARCHIVED = "archived", pgettext_lazy("funnel", "archived")


STATES = state_machine.StateMachine(
    {
        "archive": (("active",), "archived"),
        "restore": (("archived",), "active"),
    }
)


@personal_texts.erased_in("name", "definition")
class Funnel(models.Model):
    """`definition` is the JSON that `definitions.parse` reads."""

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    name = models.CharField(max_length=80)
    definition: models.JSONField[dict[str, Any], dict[str, Any]] = models.JSONField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.ACTIVE)
    created_at = timestamps.TimestampField()
    changed_at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["community", "state"], name="funnel_by_state")]

    def __str__(self) -> str:
        return self.name
