"""Tables of rules of moderation: ladders, limits of groups, trials and what was learned."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import pgettext_lazy

from qunce.core import personal_texts, timestamps
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.groups.groups import Group


class Mode(models.TextChoices):
    """What a rule may do, in the order of power."""

    OFF = "off", pgettext_lazy("moderation", "off")
    OBSERVE = "observe", pgettext_lazy("moderation", "observe")
    PROPOSE = "propose", pgettext_lazy("moderation", "propose")
    ACT = "act", pgettext_lazy("moderation", "act")


class Rung(models.TextChoices):
    """What a member gets, in the order of severity."""

    WARN = "warn", pgettext_lazy("moderation", "warn")
    DELETE = "delete", pgettext_lazy("moderation", "delete the message")
    MUTE = "mute", pgettext_lazy("moderation", "mute")
    KICK = "kick", pgettext_lazy("moderation", "remove from the group")
    BAN = "ban", pgettext_lazy("moderation", "ban")


@personal_texts.erased_in("key", "name")
class Ladder(models.Model):
    """What follows from the first, second, … strike of a member.

    `rungs` is a list of `{"strikes": n, "rung": …, "minutes": n}`. A strike counts for
    `window_days`, and always if that is null.
    """

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    key = models.CharField(max_length=100)
    name = models.CharField(max_length=80)
    window_days = models.PositiveSmallIntegerField(null=True)
    rungs: models.JSONField[Any, Any] = models.JSONField(default=list)
    changed_at = timestamps.TimestampField()

    class Meta:
        db_table = "moderation_ladder"
        constraints = [
            models.UniqueConstraint(
                fields=["community", "key"], name="one_ladder_per_key"
            )
        ]

    def __str__(self) -> str:
        return self.name


@personal_texts.erased_in("key", "name", "checks", "conditions", sentences=("note",))
class Rule(models.Model):
    """Checks, any of which must find something, and conditions, all of which must hold.

    `checks` is a list of `{"check": key, "options": {…}}`. `shadow_version` is the
    version that was tried on the past, `note` why the mode was changed automatically.
    """

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    key = models.CharField(max_length=100)
    name = models.CharField(max_length=80)
    checks: models.JSONField[Any, Any] = models.JSONField(default=list)
    conditions: models.JSONField[Any, Any] = models.JSONField(default=dict)
    ladder = models.ForeignKey(Ladder, models.PROTECT, related_name="rules")
    mode = models.CharField(max_length=10, choices=Mode.choices, default=Mode.OBSERVE)
    version = models.PositiveIntegerField(default=1)
    shadow_version = models.PositiveIntegerField(default=0)
    note = models.CharField(max_length=300, default="", blank=True)
    archived_at = timestamps.TimestampField(null=True)
    created_at = timestamps.TimestampField()
    changed_at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")

    class Meta:
        db_table = "moderation_rule"
        constraints = [
            models.UniqueConstraint(
                fields=["community", "key"], name="one_moderation_rule_per_key"
            )
        ]

    def __str__(self) -> str:
        return self.name


@personal_texts.erased_in("checks", "conditions", community="rule__community_id")
class RuleVersion(models.Model):
    """What a rule was when a case names this version of it."""

    rule = models.ForeignKey(Rule, models.CASCADE, related_name="versions")
    version = models.PositiveIntegerField()
    checks: models.JSONField[Any, Any] = models.JSONField(default=list)
    conditions: models.JSONField[Any, Any] = models.JSONField(default=dict)
    created_at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")

    class Meta:
        db_table = "moderation_rule_version"
        constraints = [
            models.UniqueConstraint(
                fields=["rule", "version"], name="one_row_per_rule_version"
            )
        ]

    def __str__(self) -> str:
        return f"{self.rule} {self.version}"


class ModerationSettings(models.Model):
    """What holds for a community where a group or a rule says nothing else.

    Null is off: without `max_per_minute` or `max_percent` there is no such safety stop.
    `max_percent` is the share of a group's members within an hour. `task_minutes` is how
    long staff have to do in a group what its channel cannot do.
    """

    community = models.OneToOneField(Community, models.PROTECT, related_name="+")
    mode = models.CharField(max_length=10, choices=Mode.choices, default=Mode.ACT)
    max_per_minute = models.PositiveSmallIntegerField(null=True, default=20)
    max_percent = models.PositiveSmallIntegerField(null=True, default=10)
    two_people_above = models.PositiveSmallIntegerField(default=10)
    door_minutes = models.PositiveSmallIntegerField(default=30)
    task_minutes = models.PositiveSmallIntegerField(default=120)
    sends_notices = models.BooleanField(default=True)
    changed_at = timestamps.TimestampField()

    class Meta:
        db_table = "moderation_settings"

    def __str__(self) -> str:
        return f"moderation of {self.community}"


class GroupMode(models.Model):
    """The most that rules may do in a group."""

    group = models.OneToOneField(Group, models.CASCADE, related_name="+")
    mode = models.CharField(max_length=10, choices=Mode.choices)
    changed_at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")

    class Meta:
        db_table = "moderation_group_mode"

    def __str__(self) -> str:
        return f"{self.mode} in {self.group}"


class SafetyStop(models.Model):
    """Too many actions in a group: rules only propose there until `ended_at`."""

    group = models.ForeignKey(Group, models.CASCADE, related_name="+")
    reason = models.CharField(max_length=20)
    number = models.PositiveIntegerField()
    started_at = timestamps.TimestampField()
    ended_at = timestamps.TimestampField(null=True)
    ended_by = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")

    class Meta:
        db_table = "moderation_safety_stop"
        constraints = [
            models.UniqueConstraint(
                fields=["group"],
                condition=models.Q(ended_at__isnull=True),
                name="one_safety_stop_per_group",
            )
        ]

    def __str__(self) -> str:
        return f"safety stop in {self.group}"


@personal_texts.erased_in("place", "state", community="group__community_id")
class CheckState(models.Model):
    """What a check of a rule remembers about a group, or about a person in it.

    `place` is `<number of the check>:<account>`, without an account for the whole group.
    """

    rule = models.ForeignKey(Rule, models.CASCADE, related_name="+", db_index=False)
    version = models.PositiveIntegerField()
    group = models.ForeignKey(Group, models.CASCADE, related_name="+")
    place = models.CharField(max_length=40)
    state: models.JSONField[Any, Any] = models.JSONField(default=dict)
    changed_at = timestamps.TimestampField(db_index=True)

    class Meta:
        db_table = "moderation_check_state"
        constraints = [
            models.UniqueConstraint(
                fields=["rule", "version", "group", "place"],
                name="one_state_per_check_and_place",
            )
        ]

    def __str__(self) -> str:
        return f"{self.rule_id}.{self.version} {self.place}"


class ShadowRun(models.Model):
    """A version of a rule tried on stored texts; `messages` are the ids of those it hit."""

    rule = models.ForeignKey(Rule, models.CASCADE, related_name="shadow_runs")
    version = models.PositiveIntegerField()
    since = timestamps.TimestampField()
    until = timestamps.TimestampField()
    total = models.PositiveIntegerField()
    hits = models.PositiveIntegerField()
    messages: models.JSONField[Any, Any] = models.JSONField(default=list)
    created_at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")

    class Meta:
        db_table = "moderation_shadow_run"

    def __str__(self) -> str:
        return f"{self.hits} of {self.total}"


class RuleWeek(models.Model):
    """How many of a rule's settled cases of a week were right."""

    rule = models.ForeignKey(Rule, models.CASCADE, related_name="weeks")
    until_day = models.IntegerField()
    settled = models.PositiveIntegerField()
    right = models.PositiveIntegerField()
    is_dropped = models.BooleanField(default=False)

    class Meta:
        db_table = "moderation_rule_week"
        constraints = [
            models.UniqueConstraint(
                fields=["rule", "until_day"], name="one_row_per_rule_and_week"
            )
        ]

    def __str__(self) -> str:
        return f"{self.right} of {self.settled}"


class LearnedModel(models.Model):
    """What the classifier of a community has learned from its settled cases.

    `model` is its JSON form, which has hashes and no texts.
    """

    community = models.OneToOneField(Community, models.CASCADE, related_name="+")
    model: models.JSONField[Any, Any] = models.JSONField()
    unwanted = models.PositiveIntegerField()
    wanted = models.PositiveIntegerField()
    trained_at = timestamps.TimestampField()

    class Meta:
        db_table = "moderation_learned_model"

    def __str__(self) -> str:
        return f"model of {self.community}"
