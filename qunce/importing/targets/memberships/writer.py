"""Writes memberships: the latest stay of a member in a group, and the ones before it."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.utils.translation import gettext as _

from qunce.core import db, errors, revisions, timestamps
from qunce.core.facts import facts
from qunce.groups import group_names, groups, staff_roles, stays
from qunce.groups.groups import GroupJoined, GroupLeft, Stay
from qunce.groups.stays import Change, Report, State
from qunce.importing.accounts import account_resolver, row_counts
from qunce.importing.jobs import journal
from qunce.importing.jobs.jobs import ImportJob
from qunce.importing.rows.parsing import ParsedChunk
from qunce.importing.targets.memberships import checks, new_memberships
from qunce.importing.targets.memberships.new_memberships import NewMemberships
from qunce.members.accounts import queries as account_queries
from qunce.sets.bitmaps import marks

if TYPE_CHECKING:
    from qunce.importing.plan.plan import ImportPlan


MAX_NEW_GROUPS = 20_000


class TooManyNewGroups(errors.Invalid):
    """The column of the group has too many texts that no group has."""


class Entry(NamedTuple):
    """The rows of a chunk about one member in one group, in their order."""

    group: int
    account: int
    reports: list[Report]


class MembershipWriter:
    """Writes rows sorted by group, so that a batch changes few revisions."""

    def __init__(self, job: ImportJob, plan: ImportPlan) -> None:
        self._job = job
        self._resolver = account_resolver.of_plan(plan, job)
        self._new_count = 0

    def load(self, chunk: ParsedChunk) -> int:
        job = self._job
        now = timestamps.to_micros(job.started_at)
        joined_at = chunk.get("joined_at").cast(pa.int64())
        found = self._resolver.resolve_rows(
            chunk, np.asarray(pc.fill_null(joined_at, now)), key_wins=False
        )
        encoded = pc.dictionary_encode(chunk.get("group_key"))
        keys = encoded.dictionary.to_pylist()
        # Files call the groups of a channel by name, as people never see their keys.
        known = group_names.find_by_key_or_name(job.community, keys)
        new = sorted(set(keys) - set(known))
        self._new_count += len(new)
        if self._new_count > MAX_NEW_GROUPS:
            raise TooManyNewGroups(
                _(
                    "The file has more than %(most)s groups that do not exist yet, such"
                    " as “%(first)s”. Map another column to the group."
                )
                % {"most": f"{MAX_NEW_GROUPS:,}", "first": new[0]}
            )
        ids = ensure_groups(job, keys)
        ids_by_code = np.array([ids[key] for key in keys], dtype=np.int64)
        group_ids = ids_by_code[np.asarray(encoded.indices)]
        order, self._starts = checks.group_rows(group_ids, found.ids)
        self.row_order = chunk.row_numbers[order]
        indexes = pa.array(order)
        self._groups = group_ids[order]
        self._found = row_counts.take(found, order)
        left_at = chunk.get("left_at").cast(pa.int64())
        columns = (chunk.get("role"), joined_at, left_at)
        taken = (column.take(indexes).to_pylist() for column in columns)
        self._reports = list(map(Report, *taken))
        return len(self._starts)

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
        counts = row_counts.count_without_member(self._found, firsts[0], last)
        return entries, counts

    def write(self, batch: tuple[list[Entry], dict[str, int]]) -> Mapping[str, int]:
        entries, counts = batch
        changes = write_entries(self._job, entries) if entries else {}
        changed = sum(map(len, changes.values()))
        begun = sum(change.before is None for own in changes.values() for change in own)
        rows = sum(len(entry.reports) for entry in entries)
        return {
            "new": 0,
            "changed": changed,
            "known": rows - changed,
            "stays": begun,
            "members": self._resolver.pop_created(),
            **counts,
        }


def write_entries(
    job: ImportJob, entries: Sequence[Entry]
) -> dict[tuple[int, int], list[Change]]:
    """Update memberships; returns the changed stays by group and account.

    Statements are for all groups of a batch, of which there may be hundreds.
    """
    known, changes = _decide(job, entries)
    if not changes:
        return {}
    group_ids = {group for group, _account in changes}
    # Locks the groups, so that the stays read next cannot change until the commit.
    revs = revisions.bump(job.community_id, groups.KIND.name, group_ids)
    if db.is_postgresql():  # on SQLite the transaction has the only write lock
        known, changes = _decide(job, entries)
    latest = {
        pair: max(_apply(known.get(pair, []), own), key=lambda state: state.joined_at)
        for pair, own in changes.items()
    }
    before = {pair: known[pair][-1] for pair in latest if pair in known}
    journal.record(
        job,
        "memberships",
        [(*pair, before.get(pair), state) for pair, state in latest.items()],
    )
    # Through the marks, whose revisions reach the bitmaps.
    marks.upsert_rows(
        groups.KIND,
        ("role", "joined_at", "left_at"),
        [
            (group, account, int(state.left_at is None), revs[group], *state)
            for (group, account), state in latest.items()
            if before.get((group, account)) != state
        ],
    )
    _store_earlier(job, known, changes, latest)
    _record(job, changes)
    states = itertools.chain(before.values(), latest.values())
    staff_roles.note_change(job.community_id, {state.role for state in states})
    return changes


Pair = tuple[int, int]
"""A group and an account."""


def _decide(
    job: ImportJob, entries: Sequence[Entry]
) -> tuple[dict[Pair, list[State]], dict[Pair, list[Change]]]:
    """Return the known stays in the order of joining, and the changes by the entries."""
    wanted = {(entry.group, entry.account) for entry in entries}
    known: dict[Pair, list[State]] = {}
    for chunk in account_queries.chunks(sorted({entry.account for entry in entries})):
        # Void memberships describe no stay.
        for table in (
            "groups_stay WHERE",
            "groups_membership WHERE (present OR left_at IS NOT NULL) AND",
        ):
            rows = db.rows(
                "SELECT group_id, account_id, role, joined_at, left_at"  # noqa: S608
                f" FROM {table} account_id IN ({db.placeholders(len(chunk))})",
                chunk,
            )
            for group, account, *columns in rows:
                # Members are in few groups, so that reading all of them costs less
                # than one statement per group.
                if (group, account) in wanted:
                    known.setdefault((group, account), []).append(State(*columns))
    for own in known.values():
        own.sort(key=lambda state: state.joined_at)
    now = timestamps.to_micros(job.started_at)
    changes: dict[Pair, list[Change]] = {}
    for group, account, reports in entries:
        changed = stays.apply(known.get((group, account), []), reports, now=now)
        if changed:
            changes[group, account] = changed
    return known, changes


def _apply(old: Sequence[State], changes: Sequence[Change]) -> list[State]:
    replaced = {change.before for change in changes}
    kept = [state for state in old if state not in replaced]
    return kept + [change.after for change in changes]


def _store_earlier(
    job: ImportJob,
    known: Mapping[Pair, list[State]],
    changes: Mapping[Pair, list[Change]],
    latest: Mapping[Pair, State],
) -> None:
    """Store the stays before the latest one, which the membership describes."""
    added: list[tuple[Pair, State]] = []
    removed: list[tuple[Pair, State]] = []
    for pair, own in changes.items():
        old = known.get(pair, [])
        before = set(old[:-1])
        after = set(_apply(old, own)) - {latest[pair]}
        added += [(pair, state) for state in sorted(after - before)]
        removed += [(pair, state) for state in sorted(before - after)]
    for (group, account), state in removed:
        rows = Stay.objects.filter(group_id=group, account_id=account)
        rows.filter(joined_at=timestamps.from_micros(state.joined_at)).delete()
    Stay.objects.bulk_create(
        [
            Stay(
                group_id=group,
                account_id=account,
                role=state.role,
                joined_at=timestamps.from_micros(state.joined_at),
                left_at=timestamps.from_micros(state.end),
            )
            for (group, account), state in added
        ]
    )
    journal.record(job, "stays", [(*pair, state, None) for pair, state in added])
    journal.record(job, "stays", [(*pair, None, state) for pair, state in removed])


def _record(job: ImportJob, changes: Mapping[Pair, list[Change]]) -> None:
    """Record a join for every new stay, and a leave for every end that is new."""
    joined: dict[tuple[int, str], list[tuple[int, int]]] = {}
    left: dict[int, list[tuple[int, int]]] = {}
    for (group, account), own in changes.items():
        for before, after in own:
            if before is None:
                pairs = joined.setdefault((group, after.role), [])
                pairs.append((account, after.joined_at))
            was_inside = before is None or before.left_at is None
            if after.left_at is not None and was_inside:
                left.setdefault(group, []).append((account, after.left_at))
    occurrences: list[tuple[facts.FactKind, list[tuple[int, int]]]] = [
        (GroupJoined(group=group, role=role), pairs)
        for (group, role), pairs in sorted(joined.items())
    ]
    occurrences += [
        (GroupLeft(group=group), pairs) for group, pairs in sorted(left.items())
    ]
    facts.record_occurrences(
        occurrences, community=job.community, by=job.by, at=job.started_at
    )


def ensure_groups(job: ImportJob, texts: Iterable[str]) -> dict[str, int]:
    """Return the groups with these keys or names, and create those that are new."""
    ids = group_names.find_by_key_or_name(job.community, texts)
    new = sorted(set(texts) - set(ids))
    return ids | groups.ensure(
        community=job.community, keys=new, by=job.by, at=job.started_at
    )


def add_members(
    job: ImportJob,
    groups_by_account: Mapping[int, tuple[int | None, Iterable[str]]],
    new: NewMemberships,
) -> set[int]:
    """Add accounts to groups, for the `groups` column of members; returns who changed.

    The values are the time of joining and the keys or names of groups, which exist.
    `new` are the memberships of accounts without any, which are not returned.
    """
    keys = {key for _joined_at, keys in groups_by_account.values() for key in keys}
    ids = group_names.find_by_key_or_name(job.community, keys)
    entries = [
        Entry(ids[key], account, [Report(joined_at=joined_at)])
        for account, (joined_at, group_keys) in groups_by_account.items()
        for key in dict.fromkeys(group_keys)
    ]
    inside: set[Pair] = set()
    for chunk in account_queries.chunks([entry.account for entry in entries]):
        inside.update(
            db.rows(
                "SELECT group_id, account_id FROM groups_membership"  # noqa: S608
                f" WHERE present AND account_id IN ({db.placeholders(len(chunk))})",
                chunk,
            )
        )
    # Members who are inside stay as they are, whatever is in their row.
    others = [entry for entry in entries if (entry.group, entry.account) not in inside]
    if others and len(new.groups) and db.is_postgresql():
        # All at once, as every writer locks groups in the order of their ids.
        chosen = {entry.group for entry in others} | set(new.groups.tolist())
        revisions.bump(job.community_id, groups.KIND.name, chosen)
    changes = write_entries(job, others) if others else {}
    new_memberships.add(job, new)
    return {account for _group, account in changes}
