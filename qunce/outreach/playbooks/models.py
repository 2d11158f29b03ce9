"""Tables of playbooks, their versions, and the runs of members and groups.

A run is rows, never a replay of code: where it is, and when it is to be decided next. So a
run that waits for months goes on after any upgrade.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import models
from django.utils.translation import pgettext_lazy

from qunce.core import personal_texts, state_machine, timestamps
from qunce.core.communities import Community
from qunce.core.staff.models import Staff
from qunce.groups.groups import Group
from qunce.outreach.playbooks.definitions import Subject


class State(models.TextChoices):
    DRAFT = "draft", pgettext_lazy("playbook", "draft")
    RUNNING = "running", pgettext_lazy("playbook", "running")
    PAUSED = "paused", pgettext_lazy("playbook", "paused")
    CLOSED = "closed", pgettext_lazy("playbook", "closed to new entries")
    STOPPED = "stopped", pgettext_lazy("playbook", "stopped")


STATES = state_machine.StateMachine(
    {
        "switch_on": (("draft", "closed", "stopped"), "running"),
        "pause": (("running",), "paused"),
        "resume": (("paused",), "running"),
        "close": (("running", "paused"), "closed"),
        "stop": (("running", "paused", "closed"), "stopped"),
    }
)
"""A closed playbook finishes its runs and starts none."""
ADVANCING = (State.RUNNING, State.CLOSED)


class RunState(models.TextChoices):
    PENDING = "pending", pgettext_lazy("run", "waits to be let in")
    WAITING = "waiting", pgettext_lazy("run", "under way")
    HELD = "held", pgettext_lazy("run", "held up")
    STALE = "stale", pgettext_lazy("run", "too late, to be decided")
    ENDED = "ended", pgettext_lazy("run", "ended")


LIVE = (RunState.WAITING, RunState.HELD, RunState.STALE)


class StepState(models.TextChoices):
    DONE = "done", pgettext_lazy("step", "done")
    SKIPPED = "skipped", pgettext_lazy("step", "skipped")


@personal_texts.erased_in("key", "name", "draft", "lane")
class Playbook(models.Model):
    """`draft` is the definition as staff edit it; `version` is the one that new runs get.

    `polled_until` is the time up to which entries by date, calendar or segment were
    handled, and `inside` the members of the segment, or the large groups, at that time.
    While paused, waits stand still if `pause_holds_waits`, entries are dropped unless
    `pause_keeps_entries`, and at `pause_until` the playbook resumes, or stops if
    `pause_then_stops`. `late_count` counts events that were too old to start a run.
    """

    community = models.ForeignKey(Community, models.PROTECT, related_name="+")
    key = models.CharField(max_length=100)
    name = models.CharField(max_length=80)
    subject = models.CharField(
        max_length=6, choices=Subject.choices, default=Subject.MEMBER
    )
    state = models.CharField(max_length=8, choices=State.choices, default=State.DRAFT)
    draft: models.JSONField[Any, Any] = models.JSONField()
    version = models.PositiveIntegerField(default=0)
    lane = models.CharField(max_length=40, default="")
    polled_until = timestamps.TimestampField(null=True)
    inside = models.BinaryField(null=True)
    late_count = models.PositiveIntegerField(default=0)
    paused_at = timestamps.TimestampField(null=True)
    pause_holds_waits = models.BooleanField(default=True)
    pause_keeps_entries = models.BooleanField(default=True)
    pause_until = timestamps.TimestampField(null=True)
    pause_then_stops = models.BooleanField(default=False)
    created_at = timestamps.TimestampField()
    changed_at = timestamps.TimestampField()
    started_at = timestamps.TimestampField(null=True)
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")

    class Meta:
        db_table = "outreach_playbook"
        constraints = [
            models.UniqueConstraint(
                fields=["community", "key"], name="one_playbook_per_key"
            )
        ]

    def __str__(self) -> str:
        return self.name


@personal_texts.erased_in("definition", community="playbook__community_id")
class PlaybookVersion(models.Model):
    """A definition that runs follow; it never changes."""

    playbook = models.ForeignKey(Playbook, models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    definition: models.JSONField[Any, Any] = models.JSONField()
    created_at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")

    class Meta:
        db_table = "outreach_playbook_version"
        constraints = [
            models.UniqueConstraint(
                fields=["playbook", "number"], name="one_playbook_version_per_number"
            )
        ]

    def __str__(self) -> str:
        return f"{self.playbook} {self.number}"


class ExcludedGroup(models.Model):
    """A group that a playbook for groups leaves out."""

    playbook = models.ForeignKey(Playbook, models.CASCADE, related_name="+")
    group = models.ForeignKey(Group, models.PROTECT, related_name="+")
    at = timestamps.TimestampField()
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")

    class Meta:
        db_table = "outreach_playbook_excluded_group"
        constraints = [
            models.UniqueConstraint(
                fields=["playbook", "group"], name="one_exclusion_per_group"
            )
        ]

    def __str__(self) -> str:
        return f"{self.playbook} not in {self.group}"


class Run(models.Model):
    """A member or group in a playbook; `target_id` is an account, or a group.

    The account is the one that the event is about, so that after a merge is undone the run
    is its own again. `due_at` is when the run is decided next, null once it has ended.
    `triggered_at` is when what started it happened. A pending run waits to be let in.
    `awaits_id` is the run's step that staff are doing while it waits for them.
    """

    playbook = models.ForeignKey(
        Playbook, models.CASCADE, related_name="runs", db_index=False
    )
    version = models.ForeignKey(PlaybookVersion, models.PROTECT, related_name="+")
    target_id = models.BigIntegerField()
    run_key = models.CharField(max_length=120)
    number = models.PositiveIntegerField(default=0)
    state = models.CharField(
        max_length=8, choices=RunState.choices, default=RunState.PENDING
    )
    step = models.CharField(max_length=12, default="")
    triggered_at = timestamps.TimestampField()
    started_at = timestamps.TimestampField(null=True)
    since = timestamps.TimestampField(null=True)
    due_at = timestamps.TimestampField(null=True)
    silent_until = timestamps.TimestampField(null=True)
    held_since = timestamps.TimestampField(null=True)
    held_for = models.CharField(max_length=40, default="")
    awaits_id = models.BigIntegerField(null=True)
    ended_at = timestamps.TimestampField(null=True)
    ending = models.CharField(max_length=12, default="")

    class Meta:
        db_table = "outreach_run"
        constraints = [
            models.UniqueConstraint(
                fields=["playbook", "target_id", "run_key"], name="one_run_per_key"
            )
        ]
        indexes = [
            models.Index(
                fields=["playbook", "due_at", "id"],
                condition=models.Q(due_at__isnull=False),
                name="runs_by_due",
            ),
            models.Index(
                fields=["due_at"],
                condition=models.Q(state__in=["pending", "waiting", "held"]),
                name="runs_due",
            ),
            models.Index(fields=["playbook", "state", "ending"], name="runs_by_state"),
            models.Index(fields=["target_id"], name="runs_by_target"),
        ]

    def __str__(self) -> str:
        return f"run {self.number} of {self.target_id} in {self.playbook_id}"


class RunStep(models.Model):
    """A step that a run has done or skipped. Its pk is the origin of its message.

    If staff do it, `late_at` is when they were first late, and `handed_over_at` when it
    was given to somebody else. `held_due_at` is the due time of a message that a pause of
    the playbook holds back.
    """

    run = models.ForeignKey(Run, models.CASCADE, related_name="steps")
    step = models.CharField(max_length=12)
    kind = models.CharField(max_length=20)
    state = models.CharField(max_length=8, choices=StepState.choices)
    reason = models.CharField(max_length=40, default="")
    due_at = timestamps.TimestampField()
    at = timestamps.TimestampField()
    message_id = models.BigIntegerField(null=True)
    note_id = models.BigIntegerField(null=True)
    late_at = timestamps.TimestampField(null=True)
    handed_over_at = timestamps.TimestampField(null=True)
    held_due_at = timestamps.TimestampField(null=True)

    class Meta:
        db_table = "outreach_run_step"

    def __str__(self) -> str:
        return f"step {self.step} of run {self.run_id}"


class RunEvent(models.Model):
    """A fact that a live run may ask about, as the log has no index by account.

    `payload` has the fields that the playbook asks for, and no others.
    """

    run = models.ForeignKey(Run, models.CASCADE, related_name="events", db_index=False)
    fact_id = models.BigIntegerField()
    kind = models.CharField(max_length=100)
    happened_at = timestamps.TimestampField()
    payload: models.JSONField[Any, Any] = models.JSONField(default=dict)

    class Meta:
        db_table = "outreach_run_event"
        constraints = [
            models.UniqueConstraint(
                fields=["run", "fact_id"], name="one_event_per_fact"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} of run {self.run_id}"


@personal_texts.erased_in(sentences=("text",))
class StaffNotice(models.Model):
    """A notice of a run to a staff member; with a `due_at` it is a task in a group."""

    community = models.ForeignKey(
        Community, models.PROTECT, related_name="+", db_index=False
    )
    run_step = models.ForeignKey(RunStep, models.CASCADE, related_name="notices")
    staff = models.ForeignKey(Staff, models.PROTECT, related_name="+", db_index=False)
    text = models.CharField(max_length=200)
    due_at = timestamps.TimestampField(null=True)
    created_at = timestamps.TimestampField()
    done_at = timestamps.TimestampField(null=True)

    class Meta:
        db_table = "outreach_staff_notice"
        indexes = [
            models.Index(
                fields=["staff", "due_at"],
                condition=models.Q(done_at__isnull=True),
                name="open_staff_notices",
            )
        ]

    def __str__(self) -> str:
        return self.text

    @property
    def target_id(self) -> int:
        return self.run_step.run.target_id

    @property
    def is_group(self) -> bool:
        return self.run_step.run.playbook.subject == Subject.GROUP

    def is_late(self, at: datetime) -> bool:
        end = self.done_at or at
        return self.due_at is not None and end > self.due_at
