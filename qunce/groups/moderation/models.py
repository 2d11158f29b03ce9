"""Tables of moderation: rules and ladders, cases with what follows from them, settings."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import pgettext_lazy

from qunce.core import personal_texts, state_machine, timestamps
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


class CaseState(models.TextChoices):
    OPEN = "open", pgettext_lazy("case", "open")
    OBSERVED = "observed", pgettext_lazy("case", "observed")
    ACTED = "acted", pgettext_lazy("case", "acted on by a rule")
    CONFIRMED = "confirmed", pgettext_lazy("case", "confirmed")
    DISMISSED = "dismissed", pgettext_lazy("case", "dismissed")
    UNDONE = "undone", pgettext_lazy("case", "undone")


CASE_STATES = state_machine.StateMachine(
    {
        "confirm": (("open", "observed", "acted"), "confirmed"),
        "dismiss": (("open", "observed"), "dismissed"),
        "undo": (("acted", "confirmed"), "undone"),
        "reopen": (("acted", "dismissed"), "open"),
    }
)


class CaseSource(models.TextChoices):
    """What a case began with."""

    RULE = "rule", pgettext_lazy("case", "a rule")
    REPORT = "report", pgettext_lazy("case", "a report by a member")
    PASTED = "pasted", pgettext_lazy("case", "a pasted message")
    STAFF = "staff", pgettext_lazy("case", "staff")


class ActionState(models.TextChoices):
    PENDING = "pending", pgettext_lazy("group action", "waiting")
    RUNNING = "running", pgettext_lazy("group action", "running")
    DONE = "done", pgettext_lazy("group action", "done")
    WITH_STAFF = "with_staff", pgettext_lazy("group action", "task for staff")
    FAILED = "failed", pgettext_lazy("group action", "failed")
    SKIPPED = "skipped", pgettext_lazy("group action", "skipped")
    CANCELLED = "cancelled", pgettext_lazy("group action", "cancelled")
    UNDONE = "undone", pgettext_lazy("group action", "undone")


class AppealState(models.TextChoices):
    OPEN = "open", pgettext_lazy("appeal", "open")
    UPHELD = "upheld", pgettext_lazy("appeal", "decision stays")
    OVERTURNED = "overturned", pgettext_lazy("appeal", "decision undone")


class MassState(models.TextChoices):
    WAITING = "waiting", pgettext_lazy("mass action", "waits for a second person")
    APPROVED = "approved", pgettext_lazy("mass action", "approved")
    REFUSED = "refused", pgettext_lazy("mass action", "refused")


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
    `max_percent` is the share of a group's members within an hour.
    """

    community = models.OneToOneField(Community, models.PROTECT, related_name="+")
    mode = models.CharField(max_length=10, choices=Mode.choices, default=Mode.ACT)
    max_per_minute = models.PositiveSmallIntegerField(null=True, default=20)
    max_percent = models.PositiveSmallIntegerField(null=True, default=10)
    two_people_above = models.PositiveSmallIntegerField(default=10)
    door_minutes = models.PositiveSmallIntegerField(default=30)
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


@personal_texts.erased_in(
    "message_key",
    "judged_key",
    "merged_keys",
    "author_name",
    "findings",
    sentences=("text", "reason"),
)
class Case(models.Model):
    """One message, or one event, about which something was decided or is to be decided.

    `account_id` is the author, `editor_id` whoever wrote the present text if that is
    somebody else, `responsible_id` whom the decision is about, null for a name that
    belongs to no member. `findings` is a list of `{"rule", "name", "version", "check",
    "score", "evidence"}`. `rung` is what was done or is proposed; `verdict` is what a
    person said of the rule: right, wrong, or nothing yet.
    """

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    number = models.PositiveIntegerField()
    group = models.ForeignKey(Group, models.PROTECT, related_name="+")
    source = models.CharField(max_length=10, choices=CaseSource.choices)
    message_key = models.CharField(max_length=255, default="", blank=True)
    judged_key = models.CharField(max_length=255)
    account_id = models.BigIntegerField(null=True)
    editor_id = models.BigIntegerField(null=True)
    responsible_id = models.BigIntegerField(null=True)
    is_forwarded = models.BooleanField(default=False)
    author_name = models.CharField(max_length=200, default="", blank=True)
    text = models.TextField(default="", blank=True)
    happened_at = timestamps.TimestampField()
    findings: models.JSONField[Any, Any] = models.JSONField(default=list)
    rule = models.ForeignKey(Rule, models.PROTECT, null=True, related_name="cases")
    mode = models.CharField(max_length=10, choices=Mode.choices)
    rung = models.CharField(max_length=10, choices=Rung.choices)
    minutes = models.PositiveIntegerField(null=True)
    strikes = models.PositiveIntegerField(default=0)
    merged_keys: models.JSONField[Any, Any] = models.JSONField(default=list)
    duplicates = models.PositiveIntegerField(default=0)
    is_told = models.BooleanField(default=False)
    state = models.CharField(max_length=10, choices=CaseState.choices)
    verdict = models.CharField(max_length=5, default="", blank=True)
    reason = models.CharField(max_length=300, default="", blank=True)
    opened_at = timestamps.TimestampField()
    decided_at = timestamps.TimestampField(null=True)
    decided_by = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")

    class Meta:
        db_table = "moderation_case"
        constraints = [
            models.UniqueConstraint(
                fields=["community", "number"], name="one_case_per_number"
            ),
            models.UniqueConstraint(
                fields=["group", "judged_key"], name="one_case_per_message"
            ),
        ]
        indexes = [
            models.Index(
                fields=["community", "state", "-opened_at"], name="cases_by_state"
            ),
            models.Index(fields=["responsible_id"], name="cases_of_member"),
            models.Index(fields=["rule", "decided_at"], name="cases_of_rule"),
        ]

    def __str__(self) -> str:
        return f"case {self.number}"


