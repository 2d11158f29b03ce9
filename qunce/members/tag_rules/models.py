"""The tables of tag rules, their runs, and what each run changed."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy, pgettext_lazy

from qunce.core import permissions, personal_texts, timestamps
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.members.tags.models import Tag, TagBatch

MANAGE = permissions.declare(
    "tag_rules.manage",
    permissions.Role.MANAGER,
    community_wide=True,
    label=gettext_lazy("write tag rules, activate them and undo their runs"),
)
"""A tag rule changes members of the whole community."""
VIEW = permissions.declare(
    "tag_rules.view",
    permissions.Role.MANAGER,
    permissions.Role.OPERATOR,
    community_wide=True,
    label=gettext_lazy("see tag rules, their runs and whom they change"),
)
SOURCE_PREFIX = "rule:"
"""A tagging that a rule made has this and the rule's id as its source."""


class Mode(models.TextChoices):
    DAILY = "daily", gettext_lazy("every day")
    ON_DEMAND = "on_demand", gettext_lazy("only when somebody runs it")
    EVENT = "event", gettext_lazy("when it happens")


class State(models.TextChoices):
    DRAFT = "draft", pgettext_lazy("tag rule", "draft")
    ACTIVE = "active", pgettext_lazy("tag rule", "active")
    PAUSED = "paused", pgettext_lazy("tag rule", "paused")
    ARCHIVED = "archived", pgettext_lazy("tag rule", "archived")


class Trigger(models.TextChoices):
    CLOCK = "clock", gettext_lazy("start of the day")
    STAFF = "staff", gettext_lazy("by hand")
    EVENT = "event", gettext_lazy("events of the day")
    PAST = "past", gettext_lazy("past events, on activation")


@personal_texts.erased_in("condition", "effects", sentences=("name", "description"))
class TagRule(models.Model):
    """A condition and its effects on tags; see `conditions` and `effects`.

    Rules are applied in the order of `position`, and of two that contradict each other the
    earlier one wins. `takes_back` removes the tags that this rule gave from members for
    whom its condition no longer holds. `since` is the time in microseconds from which
    recorded facts count. `matched` has the members for whom the condition held at the last
    run.
    """

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    name = models.CharField(max_length=80)
    description = models.TextField(default="", blank=True)
    position = models.PositiveIntegerField()
    condition: models.JSONField[Any, Any] = models.JSONField()
    effects: models.JSONField[Any, Any] = models.JSONField()
    mode = models.CharField(max_length=10, choices=Mode.choices)
    takes_back = models.BooleanField(default=False)
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    since = models.BigIntegerField(null=True)
    matched = models.BinaryField(null=True)
    created_at = timestamps.TimestampField()
    changed_at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")

    class Meta:
        db_table = "members_tag_rule"
        constraints = [
            models.UniqueConstraint(
                fields=["community", "name"], name="one_tag_rule_per_name"
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def source(self) -> str:
        """The source of the taggings that the rule makes."""
        return f"{SOURCE_PREFIX}{self.pk}"


@personal_texts.erased_in(sentences=("error",), community="rule__community_id")
class TagRuleRun(models.Model):
    """One run, or all events of a community day.

    `causes` are the ids of rules whose tags were the events, from the first one on.
    `facts` counts the facts that matched, `late` those that were too old. Undoing `batch`
    undoes the run.
    """

    rule = models.ForeignKey(TagRule, models.PROTECT, related_name="runs")
    day = models.IntegerField()
    trigger = models.CharField(max_length=10, choices=Trigger.choices)
    causes: models.JSONField[list[int], list[int]] = models.JSONField(default=list)
    batch = models.OneToOneField(TagBatch, models.PROTECT, related_name="+")
    facts = models.PositiveIntegerField(default=0)
    late = models.PositiveIntegerField(default=0)
    gained = models.PositiveIntegerField(default=0)
    lost = models.PositiveIntegerField(default=0)
    deepened = models.PositiveIntegerField(default=0)
    kept = models.PositiveIntegerField(default=0)
    error = models.CharField(max_length=300, default="", blank=True)
    at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+", db_index=False)
    finished_at = timestamps.TimestampField(null=True)

    class Meta:
        db_table = "members_tag_rule_run"
        indexes = [models.Index(fields=["rule", "day"], name="tag_rule_run_by_day")]

    def __str__(self) -> str:
        return f"{self.rule_id} on {self.day}"


class TagRuleChange(models.Model):
    """The members whom one run changed in the same way, or left as they were.

    `kind` and `reason` are those of `planning.Change`; `other` is the rule because of
    which they were left. `blob` is the bitmap of the people.
    """

    run = models.ForeignKey(TagRuleRun, models.CASCADE, related_name="changes")
    tag = models.ForeignKey(Tag, models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=10)
    reason = models.CharField(max_length=20, default="", blank=True)
    other = models.ForeignKey(
        TagRule, models.PROTECT, null=True, related_name="+", db_index=False
    )
    amount = models.PositiveIntegerField(default=0)
    size = models.PositiveIntegerField()
    blob = models.BinaryField()

    class Meta:
        db_table = "members_tag_rule_change"

    def __str__(self) -> str:
        return f"{self.kind} {self.tag_id}: {self.size}"
