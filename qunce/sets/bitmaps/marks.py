"""Marks: rows that put accounts into a set, such as taggings and memberships.

A row is (ref, account, weight) with `present` and `rev`. Rows are never deleted; a change
sets `present` and gives the row the next revision of its ref. A reader with the set at
revision n brings it up to date with `WHERE ref = ? AND rev > n`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import models

from qunce.core import db, revisions
from qunce.sets.bitmaps.bit_counters import BitCounter

ACCOUNTS_PER_STATEMENT = 10_000


class Mark(models.Model):
    """Abstract base of such rows. A concrete class adds its ref and further columns.

    Its Meta extends `Mark.Meta` with a unique constraint on (account, ref) and an index
    on (ref, rev).
    """

    account_id = models.BigIntegerField()
    weight = models.PositiveIntegerField(default=1)
    present = models.BooleanField(default=True)
    rev = models.BigIntegerField()

    class Meta:
        abstract = True


@dataclass(frozen=True)
class MarkKind:
    """A kind of mark: `name` is its revision kind, `ref_column` the column of its ref.

    `since` are the columns that keep since when a row is in the set, null until its
    weight changes, and with the time of its last change.
    """

    name: str
    model: type[Mark]
    ref_column: str
    since: tuple[str, str] | None = None

    @property
    def table(self) -> str:
        return self.model._meta.db_table


_kinds: dict[str, MarkKind] = {}


def register(kind: MarkKind) -> MarkKind:
    _kinds[kind.name] = kind
    return kind


def list_kinds() -> list[MarkKind]:
    return list(_kinds.values())


def get(name: str) -> MarkKind:
    return _kinds[name]


Changes = dict[int, tuple[int, int]]
"""Account → weight before and after; 0 is not in the set."""


def set_weights(
    kind: MarkKind,
    community_id: int,
    ref: int,
    weights: Mapping[int, int],
    extra: Mapping[str, Any] | None = None,
) -> Changes:
    """Set the weights of accounts in the set of `ref`; 0 removes an account.

    Call it inside the verb's transaction. Each ref stays locked until the commit, so set
    several refs in ascending order. Rows that would not change are left alone. `extra`
    are further columns for the changed rows.
    """
    # The bump locks the ref, so the weights read next cannot change until the commit.
    rev = revisions.bump(community_id, kind.name, [ref])[ref]
    changes = _list_changes(kind, ref, weights)
    if changes:
        more = dict(extra or {})
        upsert_rows(
            kind,
            tuple(more),
            [(ref, a, after, rev, *more.values()) for a, (_, after) in changes.items()],
        )
    return changes


def restore_weights(
    kind: MarkKind, community_id: int, ref: int, weights: Mapping[int, int]
) -> Changes:
    """Like `set_weights` for existing rows, whose further columns stay unchanged.

    An account without a row is skipped.
    """
    rev = revisions.bump(community_id, kind.name, [ref])[ref]
    changes = _list_changes(kind, ref, weights)
    # One statement sets one weight.
    by_weight: dict[int, list[int]] = {}
    for account, (_, after) in changes.items():
        by_weight.setdefault(after, []).append(account)
    for weight, accounts in by_weight.items():
        for chunk in _chunks(accounts, ACCOUNTS_PER_STATEMENT):
            db.execute(
                f"UPDATE {kind.table} SET weight = %s, present = %s, rev = %s"  # noqa: S608
                f" WHERE {kind.ref_column} = %s AND account_id {db.among_ids(chunk)}",
                [max(weight, 1), weight > 0, rev, ref],
            )
    return changes


def _list_changes(kind: MarkKind, ref: int, weights: Mapping[int, int]) -> Changes:
    # Rows that would not change keep their revision, so that caches do not load them
    # again.
    before = find_weights(kind, ref, list(weights))
    return {
        account: (before.get(account, 0), weight)
        for account, weight in weights.items()
        if before.get(account, 0) != weight
    }


def find_weights(kind: MarkKind, ref: int, accounts: Sequence[int]) -> dict[int, int]:
    """Account → weight for those of these accounts that are in the set."""
    weights: dict[int, int] = {}
    for chunk in _chunks(accounts, ACCOUNTS_PER_STATEMENT):
        weights |= dict(
            db.rows(
                f"SELECT account_id, weight FROM {kind.table} WHERE {kind.ref_column} = %s"  # noqa: S608
                f" AND present AND account_id {db.among_ids(chunk)}",
                [ref],
            )
        )
    return weights


def find_rows(
    kind: MarkKind, refs: Sequence[int], accounts: Sequence[int]
) -> dict[tuple[int, int], int]:
    """(ref, account) → weight of the rows that exist, 0 for those not in the set."""
    weights: dict[tuple[int, int], int] = {}
    # With `+`, SQLite seeks the accounts instead of every pair of ref and account.
    column = kind.ref_column if len(refs) == 1 else f"+{kind.ref_column}"
    for chunk in _chunks(accounts, ACCOUNTS_PER_STATEMENT):
        rows = db.rows(
            f"SELECT {kind.ref_column}, account_id,"  # noqa: S608
            f" CASE WHEN present THEN weight ELSE 0 END FROM {kind.table}"
            f" WHERE {column} {db.among_ids(refs)}"
            f" AND account_id {db.among_ids(chunk)}"
        )
        weights.update({(ref, account): weight for ref, account, weight in rows})
    return weights


def upsert_rows(
    kind: MarkKind, extra: Sequence[str], rows: Sequence[Sequence[Any]]
) -> None:
    """Write rows (ref, account, weight, revision, *extra), also of several refs.

    The caller has raised the revisions of the refs in this transaction; 0 removes an
    account. `extra` names the further columns.
    """
    # A removed row has `present` false and any positive weight.
    # Raw SQL spares a model instance per row, of which a batch has thousands.
    columns = [kind.ref_column, "account_id", "weight", "present", "rev", *extra]
    updates = ", ".join(f"{name} = excluded.{name}" for name in columns[2:])
    if kind.since is not None:
        since, changed_at = (f"{kind.table}.{name}" for name in kind.since)
        # A removed row keeps it, so that an undo brings it back; one that comes into the
        # set again begins again.
        updates += (
            f", {kind.since[0]} = CASE WHEN {kind.table}.present"
            f" OR NOT excluded.present THEN coalesce({since}, {changed_at}) END"
        )
    db.insert(
        f"INSERT INTO {kind.table} ({', '.join(columns)}) VALUES",
        [
            (ref, account, max(weight, 1), weight > 0, rev, *more)
            for ref, account, weight, rev, *more in rows
        ],
        on_conflict=(
            f"ON CONFLICT ({kind.ref_column}, account_id) DO UPDATE SET {updates}"
        ),
    )


def _chunks(items: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def read_all(kind: MarkKind, ref: int) -> BitCounter:
    """The whole set, read from its rows."""
    rows = db.rows(
        f"SELECT account_id, weight FROM {kind.table} WHERE {kind.ref_column} = %s AND present",  # noqa: S608
        [ref],
    )
    if not rows:
        return BitCounter()
    # By NumPy, as a loop over the rows would dominate the first read of a large tag.
    pairs = np.array(rows, dtype=np.int64)
    return BitCounter.from_arrays(pairs[:, 0], pairs[:, 1])


def read_changes(kind: MarkKind, ref: int, since: int) -> dict[int, int]:
    """Account → weight now (0 is not in the set) of every row changed after `since`."""
    return dict(
        db.rows(
            f"SELECT account_id, CASE WHEN present THEN weight ELSE 0 END"  # noqa: S608
            f" FROM {kind.table} WHERE {kind.ref_column} = %s AND rev > %s",
            [ref, since],
        )
    )
