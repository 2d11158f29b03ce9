"""The table of the notebook."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import pgettext_lazy

from qunce.core import personal_texts, state_machine, timestamps
from qunce.core.communities import Community
from qunce.core.staff.models import Staff

MAX_TITLE, MAX_NAME, MAX_TEXT, MAX_EFFECT = 120, 80, 4_000, 1_000
MAX_SOURCE, MAX_UNIT, MAX_URL = 200, 20, 2_000
MAX_TAGS, MAX_TAG = 20, 40


class Kind(models.TextChoices):
    COMPETITOR = "competitor", pgettext_lazy("notebook", "competitor")
    BENCHMARK = "benchmark", pgettext_lazy("notebook", "industry benchmark")
    PLATFORM_CHANGE = "platform_change", pgettext_lazy("notebook", "platform change")


class State(models.TextChoices):
    ACTIVE = "active", pgettext_lazy("notebook entry", "active")
    ARCHIVED = "archived", pgettext_lazy("notebook entry", "archived")


STATES = state_machine.StateMachine(
    {
        "archive": (("active",), "archived"),
        "restore": (("archived",), "active"),
    }
)


@personal_texts.erased_in(
    "tags", "url", sentences=("title", "who", "text", "effect", "metric", "source")
)
class NotebookEntry(models.Model):
    """What somebody noted of a `day`.

    `who` and `effect` are of competitors. A benchmark has a `metric`, the name of one of
    our metrics or ratios or a name of its own, with `value`, `unit` and `source`.
    """

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    day = models.DateField()
    title = models.CharField(max_length=MAX_TITLE, default="", blank=True)
    text = models.TextField(default="", blank=True)
    who = models.CharField(max_length=MAX_NAME, default="", blank=True)
    effect = models.TextField(default="", blank=True)
    metric = models.CharField(max_length=MAX_NAME, default="", blank=True)
    value = models.DecimalField(max_digits=18, decimal_places=6, null=True)
    unit = models.CharField(max_length=MAX_UNIT, default="", blank=True)
    source = models.CharField(max_length=MAX_SOURCE, default="", blank=True)
    url = models.CharField(max_length=MAX_URL, default="", blank=True)
    tags: models.JSONField[Any, Any] = models.JSONField(default=list)
    state = models.CharField(max_length=10, choices=State.choices, default=State.ACTIVE)
    created_at = timestamps.TimestampField()
    changed_at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")

    class Meta:
        db_table = "insight_notebook_entry"
        indexes = [
            models.Index(fields=["community", "state", "day"], name="notebook_by_day")
        ]

    def __str__(self) -> str:
        return self.title or self.metric