class Strike(models.Model):
    """A mark against a person on a ladder.

    One `is_shadow` is of a case that nobody has acted on. A void one no longer counts.
    """

    ladder = models.ForeignKey(Ladder, models.CASCADE, related_name="+", db_index=False)
    account_id = models.BigIntegerField()
    case = models.ForeignKey(Case, models.CASCADE, related_name="+")
    happened_at = timestamps.TimestampField()
    is_shadow = models.BooleanField(default=False)
    voided_at = timestamps.TimestampField(null=True)

    class Meta:
        db_table = "moderation_strike"
        constraints = [
            models.UniqueConstraint(
                fields=["ladder", "case"], name="one_strike_per_ladder_and_case"
            )
        ]
        indexes = [
            models.Index(
                fields=["account_id", "ladder", "happened_at"],
                name="strikes_of_member",
            )
        ]

    def __str__(self) -> str:
        return f"strike of {self.account_id}"


@personal_texts.erased_in("reason", community="community_id")
class MassAction(models.Model):
    """An action on many members, or the undoing of a run, which a second person approves."""

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    kind = models.CharField(max_length=20)
    group = models.ForeignKey(Group, models.PROTECT, null=True, related_name="+")
    accounts: models.JSONField[Any, Any] = models.JSONField(default=list)
    cases: models.JSONField[Any, Any] = models.JSONField(default=list)
    minutes = models.PositiveIntegerField(null=True)
    reason = models.CharField(max_length=300)
    state = models.CharField(
        max_length=10, choices=MassState.choices, default=MassState.WAITING
    )
    created_at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")
    answered_at = timestamps.TimestampField(null=True)
    answered_by = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")

    class Meta:
        db_table = "moderation_mass_action"

    def __str__(self) -> str:
        return f"{self.kind} of {len(self.accounts) or len(self.cases)}"


@personal_texts.erased_in("key", "member", "message", "reason", sentences=("name",))
class Action(models.Model):
    """One thing to do in a group, claimed by conditional UPDATE.

    `key` is the same for every attempt, `member` and `message` are the channel's ids,
    `name` is what staff look for where they do it by hand, `minutes` how long a mute lasts,
    null for ever. While it runs, `due_at` is when its lease expires.
    """

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    group = models.ForeignKey(Group, models.PROTECT, related_name="+", db_index=False)
    case = models.ForeignKey(Case, models.CASCADE, null=True, related_name="actions")
    mass_action = models.ForeignKey(
        MassAction, models.CASCADE, null=True, related_name="actions"
    )
    kind = models.CharField(max_length=20)
    account_id = models.BigIntegerField(null=True)
    member = models.CharField(max_length=200, default="", blank=True)
    message = models.CharField(max_length=255, default="", blank=True)
    name = models.CharField(max_length=200, default="", blank=True)
    key = models.CharField(max_length=300, unique=True)
    reason = models.CharField(max_length=200, default="", blank=True)
    minutes = models.PositiveIntegerField(null=True)
    is_automatic = models.BooleanField(default=False)
    state = models.CharField(
        max_length=10, choices=ActionState.choices, default=ActionState.PENDING
    )
    due_at = timestamps.TimestampField()
    lease = models.CharField(max_length=32, default="", blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    result = models.CharField(max_length=60, default="", blank=True)
    created_at = timestamps.TimestampField()
    done_at = timestamps.TimestampField(null=True)
    by = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")

    class Meta:
        db_table = "moderation_action"
        indexes = [
            models.Index(
                fields=["due_at"],
                condition=models.Q(state__in=["pending", "running"]),
                name="group_actions_due",
            ),
            models.Index(fields=["group", "done_at"], name="group_actions_done"),
            models.Index(fields=["account_id"], name="group_actions_of_member"),
        ]

    def __str__(self) -> str:
        return self.key


@personal_texts.erased_in(sentences=("text", "answer"), community="case__community_id")
class Appeal(models.Model):
    """A member contests a decision; somebody who has not made it answers."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="appeals")
    account_id = models.BigIntegerField()
    text = models.TextField()
    state = models.CharField(
        max_length=10, choices=AppealState.choices, default=AppealState.OPEN
    )
    answer = models.CharField(max_length=200, default="", blank=True)
    opened_at = timestamps.TimestampField()
    answered_at = timestamps.TimestampField(null=True)
    answered_by = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")

    class Meta:
        db_table = "moderation_appeal"
        constraints = [
            models.UniqueConstraint(
                fields=["case"],
                condition=models.Q(state="open"),
                name="one_open_appeal_per_case",
            )
        ]

    def __str__(self) -> str:
        return f"appeal of case {self.case_id}"


@personal_texts.erased_in(sentences=("text",), community="case__community_id")
class MemberReport(models.Model):
    """A member reports a message. Nobody but staff sees who did."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="reports")
    account_id = models.BigIntegerField(db_index=True)
    text = models.CharField(max_length=300, default="", blank=True)
    reported_at = timestamps.TimestampField()
    answered_at = timestamps.TimestampField(null=True)

    class Meta:
        db_table = "moderation_member_report"
        constraints = [
            models.UniqueConstraint(
                fields=["case", "account_id"], name="one_report_per_member_and_case"
            )
        ]

    def __str__(self) -> str:
        return f"report of case {self.case_id}"


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
