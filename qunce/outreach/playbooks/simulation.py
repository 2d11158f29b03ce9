"""Runs of a playbook played through in memory, by the decider that live runs have.

Time goes from event to event: a run is decided when it is due, and whenever a fact happens
that may end or wake it. Messages are planned by the contact budget's own rules, with what
members really got and what the simulation has sent them. Rules, opt-outs and values of
variables are those of today, as their past is not kept.
"""

from __future__ import annotations

import heapq
import itertools
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from qunce.outreach import skip_reasons
from qunce.outreach.contact_budget.limits import Contact
from qunce.outreach.playbooks import decider, reentry
from qunce.outreach.playbooks.actions import (
    Action,
    End,
    Ending,
    GoTo,
    RunPosition,
    Skip,
)
from qunce.outreach.playbooks.decider import Act
from qunce.outreach.playbooks.definitions import Definition
from qunce.outreach.playbooks.histories import Event, History
from qunce.outreach.playbooks.reentry import Enter, PastRun, Trigger
from qunce.outreach.playbooks.steps.send import OverLimit, Send
from qunce.outreach.playbooks.steps.wait_until import WaitUntil
from qunce.outreach.playbooks.work import DONE, Outcome
from qunce.outreach.sending.timing import Planner
from qunce.outreach.service_styles import assignment

BUDGET_REASONS = (skip_reasons.OVER_CONTACT_LIMIT, skip_reasons.TOO_SOON)


@dataclass(frozen=True)
class Entrance:
    """An event that may start a run of a person, or of a group."""

    person: int
    trigger: Trigger
    silent_until: datetime | None = None


@dataclass(frozen=True)
class Surroundings:
    """What the simulation looks at besides the definition.

    `events` are the facts about each person in order, `contacts` the messages that they
    really got. `planners` say for each step when its messages are sent, and `find_reason(step,
    person, number of the run)` why one is not sent. `holds(rule, person)` is as of today,
    unless it is known for the time.
    """

    events: Mapping[int, Sequence[Event]]
    planners: Mapping[str, Planner]
    find_reason: Callable[[str, int, int], str]
    quiet_zones: Mapping[str, Mapping[int, ZoneInfo]]
    contacts: Mapping[int, list[Contact]]
    zone_of: Callable[[int], ZoneInfo]
    holds: Callable[[Any, int], bool]
    barred: assignment.Barred = assignment.NOBODY_BARRED


@dataclass(frozen=True)
class Done:
    """A step that was done or skipped, `reason` says why."""

    person: int
    step: str
    at: datetime
    reason: str = ""


@dataclass
class Result:
    """`refused` counts entrances that started no run, by reason."""

    done: list[Done] = field(default_factory=list)
    runs: int = 0
    ended: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    people: set[int] = field(default_factory=set)


def simulate(
    definition: Definition,
    entrances: Iterable[Entrance],
    around: Surroundings,
    *,
    until: datetime,
) -> Result:
    """Play all entrances through up to a moment."""
    return _Simulation(definition, around, until).play(entrances)


@dataclass
class _Live:
    """A run of the simulation; `state` is None once it has ended.

    `planned` are its messages, each with its place in the list of what was done.
    """

    id: int
    person: int
    past: PastRun
    state: RunPosition | None
    planned: list[tuple[int, Contact]] = field(default_factory=list)


