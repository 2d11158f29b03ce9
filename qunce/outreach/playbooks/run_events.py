"""What runs have seen: facts that the steps and exits of their playbook ask about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from qunce.core.facts import committed_facts, fact_consumers
from qunce.core.facts.facts import RecordedFact
from qunce.members.accounts import queries as account_queries
from qunce.outreach.playbooks import questions
from qunce.outreach.playbooks.definitions import Definition, Subject
from qunce.outreach.playbooks.histories import Event, FactMatch
from qunce.outreach.playbooks.models import (
    Playbook,
    Run,
    RunEvent,
    RunState,
    RunStep,
)
from qunce.outreach.playbooks.questions import FactQuestion
from qunce.outreach.playbooks.steps.branch import Branch
from qunce.outreach.playbooks.steps.wait_until import WaitUntil
from qunce.outreach.sending.ledger import Message, Origin, State
from qunce.sets import timelines

CONSUMER = "playbooks"
"""The consumer of facts for runs; what is after its position is not stored yet."""


def fields_asked(definition: Definition) -> dict[str, set[str]]:
    """Kind of fact → the fields of its payload that the playbook asks for."""
    asked: dict[str, set[str]] = {kind: set() for kind in definition.kinds()}
    for match in _matches(definition):
        asked.setdefault(match.kind, set()).update(name for name, _v in match.where)
    if questions.CLICKED in asked:
        asked[questions.CLICKED].add("message")
    return asked


def _matches(definition: Definition) -> Iterable[FactMatch]:
    yield from definition.exits
    for step in definition.walk():
        if isinstance(step, WaitUntil):
            yield step.match
        if isinstance(step, Branch) and isinstance(step.question, FactQuestion):
            yield step.question.match


def asks_about_steps(definition: Definition) -> bool:
    """Whether a branch asks about the message of an earlier step."""
    return any(
        isinstance(step, Branch) and questions.step_of(step.question) is not None
        for step in definition.walk()
    )


def runs_by_target(
    playbook: Playbook, facts: Sequence[RecordedFact]
) -> dict[int, list[Run]]:
    """Account or group of the facts → the runs that are not ended, of the same person."""
    rows = Run.objects.filter(playbook=playbook).exclude(state=RunState.ENDED)
    return _group_by_target(playbook, facts, rows)


def unsent_runs_by_target(
    playbook: Playbook, version_id: int, facts: Sequence[RecordedFact]
) -> dict[int, list[Run]]:
    """The same of the ended runs of a version with messages that are not sent yet."""
    planned = Message.objects.filter(origin=Origin.PLAYBOOK, state=State.PLANNED)
    steps = RunStep.objects.filter(run=OuterRef("pk"), message_id__isnull=False)
    rows = Run.objects.filter(
        Exists(steps.filter(message_id__in=planned.values("pk"))),
        playbook=playbook,
        version_id=version_id,
        state=RunState.ENDED,
    )
    return _group_by_target(playbook, facts, rows)


def _group_by_target(
    playbook: Playbook, facts: Sequence[RecordedFact], rows: QuerySet[Run]
) -> dict[int, list[Run]]:
    if playbook.subject == Subject.GROUP:
        groups = {fact.group for fact in facts if fact.group is not None}
        owners: dict[int, set[int]] = {group: {group} for group in groups}
    else:
        accounts = {fact.account for fact in facts if fact.account is not None}
        by_person = account_queries.accounts_by_person(accounts)
        wanted = {
            account: set(own) & accounts
            for own in by_person.values()
            for account in own
        }
        owners = wanted
    found: dict[int, list[Run]] = {}
    for chunk in account_queries.chunks(sorted(owners), size=900):
        for run in rows.filter(target_id__in=chunk).order_by("pk"):
            for target in owners[run.target_id]:
                found.setdefault(target, []).append(run)
    return found


def add(
    definition: Definition,
    runs: Mapping[int, Sequence[Run]],
    facts: Iterable[RecordedFact],
) -> None:
    """Store facts for the runs of their account or group."""
    asked = fields_asked(definition)
    rows = []
    for fact in facts:
        if fact.kind in asked:
            payload = _asked_only(fact.payload, asked[fact.kind])
            rows += [
                RunEvent(
                    run=run,
                    fact_id=fact.id,
                    kind=fact.kind,
                    happened_at=fact.happened_at,
                    payload=payload,
                )
                for run in runs.get(_target(fact), ())
            ]
    RunEvent.objects.bulk_create(rows, ignore_conflicts=True, batch_size=500)


def _target(fact: RecordedFact) -> int:
    return fact.account if fact.account is not None else fact.group or 0


def _asked_only(payload: Mapping[str, Any], fields: set[str]) -> dict[str, Any]:
    return {name: payload[name] for name in sorted(fields) if name in payload}


def add_earlier(
    playbook: Playbook, definition: Definition, runs: Sequence[Run]
) -> None:
    """Store what happened before these runs began, where a wait counts that, too.

    Runs that begin in the past get everything since then.
    """
    days = definition.earlier_days()
    late = [run for run in runs if days or run.silent_until is not None]
    if not late or playbook.subject == Subject.GROUP:
        return
    by_person = account_queries.accounts_by_person(run.target_id for run in late)
    accounts = [account for own in by_person.values() for account in own]
    begins = [run.triggered_at for run in late]
    facts = timelines.list_facts_of_kinds(
        community=playbook.community,
        kinds=definition.kinds(),
        since=min(begins) - timedelta(days=days),
        until=max(run.since or run.triggered_at for run in late) + timedelta(days=1),
        accounts=accounts,
    )
    person_of = account_queries.invert(by_person)
    runs_of: dict[int, list[Run]] = {}
    for account, person in person_of.items():
        runs_of[account] = [run for run in late if person_of[run.target_id] == person]
    add(definition, runs_of, facts)


def load(
    playbook: Playbook, definition: Definition, runs: Sequence[int]
) -> dict[int, list[Event]]:
    """Id of a run → its facts in the order in which they happened, up to now.

    Call it in the transaction that advances the runs: facts that the consumer has not got
    to yet are read from the log, so that no step overtakes a recorded exit.
    """
    kinds = definition.kinds()
    events: dict[int, dict[int, Event]] = {pk: {} for pk in runs}
    if not kinds:
        return {pk: [] for pk in events}
    for stored in RunEvent.objects.filter(run__in=runs).order_by("pk"):
        event = Event(stored.kind, stored.happened_at, stored.payload, stored.fact_id)
        events[stored.run_id][stored.fact_id] = event
    newest = committed_facts.list_after(
        after=fact_consumers.position(CONSUMER),
        kinds=kinds,
        community_id=playbook.community_id,
    )
    if newest:
        owners = runs_by_target(playbook, newest)
        for fact in newest:
            for run in owners.get(_target(fact), ()):
                if run.pk in events:
                    events[run.pk][fact.id] = Event(
                        fact.kind, fact.happened_at, fact.payload, fact.id
                    )
    return {
        pk: sorted(found.values(), key=lambda event: (event.at, event.id))
        for pk, found in events.items()
    }
