"""Decides what happens with a run at a moment. Pure: it reads only what it is given.

The same function decides live runs, rehearsals and the answer to “why”.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from qunce.outreach.playbooks.actions import (
    Action,
    Await,
    Awaited,
    End,
    Ending,
    GoTo,
    HandOver,
    Hold,
    Late,
    Perform,
    RunPosition,
    SentStep,
    Skip,
    Skipping,
)
from qunce.outreach.playbooks.definitions import Definition
from qunce.outreach.playbooks.delays import wall_clock
from qunce.outreach.playbooks.histories import Event, History
from qunce.outreach.playbooks.steps.base import Step
from qunce.outreach.playbooks.steps.send import OverLimit, Send
from qunce.outreach.playbooks.undone import Then
from qunce.outreach.playbooks.work import Outcome

MAX_STEPS_AT_ONCE = 500
"""Steps without a wait between them; there are no loops, so it cannot be reached."""
RETRY_EVERY = timedelta(minutes=15)
"""How often a held step is tried again."""
LOOK_AGAIN_EVERY = timedelta(days=1)
"""How often a run asks whether a step is done, besides after a fact about it."""


DECIDED = frozenset({Skipping.CONDITION, Skipping.PAST, Skipping.STALE})
"""Reasons to skip a step without trying to perform it."""


def find_exit(
    definition: Definition, run: RunPosition, facts: History, at: datetime
) -> Event | None:
    """The first fact since the start of the run, up to now, that ends it."""
    found = (
        facts.first(match, after=run.started_at, until=at) for match in definition.exits
    )
    return min((e for e in found if e), key=lambda event: event.at, default=None)


def decide(
    definition: Definition, run: RunPosition, facts: History, at: datetime
) -> list[Action]:
    """What happens with the run now, at its current step."""
    event = find_exit(definition, run, facts, at)
    if event is not None:
        return [End(Ending.EXIT, event.at)]
    step = definition.graph.by_id[run.step]
    if run.awaited is not None:
        return _decide_awaited(definition, step, run, run.awaited, at)
    if step.acts:
        reason = _reason_to_skip(definition, step, run, facts, at)
        if reason:
            return [Skip(step.id, reason), step.go_on(definition, run, at)]
        postponed = _postpone(definition, run, at)
        if postponed is not None:
            return [postponed]
    return step.decide(definition, run, facts, at)


def _decide_awaited(
    definition: Definition,
    step: Step,
    run: RunPosition,
    awaited: Awaited,
    at: datetime,
) -> list[Action]:
    """What happens while staff have not done the step. It counts from `run.since`."""
    undone = step.undone
    if awaited.is_done or undone is None:
        return [_go_on_from(definition, step, run, at)]
    late_at = run.since + timedelta(hours=undone.hours)
    if at < late_at and not awaited.is_late:
        return [Await(step.id, run.since, late_at)]
    # Handed over or not, it is late once.
    actions: list[Action] = [] if awaited.is_late else [Late(step.id)]
    if undone.do == Then.GO_ON:
        return [*actions, _go_on_from(definition, step, run, at)]
    if undone.do == Then.HAND_OVER and not awaited.is_handed_over:
        actions.append(HandOver(step.id))
    return [*actions, Await(step.id, run.since, at + LOOK_AGAIN_EVERY)]


def _go_on_from(
    definition: Definition, step: Step, run: RunPosition, at: datetime
) -> Action:
    """What follows counts from now, when staff have done the step."""
    return definition.arrive(definition.graph.following(step.id), run, at, at)


def _reason_to_skip(
    definition: Definition, step: Step, run: RunPosition, facts: History, at: datetime
) -> str:
    if run.silent_until is not None and run.due_at < run.silent_until:
        return Skipping.PAST
    stale_after = getattr(step, "stale_hours", None)
    planned = run.held_since or run.due_at
    if stale_after is not None and at > planned + timedelta(hours=stale_after):
        return Skipping.STALE
    for condition in definition.conditions:
        if condition.at_steps and not facts.holds(condition.rule):
            return Skipping.CONDITION
    return ""


def _postpone(definition: Definition, run: RunPosition, at: datetime) -> GoTo | None:
    """To the same time of the next allowed day, if this one is not allowed."""
    local = at.astimezone(run.zone)
    day = definition.days.next_allowed(local.date())
    if day == local.date():
        return None
    planned = run.due_at.astimezone(run.zone).time()
    return GoTo(run.step, run.since, wall_clock(day, planned, run.zone))


def decide_over_limit(
    definition: Definition, run: RunPosition, at: datetime
) -> list[Action]:
    """What happens with a message that the contact limit does not allow in time."""
    step = definition.graph.by_id[run.step]
    skip = Skip(step.id, Skipping.OVER_LIMIT)
    if isinstance(step, Send) and step.over_limit == OverLimit.END:
        return [skip, End(Ending.OVER_LIMIT, run.due_at)]
    return [skip, step.go_on(definition, run, at)]


def apply(run: RunPosition, action: Action) -> RunPosition | None:
    """The run after an action, None if it has ended."""
    if isinstance(action, End):
        return None
    if isinstance(action, GoTo):
        same = action.step == run.step
        held = run.held_since if same else None
        return dataclasses.replace(
            run,
            step=action.step,
            since=action.since,
            due_at=action.due_at,
            held_since=held,
            awaited=None,
        )
    if isinstance(action, Await):
        return dataclasses.replace(
            run,
            since=action.since,
            due_at=action.due_at,
            held_since=None,
            awaited=run.awaited or Awaited(),
        )
    if isinstance(action, Late):
        awaited = dataclasses.replace(run.awaited or Awaited(), is_late=True)
        return dataclasses.replace(run, awaited=awaited)
    if isinstance(action, Hold):
        held = run.held_since or run.due_at
        return dataclasses.replace(run, due_at=action.due_at, held_since=held)
    return run


@dataclasses.dataclass(frozen=True)
class Act:
    """A step that a run performs now; `run_id` is what the caller calls the run."""

    run_id: int
    step: Step
    run: RunPosition


class Executor(Protocol):
    """Carries out what was decided; a database, or the memory of a rehearsal."""

    def perform(self, acts: Sequence[Act], at: datetime) -> Sequence[Outcome]: ...

    def record(
        self, run_id: int, action: Action, run: RunPosition, at: datetime
    ) -> None: ...


Runs = dict[int, RunPosition | None]
"""Runs by id, None for those that have ended."""


def advance(
    definition: Definition,
    runs: Mapping[int, RunPosition],
    histories: Mapping[int, History],
    at: datetime,
    executor: Executor,
) -> Runs:
    """Decide and carry out everything that is due.

    All runs take a step at a time together, so that an executor has many acts at once.
    """
    current: Runs = dict(runs)
    for _round in range(MAX_STEPS_AT_ONCE):
        due = [
            pk for pk, run in current.items() if run is not None and run.due_at <= at
        ]
        if not due:
            break
        acts = []
        for pk in due:
            run = current[pk]
            assert run is not None  # noqa: S101 - for the type checker
            actions = decide(definition, run, histories[pk], at)
            if isinstance(actions[0], Perform):
                step = definition.graph.by_id[actions[0].step]
                acts.append(Act(pk, step, run))
            else:
                current[pk] = _carry_out(pk, run, actions, at, executor)
        for act, outcome in zip(acts, executor.perform(acts, at), strict=True):
            current[act.run_id] = _after(definition, act, outcome, at, executor)
    return current


def _after(
    definition: Definition, act: Act, outcome: Outcome, at: datetime, executor: Executor
) -> RunPosition | None:
    """The run after it has performed a step, or tried to."""
    run, step = act.run, act.step
    if outcome.held:
        actions: list[Action] = [Hold(step.id, outcome.held, at + RETRY_EVERY)]
    elif outcome.over_limit:
        actions = decide_over_limit(definition, run, at)
    elif outcome.skipped:
        skip = Skip(step.id, outcome.skipped)
        actions = [skip, step.go_on(definition, run, at)]
    else:
        if outcome.awaited:
            actions = [_begin_to_await(step, outcome.later_at or at)]
        else:
            following = definition.graph.following(step.id)
            actions = [definition.arrive(following, run, at, outcome.later_at)]
        sent = SentStep(outcome.later_at or at, outcome.message)
        run = dataclasses.replace(run, sent={**run.sent, step.id: sent})
    return _carry_out(act.run_id, run, actions, at, executor)


def _begin_to_await(step: Step, since: datetime) -> Await:
    hours = step.undone.hours if step.undone else 0
    return Await(step.id, since, since + timedelta(hours=hours))


def _carry_out(
    run_id: int,
    run: RunPosition,
    actions: list[Action],
    at: datetime,
    executor: Executor,
) -> RunPosition | None:
    current: RunPosition | None = run
    for action in actions:
        executor.record(run_id, action, run, at)
        current = apply(current or run, action)
    return current
