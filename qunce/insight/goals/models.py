"""The tables of goals and of their results."""

from __future__ import annotations

from django.db import models
from django.utils.translation import pgettext_lazy

from qunce.core import personal_texts, state_machine, timestamps
from qunce.core.communities import Community
from qunce.core.staff.models import Staff

MAX_NAME, MAX_METRIC, MAX_GROUP = 80, 80, 200


class Direction(models.TextChoices):
    AT_LEAST = "at_least", pgettext_lazy("goal", "at least")
    AT_MOST = "at_most", pgettext_lazy("goal", "at most")


class State(models.TextChoices):
    ACTIVE = "active", pgettext_lazy("goal", "active")
    ARCHIVED = "archived", pgettext_lazy("goal", "archived")


STATES = state_machine.StateMachine(
    {
        "archive": (("active",), "archived"),
        "restore": (("archived",), "active"),
    }
)


@personal_texts.erased_in("group", "metric", sentences=("name",))
class Goal(models.Model):
    """A target of a metric or a ratio for the community days from `first` to `last`.

    `group` is the key of a group, "" for the community. `target` is as people write it:
    people or times, whole units of `currency`, or per cent.
    """

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    name = models.CharField(max_length=MAX_NAME, default="", blank=True)
    metric = models.CharField(max_length=MAX_METRIC)
    group = models.CharField(max_length=MAX_GROUP, default="", blank=True)
    direction = models.CharField(max_length=10, choices=Direction.choices)
    target = models.DecimalField(max_digits=24, decimal_places=6)
    currency = models.CharField(max_length=3, default="", blank=True)
    first = models.DateField()
    last = models.DateField()
    owner = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")
    state = models.CharField(max_length=10, choices=State.choices, default=State.ACTIVE)
    created_at = timestamps.TimestampField()
    changed_at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")

    class Meta:
        db_table = "insight_goal"
        indexes = [
            models.Index(fields=["community", "state", "last"], name="goal_by_end")
        ]

    def __str__(self) -> str:
        return self.name or self.metric


class GoalResult(models.Model):
    """What a goal came to when its span was over, which never changes.

    `numerator` and `denominator` are the exact number, and `denominator` is 0 if there
    were too few people to say. `position` is that of the facts that were counted.
    """

    goal = models.OneToOneField(Goal, models.PROTECT, related_name="result")
    numerator = models.BigIntegerField()
    denominator = models.BigIntegerField()
    origin = models.CharField(max_length=10)
    standing = models.CharField(max_length=20)
    text = models.CharField(max_length=30)
    position = models.BigIntegerField()
    recorded_at = timestamps.TimestampField()

    class Meta:
        db_table = "insight_goal_result"

    def __str__(self) -> str:
        return f"{self.goal_id}: {self.text}"
