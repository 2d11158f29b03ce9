"""Reactions of runs: facts begin, end or wake them, and a merge keeps one of two."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from django.db.models import F

from qunce.core.communities import Community
from qunce.core.facts import committed_facts, fact_consumers
from qunce.core.facts.facts import RecordedFact
from qunce.members.accounts import queries as account_queries
from qunce.members.people import merges
from qunce.outreach.playbooks import run_endings, run_entries, run_events, versions
from qunce.outreach.playbooks.actions import Ending
from qunce.outreach.playbooks.definitions import Definition, Subject
from qunce.outreach.playbooks.entries import FactEntry
from qunce.outreach.playbooks.models import LIVE, Playbook, Run, RunState, State
from qunce.outreach.playbooks.playbooks import find_version
from qunce.outreach.playbooks.reentry import Mode
from qunce.outreach.playbooks.run_entries import NewRun
from qunce.outreach.playbooks.steps.wait_until import WaitUntil
from qunce.outreach.playbooks.undone import DONE_KINDS

MERGED = merges.MemberMerged.kind


def react(*, community: Community, facts: Sequence[RecordedFact], at: datetime) -> None:
    """Reaction to every kind that a live playbook begins with or asks for."""
    playbooks = versions.list_live(community.pk)
    in_use = versions.ids_in_use(playbooks)
    for playbook in playbooks:
        _enter(playbook, facts, at)
        for version_id in sorted(in_use[playbook.pk]):
            definition = versions.load(version_id, playbook)
            if facts[0].kind in definition.kinds():
                _reach_runs(playbook, version_id, definition, facts, at)
    if facts[0].kind == MERGED:
        for playbook in playbooks:
            _keep_oldest(playbook, facts, at)


# Entering


def accepts_entries(playbook: Playbook) -> bool:
    is_kept = playbook.state == State.PAUSED and playbook.pause_keeps_entries
    return playbook.state == State.RUNNING or is_kept


def _enter(playbook: Playbook, facts: Sequence[RecordedFact], at: datetime) -> None:
    version = find_version(playbook)
    if version is None or not accepts_entries(playbook):
        return
    definition = versions.load(version.pk, playbook)
    since = playbook.started_at or at
    matching = [
        fact
        for fact in facts
        if fact.account is not None
        and fact.recorded_at >= since
        and is_entry(definition, fact.kind, fact.payload)
    ]
    oldest = at - timedelta(hours=definition.late_hours)
    late = [fact for fact in matching if fact.happened_at < oldest]
    if late:
        rows = Playbook.objects.filter(pk=playbook.pk)
        rows.update(late_count=F("late_count") + len(late))
    new = [
        NewRun(fact.account or 0, entry_key(definition, fact), fact.happened_at)
        for fact in matching
        if fact.happened_at >= oldest
    ]
    if new:
        run_entries.add_pending(playbook, new, at)


def is_entry(definition: Definition, kind: str, payload: Mapping[str, object]) -> bool:
    return any(match.matches(kind, payload) for match in definition.entry.matches())


def entry_key(definition: Definition, fact: RecordedFact) -> str:
    """What distinguishes this run from others: the order, term … of the fact, or the fact itself."""
    entry = definition.entry
    if isinstance(entry, FactEntry) and entry.key_field:
        value = fact.payload.get(entry.key_field)
        if value is not None:
            return f"{entry.key_field}:{value}"
    return f"fact:{fact.id}"


# Runs under way


def _reach_runs(
    playbook: Playbook,
    version_id: int,
    definition: Definition,
    facts: Sequence[RecordedFact],
    at: datetime,
) -> None:
    """Store the facts for the runs of a version, end those that exit, and wake others."""
    found = run_events.runs_by_target(playbook, facts)
    runs = {
        target: [run for run in same if run.version_id == version_id]
        for target, same in found.items()
    }
    run_events.add(definition, runs, facts)
    _cancel_of_finished(playbook, version_id, definition, facts, at)
    exits, woken = [], []
    waits = {
        step.id: step.match for step in definition.walk() if isinstance(step, WaitUntil)
    }
    for fact in facts:
        for run in runs.get(fact.account or fact.group or 0, ()):
            is_exit = any(
                match.matches(fact.kind, fact.payload) for match in definition.exits
            )
            if is_exit and run.state in LIVE and _is_after(fact, run):
                exits.append(run.pk)
            elif run.step in waits and waits[run.step].matches(fact.kind, fact.payload):
                woken.append(run.pk)
            elif run.awaits_id is not None and fact.kind in DONE_KINDS:
                # Whether its own work is done, the run looks at itself.
                woken.append(run.pk)
    run_endings.end(playbook, exits, Ending.EXIT, at)
    for chunk in account_queries.chunks(sorted(set(woken)), size=500):
        Run.objects.filter(pk__in=chunk, state=RunState.WAITING, due_at__gt=at).update(
            due_at=at
        )


def _cancel_of_finished(
    playbook: Playbook,
    version_id: int,
    definition: Definition,
    facts: Sequence[RecordedFact],
    at: datetime,
) -> None:
    """Cancel what runs have asked for that had no further step when the exit came."""
    exits = [
        fact
        for fact in facts
        if any(match.matches(fact.kind, fact.payload) for match in definition.exits)
    ]
    if not exits:
        return
    found = run_events.unsent_runs_by_target(playbook, version_id, exits)
    late = {
        run.pk
        for fact in exits
        for run in found.get(fact.account or fact.group or 0, ())
        if _is_after(fact, run)
    }
    run_endings.cancel_messages(sorted(late), at)


def _is_after(fact: RecordedFact, run: Run) -> bool:
    return run.started_at is not None and fact.happened_at > run.started_at


# Merges and erasing


def _keep_oldest(
    playbook: Playbook, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Of several live runs of merged members in a playbook, the oldest stays.

    It keeps its account, so that it is that account's again when the merge is undone.
    """
    version = find_version(playbook)
    if playbook.subject == Subject.GROUP or version is None:
        return
    if versions.load(version.pk, playbook).again.mode == Mode.PER_KEY:
        return
    merged = [fact.account for fact in facts if fact.account is not None]
    for own in account_queries.accounts_by_person(merged).values():
        live = Run.objects.filter(
            playbook=playbook, target_id__in=own, state__in=LIVE
        ).order_by("started_at", "pk")
        later = list(live.values_list("pk", flat=True))[1:]
        run_endings.end(playbook, later, Ending.MERGED, at)


