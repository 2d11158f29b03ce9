"""Definitions and an executor in memory for the pure tests of playbooks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from qunce.outreach.playbooks import decider, definitions
from qunce.outreach.playbooks.actions import (
    Action,
    End,
    GoTo,
    Late,
    RunPosition,
    Skip,
)
from qunce.outreach.playbooks.decider import Act
from qunce.outreach.playbooks.definitions import Definition
from qunce.outreach.playbooks.histories import History
from qunce.outreach.playbooks.work import Outcome

ZONE = ZoneInfo("Asia/Shanghai")
START = datetime(2026, 3, 2, 2, tzinfo=UTC)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
ENTRY = {"on": "fact", "fact": "order.paid"}


def send(step: str, **fields: Any) -> dict[str, Any]:
    return {"id": step, "kind": "send", "text": f"Hello from {step}", **fields}


def wait(step: str, minutes: int) -> dict[str, Any]:
    return {"id": step, "kind": "wait", "delay": {"minutes": minutes}}


def define(*steps: dict[str, Any], **fields: Any) -> Definition:
    return definitions.parse({"entry": ENTRY, **fields, "steps": list(steps)})


def begin(definition: Definition, at: datetime = START, **fields: Any) -> RunPosition:
    first = definition.begin(at, ZONE)
    assert isinstance(first, GoTo)
    return RunPosition(first.step, at, first.since, first.due_at, ZONE, **fields)


@dataclass
class Recorder:
    """Remembers what was done; `outcomes` are those of the next steps performed."""

    outcomes: list[Outcome] = field(default_factory=list)
    done: list[tuple[str, datetime]] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)
    ended: list[End] = field(default_factory=list)
    late: list[str] = field(default_factory=list)

    def perform(self, acts: Sequence[Act], at: datetime) -> list[Outcome]:
        return [self._perform(act, at) for act in acts]

    def _perform(self, act: Act, at: datetime) -> Outcome:
        outcome = self.outcomes.pop(0) if self.outcomes else Outcome(message=7)
        if not outcome.held and not outcome.over_limit:
            self.done.append((act.step.id, at))
        return outcome

    def record(
        self, run_id: int, action: Action, run: RunPosition, at: datetime
    ) -> None:
        if isinstance(action, Skip):
            self.skipped.append((action.step, action.reason))
        if isinstance(action, Late):
            self.late.append(action.step)
        if isinstance(action, End):
            self.ended.append(action)

    @property
    def steps(self) -> list[str]:
        return [step for step, _at in self.done]


def advance(
    definition: Definition,
    run: RunPosition,
    facts: History,
    at: datetime,
    recorder: Recorder,
) -> RunPosition | None:
    """Advance a single run."""
    return decider.advance(definition, {1: run}, {1: facts}, at, recorder)[1]
