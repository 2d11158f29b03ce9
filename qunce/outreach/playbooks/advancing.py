"""Advances the runs that are due: claims them, decides, and carries out what was decided.

A claim, the decisions and their effects are one transaction, in which nothing leaves the
database: a message is asked for, and sent later by its channel. So a worker that is killed
leaves everything as it was.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import OperationalError, models, transaction

from qunce.core import db, timestamps
from qunce.core.facts import facts
from qunce.core.staff import models as staff_models
from qunce.core.staff.models import Staff
from qunce.outreach.playbooks import (
    awaited_work,
    decider,
    definitions,
    run_endings,
    run_entries,
    run_events,
    run_facts,
    versions,
)
from qunce.outreach.playbooks import rows as row_updates
from qunce.outreach.playbooks.actions import (
    Action,
    Await,
    Awaited,
    End,
    GoTo,
    HandOver,
    Hold,
    Late,
    Obstacle,
    RunPosition,
    SentStep,
    Skip,
)
from qunce.outreach.playbooks.decider import Act
from qunce.outreach.playbooks.definitions import Definition, Subject
from qunce.outreach.playbooks.histories import History
from qunce.outreach.playbooks.models import (
    ADVANCING,
    Playbook,
    Run,
    RunState,
    RunStep,
    State,
    StepState,
)
from qunce.outreach.playbooks.rows import LiveRun, NewStep
from qunce.outreach.playbooks.work import Outcome, Work, WorkItem
from qunce.sets import audiences

if TYPE_CHECKING:
    from pyroaring import BitMap

BATCH_SIZE = 1_000
MAX_BATCHES = 10
"""Batches of a playbook in one call, so that it keeps no other waiting for long."""
DECIDED_BY_TIME = (RunState.PENDING, RunState.WAITING, RunState.HELD)

log = logging.getLogger(__name__)


def advance_all(*, at: datetime) -> int:
    """Let in what waits and advance what is due, in all playbooks; returns how many."""
    due = Run.objects.filter(due_at__lte=at, state__in=DECIDED_BY_TIME)
    ids = list(due.order_by().values_list("playbook_id", flat=True).distinct())
    if not ids:
        return 0
    advanced = 0
    rows = Playbook.objects.filter(pk__in=ids, state__in=ADVANCING)
    for playbook in rows.select_related("community").order_by("pk"):
        if playbook.state == State.RUNNING:
            run_entries.let_in(playbook, at)
        advanced += advance(playbook, at=at)
    return advanced


def advance(playbook: Playbook, *, at: datetime) -> int:
    """Advance the runs of a playbook that are due; returns how many."""
    advanced = 0
    for _batch in range(MAX_BATCHES):
        due = _due(playbook, at)
        versions_by_run = dict(due.values_list("pk", "version_id")[:BATCH_SIZE])
        if not versions_by_run:
            break
        ids, version_ids = list(versions_by_run), set(versions_by_run.values())
        if _hold_unreadable(playbook, due, version_ids, at):
            continue
        # Before the transaction, in which sets are not cached.
        sets = _sets_of_rules(playbook, version_ids, at)
        try:
            advanced += _advance_batch(playbook, ids, sets, at)
        except OperationalError:
            raise
        except Exception:
            log.exception("runs of playbook %s failed", playbook.pk)
            advanced += _advance_one_by_one(playbook, ids, sets, at)
    return advanced


def _hold_unreadable(
    playbook: Playbook, due: models.QuerySet[Run], version_ids: set[int], at: datetime
) -> int:
    """Hold the runs whose version a newer Qunce wrote; returns how many there are."""
    held = 0
    for version_id in sorted(version_ids):
        try:
            versions.load(version_id, playbook)
        except definitions.UnknownFormat:
            held += (
                due.order_by()
                .filter(version_id=version_id)
                .update(
                    state=RunState.HELD,
                    held_for=Obstacle.FORMAT,
                    held_since=timestamps.to_micros(at),
                    due_at=timestamps.to_micros(at + decider.RETRY_EVERY),
                )
            )
    return held


def _due(playbook: Playbook, at: datetime) -> models.QuerySet[Run]:
    rows = Run.objects.filter(playbook=playbook, due_at__lte=at)
    rows = rows.filter(state__in=[RunState.WAITING, RunState.HELD])
    return rows.order_by("due_at", "pk")


@dataclass(frozen=True)
class Sets:
    """The people for whom each rule of some versions holds now, by its text."""

    version_ids: frozenset[int]
    people: Mapping[str, BitMap]


def _sets_of_rules(playbook: Playbook, version_ids: set[int], at: datetime) -> Sets:
    by = staff_models.system(playbook.community)
    rules = {
        repr(rule): rule
        for version_id in version_ids
        for rule in versions.load(version_id, playbook).rules()
    }
    found = {
        text: audiences.people(community=playbook.community, rule=rule, by=by, at=at)
        for text, rule in rules.items()
    }
    return Sets(frozenset(version_ids), found)


def _advance_one_by_one(
    playbook: Playbook, ids: Sequence[int], sets: Sets, at: datetime
) -> int:
    """After an error, so that only the run that fails is held up."""
    advanced = 0
    for pk in ids:
        try:
            advanced += _advance_batch(playbook, [pk], sets, at)
        except OperationalError:
            raise
        except Exception:
            log.exception("run %s failed", pk)
            Run.objects.filter(pk=pk).update(
                state=RunState.HELD,
                held_for="error",
                due_at=at + decider.RETRY_EVERY,
            )
    return advanced


def _is_advancing(playbook: Playbook) -> bool:
    """Whether it is neither paused nor stopped, which nobody does until we are done.

    Otherwise a pause would not find, and not hold, what is being planned now.
    """
    lock = " FOR SHARE" if db.is_postgresql() else ""
    sql = f"SELECT state FROM outreach_playbook WHERE id = %s{lock}"  # noqa: S608 - fixed
    return any(state in ADVANCING for (state,) in db.rows(sql, [playbook.pk]))


@transaction.atomic
def _advance_batch(
    playbook: Playbook, ids: Sequence[int], sets: Sets, at: datetime
) -> int:
    # A playbook that has been paused since advances nobody; one that was stopped has no
    # live runs any more.
    if not _is_advancing(playbook):
        return 0
    # A run whose version was changed since comes with the sets of the next batch.
    rows = _due(playbook, at).filter(pk__in=ids, version_id__in=sets.version_ids)
    by_version: dict[int, list[LiveRun]] = {}
    for run in row_updates.load(rows.select_for_update(skip_locked=True)):
        by_version.setdefault(run.version_id, []).append(run)
    for version_id, runs in sorted(by_version.items()):
        definition = versions.load(version_id, playbook)
        _Batch(playbook, definition, runs, sets, at).advance()
    return sum(map(len, by_version.values()))


@dataclass
class _Batch:
    """Runs of one version, advanced in one transaction; carries out the actions."""

    playbook: Playbook
    definition: Definition
    runs: Sequence[LiveRun]
    sets: Sets
    at: datetime
    changed: dict[int, LiveRun] = field(default_factory=dict)
    ended: dict[str, list[int]] = field(default_factory=dict)
    skipped: list[NewStep] = field(default_factory=list)
    obstacles: dict[str, str] = field(default_factory=dict)
    people: dict[int, int] = field(default_factory=dict)
    performed: dict[int, int] = field(default_factory=dict)
    awaited: dict[int, RunStep] = field(default_factory=dict)
    late: list[int] = field(default_factory=list)
    to_hand_over: dict[str, list[int]] = field(default_factory=dict)

    def advance(self) -> None:
        by_pk = {run.pk: run for run in self.runs}
        self.changed = by_pk
        self.people = run_entries.people_of(
            [run.target_id for run in self.runs],
            is_group=self.playbook.subject == Subject.GROUP,
        )
        zones = run_entries.zones_of(self.playbook.community, _members(self))
        events = run_events.load(self.playbook, self.definition, list(by_pk))
        sent = self._sent_steps()
        awaited = self._awaited()
        positions = {
            run.pk: position_of(
                run,
                zones[run.target_id],
                sent.get(run.pk, {}),
                awaited.get(run.pk),
            )
            for run in self.runs
        }
        histories = {
            run.pk: History(
                events[run.pk],
                functools.partial(self._holds, person=self.people[run.target_id]),
            )
            for run in self.runs
        }
        decider.advance(self.definition, positions, histories, self.at, self)
        self._save()

    def _holds(self, rule: Any, person: int) -> bool:
        return person in self.sets.people[repr(rule)]

    def _awaited(self) -> dict[int, Awaited]:
        """Run → what staff are doing for it now."""
        ids = [run.awaits_id for run in self.runs if run.awaits_id is not None]
        if not ids:
            return {}
        rows = list(RunStep.objects.filter(pk__in=ids).order_by("pk"))
        self.awaited = {row.run_id: row for row in rows}
        undone = awaited_work.find_open(rows)
        return {
            row.run_id: Awaited(
                is_done=row.pk not in undone,
                is_late=row.late_at is not None,
                is_handed_over=row.handed_over_at is not None,
            )
            for row in rows
        }

    def _sent_steps(self) -> dict[int, dict[str, SentStep]]:
        found: dict[int, dict[str, SentStep]] = {}
        if run_events.asks_about_steps(self.definition):
            ids = [run.pk for run in self.runs]
            rows = RunStep.objects.filter(run__in=ids, state=StepState.DONE)
            for row in rows.order_by("pk"):
                found.setdefault(row.run_id, {})[row.step] = SentStep(
                    row.at, row.message_id
                )
        return found

    # The executor

    def perform(self, acts: Sequence[Act], at: datetime) -> list[Outcome]:
        outcomes: dict[int, Outcome] = {}
        by_step: dict[str, list[Act]] = {}
        for act in acts:
            by_step.setdefault(act.step.id, []).append(act)
        for same in by_step.values():
            outcomes |= self._perform_step(same, at)
        return [outcomes[act.run_id] for act in acts]

    def _perform_step(self, acts: Sequence[Act], at: datetime) -> dict[int, Outcome]:
        step, community = acts[0].step, self.playbook.community
        if step.id not in self.obstacles:
            self.obstacles[step.id] = step.find_obstacle(community, at)
        if self.obstacles[step.id]:
            held = Outcome(held=self.obstacles[step.id])
            return {act.run_id: held for act in acts}
        rows = [self._row(act.run_id, act.run, step.id) for act in acts]
        row_updates.insert_steps(rows)
        targets = [self.changed[act.run_id].target_id for act in acts]
        work = Work(
            community=community,
            playbook=self.playbook.key,
            is_group=self.playbook.subject == Subject.GROUP,
            items=[
                WorkItem(row.pk, target, act.run, self.people[target])
                for act, row, target in zip(acts, rows, targets, strict=True)
            ],
            by=self._system(),
            at=at,
            holds=self._holds,
        )
        outcomes = step.perform(work)
        self._store(rows, outcomes, at)
        return {
            act.run_id: outcome for act, outcome in zip(acts, outcomes, strict=True)
        }

    def _store(
        self, rows: Sequence[NewStep], outcomes: Sequence[Outcome], at: datetime
    ) -> None:
        """Store what became of steps; one that is held has no row, as it is tried again."""
        held: list[NewStep] = []
        kept: list[NewStep] = []
        for row, outcome in zip(rows, outcomes, strict=True):
            row.message_id, row.note_id = outcome.message, outcome.note
            row.at = outcome.later_at or at
            if outcome.skipped:
                row.state, row.reason = StepState.SKIPPED, outcome.skipped[:40]
            (held if outcome.held else kept).append(row)
            self.performed[row.run_id] = row.pk
        # As they were inserted, unless there is a message or it was skipped.
        names = [
            name
            for name, value in {**UNCHANGED, "at": self.at}.items()
            if any(getattr(row, name) != value for row in kept)
        ]
        if names:
            row_updates.update(kept, names, RunStep)
        if held:
            RunStep.objects.filter(pk__in=[row.pk for row in held]).delete()

    def _system(self) -> Staff:
        return staff_models.system(self.playbook.community)

    def _row(self, run_id: int, run: RunPosition, step: str, **fields: Any) -> NewStep:
        kind = self.definition.graph.by_id[step].kind
        return NewStep(run_id, step, kind, run.due_at, self.at, **fields)

    def record(
        self, run_id: int, action: Action, run: RunPosition, at: datetime
    ) -> None:
        row = self.changed[run_id]
        if isinstance(action, GoTo):
            row.step, row.since, row.due_at = action.step, action.since, action.due_at
            row.state, row.held_since, row.held_for = RunState.WAITING, None, ""
            row.awaits_id = None
        elif isinstance(action, Await):
            row.since, row.due_at = action.since, action.due_at
            row.state, row.held_since, row.held_for = RunState.WAITING, None, ""
            row.awaits_id = row.awaits_id or self.performed[run_id]
        elif isinstance(action, Late):
            self.late.append(run_id)
        elif isinstance(action, HandOver):
            self.to_hand_over.setdefault(action.step, []).append(run_id)
        elif isinstance(action, Hold):
            row.state, row.held_for = RunState.HELD, action.reason[:40]
            row.held_since, row.due_at = run.held_since or run.due_at, action.due_at
        elif isinstance(action, End):
            row.state, row.ending, row.held_for = RunState.ENDED, action.reason, ""
            row.ended_at, row.due_at = max(action.at, row.triggered_at), None
            row.awaits_id = None
            self.ended.setdefault(action.reason, []).append(run_id)
        elif isinstance(action, Skip) and action.reason in decider.DECIDED:
            # Performing any other step has made a row already, with its reason.
            skipped = StepState.SKIPPED
            self.skipped.append(
                self._row(run_id, run, action.step, state=skipped, reason=action.reason)
            )

    def _save(self) -> None:
        row_updates.insert_steps(self.skipped)
        row_updates.update(list(self.changed.values()), CHANGED_FIELDS, Run)
        self._save_lateness()
        for reason, run_ids in self.ended.items():
            if reason == "exit":
                run_endings.cancel_messages(run_ids, self.at)
            targets = [self.changed[pk].target_id for pk in run_ids]
            run_endings.record(self.playbook, targets, reason, self.at)

    def _save_lateness(self) -> None:
        """Count who was late, and give what is not done to others."""
        late = [self.awaited[run_id] for run_id in self.late]
        # Before it changes hands, as it counts for who had it.
        self._record(run_facts.StepLate, late)
        for row in late:
            row.late_at = self.at
        row_updates.update(late, ["late_at"])
        for step_id, run_ids in self.to_hand_over.items():
            undone = self.definition.graph.by_id[step_id].undone
            assert undone is not None  # noqa: S101 - it was decided by it
            rows = [self.awaited[run_id] for run_id in run_ids]
            work = awaited_work.OpenWork(
                community=self.playbook.community,
                is_group=self.playbook.subject == Subject.GROUP,
                targets={r.pk: self.changed[r.run_id].target_id for r in rows},
                by=self._system(),
                at=self.at,
            )
            moved_ids = awaited_work.hand_over(rows, undone.to, work)
            moved = [row for row in rows if row.pk in moved_ids]
            for row in moved:
                row.handed_over_at = self.at
            row_updates.update(moved, ["handed_over_at"])
            self._record(run_facts.StepHandedOver, moved)

    def _record(
        self,
        kind: type[run_facts.StepLate | run_facts.StepHandedOver],
        rows: Sequence[RunStep],
    ) -> None:
        if not rows:
            return
        names = awaited_work.names_of_staff(rows)
        is_group = self.playbook.subject == Subject.GROUP
        column = "group" if is_group else "account"
        new = [
            kind(
                playbook=self.playbook.key,
                step=row.step,
                staff=names.get(row.pk, ""),
                **{column: self.changed[row.run_id].target_id},
            )
            for row in rows
        ]
        facts.record_many(new, community=self.playbook.community, by=None, at=self.at)


UNCHANGED = {
    "message_id": None,
    "note_id": None,
    "state": StepState.DONE,
    "reason": "",
}
"""What a new step has, besides its time."""
CHANGED_FIELDS = [
    *("state", "step", "since", "due_at", "held_since", "held_for", "awaits_id"),
    *("ended_at", "ending"),
]


def position_of(
    run: LiveRun,
    zone: Any,
    sent: Mapping[str, SentStep],
    awaited: Awaited | None = None,
) -> RunPosition:
    """The run as the decider sees it."""
    assert run.due_at is not None  # noqa: S101 - it is live
    return RunPosition(
        step=run.step,
        started_at=run.started_at,
        since=run.since,
        due_at=run.due_at,
        zone=zone,
        silent_until=run.silent_until,
        held_since=run.held_since,
        sent=sent,
        number=run.number,
        awaited=awaited,
    )


def _members(batch: _Batch) -> list[int]:
    if batch.playbook.subject == Subject.GROUP:
        return []
    return [run.target_id for run in batch.runs]