def delete_erased(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Reaction to `member.erased`: delete the runs of these accounts."""
    accounts = [fact.account for fact in facts if fact.account is not None]
    Run.objects.filter(
        playbook__community=community,
        playbook__subject=Subject.MEMBER,
        target_id__in=accounts,
    ).delete()


# The consumer


class ChosenKinds(Mapping[str, Sequence[fact_consumers.Reaction]]):
    """Maps the kinds that live playbooks begin with or ask for to their reaction."""

    def __getitem__(self, kind: str) -> Sequence[fact_consumers.Reaction]:
        return (react,)

    def __iter__(self) -> Iterator[str]:
        return iter(self._kinds())

    def __len__(self) -> int:
        return len(self._kinds())

    def _kinds(self) -> set[str]:
        playbooks = versions.list_live()
        kinds = {MERGED} if playbooks else set[str]()
        in_use = versions.ids_in_use(playbooks)
        for playbook in playbooks:
            for version_id in in_use[playbook.pk]:
                definition = versions.load(version_id, playbook)
                kinds |= definition.kinds() | definition.entry_kinds()
        return kinds


def skip_old_facts() -> None:
    """Move the consumer to the end of the log if no playbook is live yet.

    It does not advance while it has no kinds to look for. Call it before the first one
    is switched on.
    """
    if not versions.list_live():
        fact_consumers.ConsumerPosition.objects.update_or_create(
            consumer=run_events.CONSUMER,
            defaults={"position": committed_facts.last_position()},
        )
