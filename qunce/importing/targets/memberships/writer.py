"""Writes memberships: the latest stay of a member in a group, and the ones before it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.db import connection

from qunce.core import db, revisions, timestamps
from qunce.core.facts import facts
from qunce.groups import groups, stays
from qunce.groups.groups import GroupJoined, GroupLeft, Membership, Stay
from qunce.groups.stays import Change, Report, State
from qunce.importing import account_resolver, journal, row_fates
from qunce.importing.jobs import ImportJob
from qunce.importing.parsing import ParsedChunk
from qunce.importing.targets.memberships import checks
from qunce.sets.bitmaps import marks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from qunce.importing.plan import ImportPlan


class Entry(NamedTuple):
    """What a chunk says about one member in one group, in the order of its rows."""

    group: int
    account: int
    reports: list[Report]


class MembershipWriter:
    """Writes rows sorted by group, so that a batch changes few revisions."""

    def __init__(self, job: ImportJob, plan: ImportPlan) -> None:
        self._job = job
        self._resolver = account_resolver.of_plan(plan, job)

    def load(self, chunk: ParsedChunk) -> int:
        job = self._job
        now = timestamps.to_micros(job.started_at)
        joined_at = chunk.get("joined_at").cast(pa.int64())
        found = self._resolver.resolve_rows(
            chunk, np.asarray(pc.fill_null(joined_at, now)), key_wins=False
        )
        group_ids = self._find_groups(chunk.get("group_key"))
        order, self._starts = checks.group_rows(group_ids, found.ids)
        indexes = pa.array(order)
        self._groups = group_ids[order]
        self._found = row_fates.take(found, order)
        self._reports = list(
            map(
                Report,
                chunk.get("role").take(indexes).to_pylist(),
                joined_at.take(indexes).to_pylist(),
                chunk.get("left_at").cast(pa.int64()).take(indexes).to_pylist(),
            )
        )
        return len(self._starts)

    def _find_groups(self, texts: pa.Array) -> NDArray[np.int64]:
        job = self._job
        encoded = pc.dictionary_encode(texts)
        keys = encoded.dictionary.to_pylist()
        # Files call the groups of a channel by name, as people never see their keys.
        ids = groups.find_by_key_or_name(job.community, keys)
        ids |= groups.ensure(
            community=job.community,
            keys=set(keys) - set(ids),
            by=job.by,
            at=job.started_at,
        )
        ids_by_code = np.array([ids[key] for key in keys], dtype=np.int64)
        found: NDArray[np.int64] = ids_by_code[np.asarray(encoded.indices)]
        return found

    def batch(self, start: int, end: int) -> tuple[list[Entry], dict[str, int]]:
        """Return entries of members, and how many rows they are and what became of them."""
        firsts = self._starts[start:end].tolist()
        is_rest = end >= len(self._starts)
        last = len(self._reports) if is_rest else int(self._starts[end])
        entries = [
            Entry(int(self._groups[first]), account, self._reports[first:until])
            for first, until in zip(firsts, [*firsts[1:], last], strict=True)
            if (account := int(self._found.ids[first]))
        ]
        counts = row_fates.count_without_member(self._found, firsts[0], last)
        return entries, counts

    def write(self, batch: tuple[list[Entry], dict[str, int]]) -> Mapping[str, int]:
        entries, counts = batch
        by_group: dict[int, list[Entry]] = {}
        for entry in entries:
            by_group.setdefault(entry.group, []).append(entry)
        changed = 0
        begun = 0
        # By group id, as every writer locks groups in that order.
        for group_id, in_group in sorted(by_group.items()):
            changes = write_group(self._job, group_id, in_group)
            changed += sum(map(len, changes.values()))
            begun += sum(
                change.before is None for own in changes.values() for change in own
            )
        rows = sum(len(entry.reports) for entry in entries)
        return {
            "new": 0,
            "changed": changed,
            "known": rows - changed,
            "stays": begun,
            "members": self._resolver.pop_created(),
            **counts,
        }


def write_group(
    job: ImportJob, group_id: int, entries: Sequence[Entry]
) -> dict[int, list[Change]]:
    """Update the memberships of one group; returns the changed stays by account."""
    accounts = [entry.account for entry in entries]
    if db.is_postgresql():  # on SQLite the transaction has the only write lock
        # Locks the group, so that the stays read next cannot change until the commit.
        revisions.bump(job.community_id, groups.KIND.name, [group_id])
    known = _load_stays(group_id, accounts)
    now = timestamps.to_micros(job.started_at)
    changes: dict[int, list[Change]] = {}
    latest: dict[int, State] = {}
    for entry in entries:
        old = known.get(entry.account, [])
        changed = stays.apply(old, entry.reports, now=now)
        if changed:
            changes[entry.account] = changed
            latest[entry.account] = _latest_of(old, changed)
    if not changes:
        return {}
    before = {account: known[account][-1] for account in latest if account in known}
    journal.record(
        job,
        "memberships",
        [(group_id, a, before.get(a), state) for a, state in latest.items()],
    )
    _store_latest(job, group_id, before, latest)
    _store_earlier(job, group_id, known, changes, latest)
    _record(job, group_id, changes)
    return changes


def _load_stays(group_id: int, accounts: Sequence[int]) -> dict[int, list[State]]:
    """Return the known stays by account, in the order of joining."""
    known: dict[int, list[State]] = {}
    # Two queries per group and batch rather than two per member.
    for model in (Stay, Membership):
        rows = model._default_manager.filter(group_id=group_id, account_id__in=accounts)
        for account, role, joined_at, left_at in rows.values_list(
            "account_id", "role", "joined_at", "left_at"
        ):
            state = State(
                role,
                timestamps.to_micros(joined_at),
                timestamps.to_micros(left_at) if left_at else None,
            )
            known.setdefault(account, []).append(state)
    for own in known.values():
        own.sort(key=lambda state: state.joined_at)
    return known


def _latest_of(old: Sequence[State], changes: Sequence[Change]) -> State:
    replaced = {change.before for change in changes}
    states = [state for state in old if state not in replaced]
    states += [change.after for change in changes]
    return max(states, key=lambda state: state.joined_at)


def _store_latest(
    job: ImportJob,
    group_id: int,
    before: Mapping[int, State],
    latest: Mapping[int, State],
) -> None:
    changed = {a: state for a, state in latest.items() if before.get(a) != state}
    weights = {a: int(state.left_at is None) for a, state in changed.items()}
    now = timestamps.to_micros(job.started_at)
    placeholder = {"role": stays.MEMBER, "joined_at": now, "left_at": None}
    # Through the marks, which also give the rows a revision and thereby reach the
    # bitmaps.
    marks.set_weights(groups.KIND, job.community_id, group_id, weights, placeholder)
    # They create no rows for members who have left already.
    Membership.objects.bulk_create(
        [
            Membership(
                group_id=group_id,
                account_id=account,
                weight=1,
                present=False,
                rev=0,
                joined_at=timestamps.from_micros(state.joined_at),
            )
            for account, state in changed.items()
            if account not in before and state.left_at is not None
        ]
    )
    with connection.cursor() as cursor:
        # One statement per row, since each has times of its own.
        cursor.executemany(
            "UPDATE groups_membership SET role = %s, joined_at = %s, left_at = %s"
            " WHERE group_id = %s AND account_id = %s",
            [(*state, group_id, account) for account, state in changed.items()],
        )


def _store_earlier(
    job: ImportJob,
    group_id: int,
    known: Mapping[int, list[State]],
    changes: Mapping[int, list[Change]],
    latest: Mapping[int, State],
) -> None:
    """Store the stays before the latest one, which the membership describes."""
    added: list[tuple[int, State]] = []
    removed: list[tuple[int, State]] = []
    for account, own in changes.items():
        old = known.get(account, [])
        before = set(old[:-1])
        replaced = {change.before for change in own}
        after = {state for state in old if state not in replaced}
        after |= {change.after for change in own}
        after.discard(latest[account])
        added += [(account, state) for state in sorted(after - before)]
        removed += [(account, state) for state in sorted(before - after)]
    for account, state in removed:
        rows = Stay.objects.filter(group_id=group_id, account_id=account)
        rows.filter(joined_at=timestamps.from_micros(state.joined_at)).delete()
    Stay.objects.bulk_create(
        [
            Stay(
                group_id=group_id,
                account_id=account,
                role=state.role,
                joined_at=timestamps.from_micros(state.joined_at),
                left_at=timestamps.from_micros(state.end),
            )
            for account, state in added
        ]
    )
    journal.record(job, "stays", [(group_id, a, state, None) for a, state in added])
    journal.record(job, "stays", [(group_id, a, None, state) for a, state in removed])


def _record(job: ImportJob, group_id: int, changes: Mapping[int, list[Change]]) -> None:
    """Record a join for every new stay, and a leave for every end that is new."""
    joined: dict[str, list[tuple[int, int]]] = {}
    left: list[tuple[int, int]] = []
    for account, own in changes.items():
        for before, after in own:
            if before is None:
                joined.setdefault(after.role, []).append((account, after.joined_at))
            was_inside = before is None or before.left_at is None
            if after.left_at is not None and was_inside:
                left.append((account, after.left_at))
    events: list[tuple[facts.FactKind, list[tuple[int, int]]]] = [
        (GroupJoined(group=group_id, role=role), accounts)
        for role, accounts in sorted(joined.items())
    ]
    events.append((GroupLeft(group=group_id), left))
    for event, happened in events:
        if happened:
            facts.record_for_accounts(
                event,
                [account for account, _moment in happened],
                community=job.community,
                by=job.by,
                at=job.started_at,
                happened_at=[timestamps.from_micros(moment) for _a, moment in happened],
            )


def add_members(
    job: ImportJob, groups_by_account: Mapping[int, tuple[int | None, Iterable[str]]]
) -> set[int]:
    """Add accounts to groups, for the `groups` column of members; returns who changed.

    The values are the time of joining and the keys or names of the groups.
    """
    keys = {key for _joined_at, keys in groups_by_account.values() for key in keys}
    ids = groups.find_by_key_or_name(job.community, keys)
    ids |= groups.ensure(
        community=job.community, keys=keys - set(ids), by=job.by, at=job.started_at
    )
    by_group: dict[int, dict[int, Report]] = {}
    for account, (joined_at, group_keys) in groups_by_account.items():
        report = Report(joined_at=joined_at)
        for key in group_keys:
            by_group.setdefault(ids[key], {})[account] = report
    changed: set[int] = set()
    for group_id, reports in sorted(by_group.items()):
        rows = Membership.objects.filter(
            group_id=group_id, present=True, account_id__in=list(reports)
        )
        inside = set(rows.values_list("account_id", flat=True))
        # Members who are inside stay as they are, whatever their row says.
        entries = [
            Entry(group_id, account, [report])
            for account, report in reports.items()
            if account not in inside
        ]
        changed |= set(write_group(job, group_id, entries)) if entries else set()
    return changed
