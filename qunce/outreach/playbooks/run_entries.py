"""How runs begin: events become pending runs, which are then let in or refused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.db import models, transaction

from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.staff import models as staff_models
from qunce.members.accounts import queries as account_queries
from qunce.outreach.contact_budget import member_zones, policies
from qunce.outreach.playbooks import (
    playbooks,
    reentry,
    run_endings,
    run_events,
    run_facts,
    versions,
)
from qunce.outreach.playbooks import rows as row_updates
from qunce.outreach.playbooks.actions import Ending, GoTo, counted_from
from qunce.outreach.playbooks.definitions import Definition, Subject
from qunce.outreach.playbooks.models import LIVE, Playbook, Run, RunState
from qunce.outreach.playbooks.reentry import (
    Enter,
    LaneRun,
    PastRun,
    Refusal,
    Trigger,
)
from qunce.outreach.service_styles import assignment
from qunce.sets import audiences
from qunce.sets.bitmaps import bitmaps

if TYPE_CHECKING:
    from pyroaring import BitMap

BATCH_SIZE = 1_000
LOOK_AGAIN_EVERY = timedelta(minutes=1)
"""How often the condition at the start is asked again during the grace period."""


@dataclass(frozen=True)
class NewRun:
    """A run to begin. With `silent_until`, it begins in the past."""

    target: int
    key: str
    at: datetime
    silent_until: datetime | None = None


def add_pending(playbook: Playbook, new: Iterable[NewRun], at: datetime) -> None:
    """Add runs that wait to be let in; what started one already is passed over."""
    version = playbooks.find_version(playbook)
    assert version is not None  # noqa: S101 - a live playbook has one
    rows = [
        Run(
            playbook=playbook,
            version=version,
            target_id=each.target,
            run_key=each.key[:120],
            triggered_at=each.at,
            since=at,
            due_at=at,
            silent_until=each.silent_until,
        )
        for each in new
    ]
    # The unique key makes one run of the same event, whoever brings it.
    Run.objects.bulk_create(rows, ignore_conflicts=True, batch_size=500)


def let_in(playbook: Playbook, at: datetime) -> Counter[str]:
    """Start pending runs, or refuse them; returns counts by reason, "" for started."""
    counts: Counter[str] = Counter()
    while True:
        pending = list(_pending(playbook, at)[:BATCH_SIZE])
        if not pending:
            return counts
        version = playbooks.find_version(playbook)
        assert version is not None  # noqa: S101 - a live playbook has one
        definition = versions.load(version.pk, playbook)
        # Before the transaction, in which sets are not cached.
        allowed = _find_allowed(playbook, definition, at)
        barred = assignment.NOBODY_BARRED
        if playbook.subject == Subject.MEMBER:
            barred = assignment.barred_from(playbook.pk, playbook.community, at)
        with transaction.atomic():
            # The lock makes entries of a playbook wait for each other.
            Playbook.objects.select_for_update(of=("self",)).get(pk=playbook.pk)
            rows = _pending(playbook, at).filter(pk__in=[run.pk for run in pending])
            admission = _Admission(
                playbook, version.pk, definition, at, allowed, barred
            )
            admission.decide(list(rows))
            counts += admission.counts


def _pending(playbook: Playbook, at: datetime) -> models.QuerySet[Run]:
    rows = Run.objects.filter(playbook=playbook, state=RunState.PENDING)
    return rows.filter(due_at__lte=at).order_by("triggered_at", "pk")


def _find_allowed(
    playbook: Playbook, definition: Definition, at: datetime
) -> BitMap | None:
    """The people for whom the conditions at the start hold, None for everybody."""
    community, allowed = playbook.community, None
    by = staff_models.system(community)
    for condition in definition.conditions:
        if condition.at_entry:
            people = audiences.people(
                community=community, rule=condition.rule, by=by, at=at
            )
            allowed = people if allowed is None else allowed & people
    return allowed


@dataclass
class _Admission:
    """Decides about pending runs in one transaction."""

    playbook: Playbook
    version_id: int
    definition: Definition
    at: datetime
    allowed: BitMap | None
    barred: assignment.Barred
    counts: Counter[str] = field(default_factory=Counter)

    def decide(self, pending: Sequence[Run]) -> None:
        is_group = self.playbook.subject == Subject.GROUP
        targets = {run.target_id for run in pending}
        people = people_of(targets, is_group=is_group)
        staff = bitmaps.of([])
        if not is_group:
            staff = audiences.uncounted_people(
                community=self.playbook.community, at=self.at
            )
        past = _past_runs(self.playbook, people, is_group=is_group)
        lanes = _lane_runs(self.playbook, self.definition, people)
        zones = zones_of(self.playbook.community, () if is_group else targets)
        started, refused, ended = [], [], dict[str, list[int]]()
        for run in pending:
            person = people[run.target_id]
            if person in staff:
                refused.append(run)
                continue
            if person in self.barred:
                self.counts[Refusal.STYLE] += 1
                refused.append(run)
                continue
            if self.allowed is not None and person not in self.allowed:
                self._wait_or_refuse(run, refused)
                continue
            decision = reentry.admit(
                self.definition.again,
                Trigger(run.run_key, run.triggered_at),
                past[person],
                lane=lanes[person],
                rank=self.definition.lane.rank,
            )
            if not isinstance(decision, Enter):
                self.counts[decision.reason] += 1
                refused.append(run)
                continue
            self._start(run, decision, zones[run.target_id])
            started.append(run)
            past[person] = _after_entry(past[person], decision, run)
            lanes[person] = []
            ended.setdefault(Ending.RESTARTED, []).extend(decision.restarted)
            ended.setdefault(Ending.LANE, []).extend(decision.displaced)
        self._save(started, refused, ended)

    def _wait_or_refuse(self, run: Run, refused: list[Run]) -> None:
        # Counted from when it became known, so that an outage takes nobody's chance.
        known_at = run.since or run.triggered_at
        last = known_at + timedelta(minutes=self.definition.grace_minutes)
        if self.at >= last:
            self.counts[Refusal.CONDITION] += 1
            refused.append(run)
            return
        run.due_at = min(self.at + LOOK_AGAIN_EVERY, last)
        run.save(update_fields=["due_at"])

    def _start(self, run: Run, decision: Enter, zone: ZoneInfo) -> None:
        begins = run.triggered_at
        if run.silent_until is None:
            begins = counted_from(begins, self.at)
        first = self.definition.begin(begins, zone)
        assert isinstance(first, GoTo)  # noqa: S101 - there is at least one step
        run.version_id, run.number = self.version_id, decision.number
        run.run_key, run.state = decision.key, RunState.WAITING
        run.started_at = run.triggered_at
        run.step, run.since, run.due_at = first.step, first.since, first.due_at

    def _save(
        self, started: list[Run], refused: list[Run], ended: Mapping[str, list[int]]
    ) -> None:
        new_ids = {run.pk for run in started}
        self._end({why: set(ids) - new_ids for why, ids in ended.items()})
        # Refused ones first: a started one may get the key of a refused one.
        Run.objects.filter(pk__in=[run.pk for run in refused]).delete()
        if started:
            row_updates.update(started, START_FIELDS)
        run_events.add_earlier(self.playbook, self.definition, started)
        column = "group" if self.playbook.subject == Subject.GROUP else "account"
        new = [
            run_facts.RunStarted(
                playbook=self.playbook.key,
                number=run.number,
                **{column: run.target_id},
            )
            for run in started
        ]
        if new:
            facts.record_many(
                new, community=self.playbook.community, by=None, at=self.at
            )
        self.counts[""] += len(started)
        # Of several that are let in together, each can end the one before.
        self._end({why: set(ids) & new_ids for why, ids in ended.items()})

    def _end(self, ended: Mapping[str, set[int]]) -> None:
        for reason, run_ids in ended.items():
            for other in _by_playbook(sorted(run_ids)):
                run_endings.end(*other, reason, self.at)


START_FIELDS = [
    *("version", "number", "run_key", "state"),
    *("started_at", "step", "since", "due_at"),
]


def _after_entry(past: list[PastRun], decision: Enter, run: Run) -> list[PastRun]:
    ended = [
        PastRun(each.id, each.key, each.started_at, run.triggered_at)
        if each.id in decision.restarted
        else each
        for each in past
    ]
    return [*ended, PastRun(run.pk, decision.key, run.triggered_at)]


def people_of(targets: Iterable[int], *, is_group: bool) -> dict[int, int]:
    """Target → person; a group stands for itself."""
    if is_group:
        return {target: target for target in targets}
    return account_queries.person_ids(targets)


def _past_runs(
    playbook: Playbook, people: Mapping[int, int], *, is_group: bool
) -> dict[int, list[PastRun]]:
    """Person → the runs that they have or had in the playbook."""
    runs: dict[int, list[PastRun]] = {person: [] for person in people.values()}
    owners = dict(people)
    if not is_group:
        owners = {
            account: person
            for person, own in account_queries.accounts_by_person(people).items()
            for account in own
        }
    for chunk in account_queries.chunks(sorted(owners), size=900):
        rows = Run.objects.filter(playbook=playbook, target_id__in=chunk)
        rows = rows.exclude(state=RunState.PENDING).order_by("pk")
        for run in rows:
            past = PastRun(
                run.pk, run.run_key, run.started_at or run.triggered_at, run.ended_at
            )
            runs[owners[run.target_id]].append(past)
    return runs


def _lane_runs(
    playbook: Playbook, definition: Definition, people: Mapping[int, int]
) -> dict[int, list[LaneRun]]:
    """Person → their live runs in other playbooks of the lane."""
    found: dict[int, list[LaneRun]] = {person: [] for person in people.values()}
    if not definition.lane.name or playbook.subject == Subject.GROUP:
        return found
    others = Playbook.objects.filter(
        community_id=playbook.community_id, lane=definition.lane.name
    ).exclude(pk=playbook.pk)
    by_pk = {other.pk: other for other in others.select_related("community")}
    by_person = account_queries.accounts_by_person(people)
    owners = account_queries.invert(by_person)
    for chunk in account_queries.chunks(sorted(owners), size=900):
        rows = Run.objects.filter(
            playbook__in=list(by_pk), target_id__in=chunk, state__in=LIVE
        )
        for run in rows.order_by("pk"):
            other = versions.load(run.version_id, by_pk[run.playbook_id])
            lane_run = LaneRun(run.pk, other.lane.rank)
            found[owners[run.target_id]].append(lane_run)
    return found


def _by_playbook(run_ids: Sequence[int]) -> list[tuple[Playbook, list[int]]]:
    rows = Run.objects.filter(pk__in=run_ids).select_related("playbook__community")
    found: dict[int, tuple[Playbook, list[int]]] = {}
    for run in rows.order_by("pk"):
        found.setdefault(run.playbook_id, (run.playbook, []))[1].append(run.pk)
    return list(found.values())


def zones_of(community: Community, accounts: Iterable[int]) -> Mapping[int, ZoneInfo]:
    """Account → the member's own time zone, or the community's if it is not known."""
    zones = _Zones(ZoneInfo(community.timezone))
    wanted = sorted(set(accounts))
    attribute = policies.get(community).zone_attribute if wanted else ""
    if attribute:
        known = member_zones.zones_of(community, wanted, attribute=attribute)
        people = account_queries.person_ids(wanted)
        zones |= {pk: known[own] for pk, own in people.items() if own in known}
    return zones


class _Zones(dict[int, ZoneInfo]):
    def __init__(self, default: ZoneInfo) -> None:
        super().__init__()
        self.default = default

    def __missing__(self, account: int) -> ZoneInfo:
        return self.default
