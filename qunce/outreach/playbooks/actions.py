"""What the decider returns: what is to be done with a run at this moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import models
from django.utils.translation import gettext_lazy, pgettext_lazy

PUNCTUAL = timedelta(minutes=10)
"""A step that is done later than this after its time is continued from when it was done.

Up to then the next wait counts from the planned time, so that times do not drift. After an
outage it counts from now, so that what was held up does not follow in a burst.
"""


class Ending(models.TextChoices):
    """Why a run ended."""

    DONE = "done", pgettext_lazy("run", "reached the end")
    EXIT = "exit", pgettext_lazy("run", "exit event happened")
    RESTARTED = "restarted", pgettext_lazy("run", "started again")
    MERGED = "merged", pgettext_lazy("run", "member was merged into one with a run")
    LANE = "lane", pgettext_lazy("run", "a more important playbook started")
    OVER_LIMIT = "over_limit", pgettext_lazy("run", "contact limit")
    STOPPED = "stopped", pgettext_lazy("run", "playbook was stopped")
    VERSION = "version", pgettext_lazy("run", "playbook was changed")
    BY_HAND = "by_hand", pgettext_lazy("run", "ended by staff")


class Skipping(models.TextChoices):
    """Why a step was not done."""

    CONDITION = "condition", gettext_lazy("the condition did not hold")
    PAST = "past", gettext_lazy("its time was past at the start")
    STALE = "too_late", gettext_lazy("it was too late for it")
    OVER_LIMIT = "over_limit", gettext_lazy("contact limit")
    IN_GROUP = "in_group", gettext_lazy("is in the group already")


class Obstacle(models.TextChoices):
    """What a step needs and does not find; the run waits for it."""

    TAG = "tag", gettext_lazy("the tag is archived or gone")
    ATTRIBUTE = "attribute", gettext_lazy("the attribute or its choice is gone")
    STAFF = "staff", gettext_lazy("the person chosen for it no longer does tasks")
    ROLE = "role", gettext_lazy("nobody has the role that does it")
    CHANNEL = "channel", gettext_lazy("the channel is gone")
    MATERIAL = (
        "material_gone",
        gettext_lazy("a material is archived, sold out, out of licence or gone"),
    )
    GROUP = "group", gettext_lazy("the group is retired or gone")
    FORMAT = "format", gettext_lazy("a newer version of Qunce wrote this playbook")


@dataclass(frozen=True)
class Perform:
    """Do what the step says."""

    step: str


@dataclass(frozen=True)
class Skip:
    step: str
    reason: str


@dataclass(frozen=True)
class GoTo:
    """The run is at `step` since a moment, and to be decided again at `due_at`."""

    step: str
    since: datetime
    due_at: datetime


@dataclass(frozen=True)
class Hold:
    """Try the step again at `due_at`; `reason` says what it waits for."""

    step: str
    reason: str
    due_at: datetime


@dataclass(frozen=True)
class End:
    reason: str
    at: datetime


@dataclass(frozen=True)
class Await:
    """Staff do the step since a moment; look again at `due_at`, or when it is done."""

    step: str
    since: datetime
    due_at: datetime


@dataclass(frozen=True)
class Late:
    """Staff have not done the step in time, which counts once for it."""

    step: str


@dataclass(frozen=True)
class HandOver:
    """Give what is not done to somebody else."""

    step: str


Action = Perform | Skip | GoTo | Hold | End | Await | Late | HandOver


@dataclass(frozen=True)
class SentStep:
    """When the run did a sending step, and the message that came of it."""

    at: datetime
    message: int | None = None


@dataclass(frozen=True)
class Awaited:
    """What staff are doing for a run: whether it is done, was late, or changed hands."""

    is_done: bool = False
    is_late: bool = False
    is_handed_over: bool = False


@dataclass(frozen=True)
class RunPosition:
    """Where a run is. `due_at` is when it is to be decided next.

    Steps whose time is before `silent_until` are not done: the run started in the past.
    `held_since` is when a step was first held. `zone` is the member's, or the community's.
    `number` counts the runs of the member, and `awaited` is what staff do at this step.
    """

    step: str
    started_at: datetime
    since: datetime
    due_at: datetime
    zone: ZoneInfo
    silent_until: datetime | None = None
    held_since: datetime | None = None
    sent: Mapping[str, SentStep] = field(default_factory=dict)
    number: int = 1
    awaited: Awaited | None = None

    def counted_from(self, planned: datetime, at: datetime) -> datetime:
        """When a wait begins that was planned for `planned`."""
        is_silent = self.silent_until is not None and planned < self.silent_until
        return planned if is_silent else counted_from(planned, at)


def counted_from(planned: datetime, at: datetime) -> datetime:
    """The planned time if it is PUNCTUAL, or else now."""
    return planned if at - planned <= PUNCTUAL else at
