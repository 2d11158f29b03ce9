"""Whether a member may enter a playbook, given the runs they have had. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import errors

MAX_DAYS = 3_650
MAX_RUNS_A_DAY = 20
"""Runs of a person in 24 hours: playbooks whose steps start each other have to end."""


class Mode(models.TextChoices):
    NEVER = "never", gettext_lazy("Once only")
    FINISHED = "finished", gettext_lazy("Again, after the run has ended")
    COOLDOWN = "cooldown", gettext_lazy("Again, some days after the run has ended")
    RESTART = "restart", gettext_lazy("Again at any time; the old run ends")
    PER_KEY = "per_key", gettext_lazy("One run for each order, term or other key")


class Refusal(models.TextChoices):
    """Why a trigger started no run."""

    ALREADY_IN = "already_in", gettext_lazy("is in it already")
    HAD_IT = "had_it", gettext_lazy("was in it before")
    COOLDOWN = "cooldown", gettext_lazy("was in it too recently")
    LATE = "late", gettext_lazy("the event was too old when it became known")
    CONDITION = "condition", gettext_lazy("did not meet the condition in time")
    TOO_OFTEN = "too_often", gettext_lazy("began it 20 times in 24 hours already")
    LANE = "lane", gettext_lazy("is in a more important playbook of the same lane")
    STYLE = "style", gettext_lazy("their style of service has other playbooks")


class InvalidReentry(errors.Invalid):
    """Re-entry has one of five modes."""


@dataclass(frozen=True)
class Reentry:
    """`days` is for Mode.COOLDOWN."""

    mode: str = Mode.NEVER
    days: int = 0

    def to_json(self) -> dict[str, Any]:
        days = {"days": self.days} if self.mode == Mode.COOLDOWN else {}
        return {"mode": self.mode, **days}

    def phrase(self) -> str:
        if self.mode == Mode.COOLDOWN:
            return _("Again, %(n)s days after the run has ended") % {"n": self.days}
        return str(Mode(self.mode).label)


def parse(value: Any) -> Reentry:
    if not isinstance(value, Mapping) or value.get("mode") not in Mode:
        raise InvalidReentry(_("Choose whether members may enter again."))
    days = value.get("days", 0)
    if isinstance(days, bool) or not isinstance(days, int) or not 0 <= days <= MAX_DAYS:
        raise InvalidReentry(
            _("Write the pause in days, %(n)s at most.") % {"n": f"{MAX_DAYS:,}"}
        )
    return Reentry(value["mode"], days)


@dataclass(frozen=True)
class PastRun:
    """A run that the person has or had in the playbook, with any of their accounts."""

    id: int
    key: str
    started_at: datetime
    ended_at: datetime | None = None

    @property
    def is_live(self) -> bool:
        return self.ended_at is None


@dataclass(frozen=True)
class LaneRun:
    """A live run in another playbook of the same lane; a lower rank is more important."""

    id: int
    rank: int


@dataclass(frozen=True)
class Trigger:
    """What starts a run: `key` is of the event, or of its order, term, date."""

    key: str
    at: datetime


@dataclass(frozen=True)
class Enter:
    """Start a run with this key and number, after ending others, each with a reason."""

    key: str
    number: int
    restarted: tuple[int, ...] = ()
    displaced: tuple[int, ...] = ()


@dataclass(frozen=True)
class Refuse:
    reason: str


ONCE = "once"
"""The key of every run of Mode.NEVER, so that the database refuses a second one."""


def admit(
    again: Reentry,
    trigger: Trigger,
    runs: Sequence[PastRun],
    *,
    lane: Sequence[LaneRun] = (),
    rank: int = 0,
) -> Enter | Refuse:
    """Whether the trigger starts a run. `runs` are of the person, in this playbook."""
    refusal = _refusal(again, trigger, runs)
    if refusal:
        return Refuse(refusal)
    if any(other.rank <= rank for other in lane):
        return Refuse(Refusal.LANE)
    live = tuple(run.id for run in runs if run.is_live)
    return Enter(
        key=ONCE if again.mode == Mode.NEVER else trigger.key,
        number=len(runs) + 1,
        restarted=live if again.mode == Mode.RESTART else (),
        displaced=tuple(other.id for other in lane),
    )


def _refusal(again: Reentry, trigger: Trigger, runs: Sequence[PastRun]) -> str:
    live = [run for run in runs if run.is_live]
    if any(run.key == trigger.key for run in runs):
        # The same event, order or date again.
        return Refusal.ALREADY_IN if live else Refusal.HAD_IT
    day_before = trigger.at - timedelta(days=1)
    begun = sum(day_before < run.started_at <= trigger.at for run in runs)
    if begun >= MAX_RUNS_A_DAY:
        return Refusal.TOO_OFTEN
    if again.mode in (Mode.PER_KEY, Mode.RESTART):
        return ""
    if live:
        return Refusal.ALREADY_IN
    if again.mode == Mode.NEVER and runs:
        return Refusal.HAD_IT
    if again.mode == Mode.COOLDOWN:
        ended = max((run.ended_at for run in runs if run.ended_at), default=None)
        if ended and trigger.at < ended + timedelta(days=again.days):
            return Refusal.COOLDOWN
    return ""