class _Simulation:
    def __init__(
        self, definition: Definition, around: Surroundings, until: datetime
    ) -> None:
        self.definition, self.around, self.until = definition, around, until
        self.result = Result()
        self._runs: dict[int, _Live] = {}
        self._of_person: dict[int, list[int]] = defaultdict(list)
        self._contacts = {k: list(v) for k, v in around.contacts.items()}
        self._agenda: list[tuple[datetime, int, int, Entrance | None]] = []
        self._order = itertools.count()
        self._waits = {
            step.id: step.match
            for step in definition.walk()
            if isinstance(step, WaitUntil)
        }

    def play(self, entrances: Iterable[Entrance]) -> Result:
        for entrance in entrances:
            at = entrance.silent_until or entrance.trigger.at
            self._plan(at, 0, entrance)
        while self._agenda and self._agenda[0][0] <= self.until:
            at, _order, run_id, found = heapq.heappop(self._agenda)
            if found is not None:
                self._enter(found, at)
            else:
                self._advance(run_id, at)
        return self.result

    def _plan(self, at: datetime, run_id: int, entrance: Entrance | None) -> None:
        heapq.heappush(self._agenda, (at, next(self._order), run_id, entrance))

    def _enter(self, entrance: Entrance, at: datetime) -> None:
        person, trigger = entrance.person, entrance.trigger
        if person in self.around.barred:
            self.result.refused[reentry.Refusal.STYLE] += 1
            return
        for condition in self.definition.conditions:
            if condition.at_entry and not self.around.holds(condition.rule, person):
                self.result.refused[reentry.Refusal.CONDITION] += 1
                return
        past = [self._runs[pk].past for pk in self._of_person[person]]
        decision = reentry.admit(self.definition.again, trigger, past)
        if not isinstance(decision, Enter):
            self.result.refused[decision.reason] += 1
            return
        for run_id in decision.restarted:
            self._end(self._runs[run_id], Ending.RESTARTED, trigger.at)
        zone = self.around.zone_of(person)
        first = self.definition.begin(trigger.at, zone)
        if not isinstance(first, GoTo):
            return
        state = RunPosition(
            first.step,
            trigger.at,
            first.since,
            first.due_at,
            zone,
            silent_until=entrance.silent_until,
            number=decision.number,
        )
        run_id = len(self._runs) + 1
        past_run = PastRun(run_id, decision.key, trigger.at)
        self._runs[run_id] = _Live(run_id, person, past_run, state)
        self._of_person[person].append(run_id)
        self.result.runs += 1
        self.result.people.add(person)
        for event in self.around.events.get(person, ()):
            # Whatever may end or wake the run is looked at when it happens.
            if trigger.at < event.at and event.kind in self.definition.kinds():
                self._plan(max(event.at, at), run_id, None)
        self._plan(max(first.due_at, at), run_id, None)

    def _advance(self, run_id: int, at: datetime) -> None:
        live = self._runs[run_id]
        if live.state is None:
            return
        events = self.around.events.get(live.person, ())
        known = [event for event in events if event.at <= at]
        history = History(known, lambda rule: self.around.holds(rule, live.person))
        state = live.state
        exit_event = decider.find_exit(self.definition, state, history, at)
        if exit_event is not None or self._is_woken(state, known, at):
            state = replace(state, due_at=min(state.due_at, at))
        if state.due_at > at:
            return
        after = decider.advance(
            self.definition, {run_id: state}, {run_id: history}, at, self
        )[run_id]
        live.state = after
        if after is not None:
            self._plan(max(after.due_at, at), run_id, None)

    def _is_woken(
        self, state: RunPosition, known: Sequence[Event], at: datetime
    ) -> bool:
        match = self._waits.get(state.step)
        return match is not None and any(
            event.at == at and match.matches(event.kind, event.payload)
            for event in known
        )

    def _end(self, live: _Live, reason: str, at: datetime) -> None:
        if live.state is not None:
            live.state = None
            live.past = replace(live.past, ended_at=at)
            self.result.ended[reason] += 1
            if reason != Ending.DONE:
                self._cancel(live, at)

    def _cancel(self, live: _Live, at: datetime) -> None:
        """Cancel the messages of the run that were not sent yet."""
        for index, contact in live.planned:
            if contact.at > at:
                # By identity: two messages of one moment are equal.
                kept = self._contacts[live.person]
                kept[:] = [each for each in kept if each is not contact]
                done = self.result.done[index]
                reason = skip_reasons.CANCELLED
                self.result.done[index] = replace(done, reason=reason)

    # The executor

    def perform(self, acts: Sequence[Act], at: datetime) -> list[Outcome]:
        return [self._perform(act, at) for act in acts]

    def _perform(self, act: Act, at: datetime) -> Outcome:
        live = self._runs[act.run_id]
        person = live.person
        reason = self.around.find_reason(act.step.id, person, act.run.number)
        if reason:
            self._note(person, act.step.id, at, reason)
            return Outcome(skipped=reason)
        if not isinstance(act.step, Send):
            self._note(person, act.step.id, at)
            return DONE
        may_wait = act.step.over_limit == OverLimit.HOLD
        contacts = self._contacts.setdefault(person, [])
        before = len(contacts)
        planner = self.around.planners[act.step.id]
        moment, reason = planner.plan(
            contacts,
            at,
            policy=planner.policy_of(person),
            zone=self.around.quiet_zones[act.step.id].get(person),
            stale_at=act.run.due_at + timedelta(hours=act.step.stale_hours),
            hold=timedelta(hours=act.step.hold_hours if may_wait else 0),
        )
        self._note(person, act.step.id, moment if not reason else at, reason)
        if reason:
            return Outcome(skipped=reason, over_limit=reason in BUDGET_REASONS)
        if len(contacts) > before:
            live.planned.append((len(self.result.done) - 1, contacts[-1]))
        return Outcome(message=0, later_at=moment if moment > at else None)

    def record(
        self, run_id: int, action: Action, run: RunPosition, at: datetime
    ) -> None:
        live = self._runs[run_id]
        if isinstance(action, End):
            self._end(live, action.reason, action.at)
        elif isinstance(action, Skip) and action.reason in decider.DECIDED:
            self._note(live.person, action.step, at, action.reason)

    def _note(self, person: int, step: str, at: datetime, reason: str = "") -> None:
        self.result.done.append(Done(person, step, at, reason))
