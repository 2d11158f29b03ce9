"""Rows that put accounts into a set: tag rows, memberships.

A row is (ref, account, weight) with `present` and `rev`. Rows flip and take the next
revision of their ref, they are never deleted; so a reader who holds revision n brings
its set up to date with `WHERE ref = ? AND rev > n`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import models

from qunce.core import db, revisions
from qunce.sets.bitmaps.bit_counters import BitCounter

ROWS_PER_STATEMENT = 500
"""Rows a statement: SQLite allows 32,766 parameters."""


class Mark(models.Model):
    """Base of such rows; a concrete class adds its ref and whatever else it keeps.

    Its Meta extends `Mark.Meta`, with a unique constraint on (ref, account) and an
    index on (ref, rev).
    """

    account_id = models.BigIntegerField()
    weight = models.PositiveIntegerField(default=1)
    present = models.BooleanField(default=True)
    rev = models.BigIntegerField()

    class Meta:
        abstract = True


@dataclass(frozen=True)
class MarkKind:
    """`name` is the revision kind; `ref` the column that tells whose set a row is in."""

    name: str
    model: type[Mark]
    ref: str

    @property
    def table(self) -> str:
        return self.model._meta.db_table


_kinds: dict[str, MarkKind] = {}


def register(kind: MarkKind) -> MarkKind:
    _kinds[kind.name] = kind
    return kind


def registered() -> list[MarkKind]:
    return list(_kinds.values())


def get(name: str) -> MarkKind:
    return _kinds[name]


Changes = dict[int, tuple[int, int]]
"""Account → weight before and after; 0 where it was or is not in the set."""


def set_weights(
    kind: MarkKind,
    community_id: int,
    ref: int,
    weights: Mapping[int, int],
    extra: Mapping[str, Any] | None = None,
) -> Changes:
    """Give accounts a weight in the set of `ref`, 0 to take them out.

    Call it inside the verb's transaction; several refs in ascending order, as each is
    locked until the commit. Rows that would not change are left alone. `extra` are further
    columns of the changed rows.
    """
    rev = revisions.bump(community_id, kind.name, [ref])[ref]
    before = find_weights(kind, ref, list(weights))
    changes = {
        account: (before.get(account, 0), weight)
        for account, weight in weights.items()
        if before.get(account, 0) != weight
    }
    if changes:
        _upsert(kind, ref, rev, {a: after for a, (_, after) in changes.items()}, extra)
    return changes


def restore_weights(
    kind: MarkKind, community_id: int, ref: int, weights: Mapping[int, int]
) -> Changes:
    """Like `put` for rows that are there already; their further columns stay.

    An account without a row is passed over.
    """
    rev = revisions.bump(community_id, kind.name, [ref])[ref]
    before = find_weights(kind, ref, list(weights))
    changes = {
        account: (before.get(account, 0), weight)
        for account, weight in weights.items()
        if before.get(account, 0) != weight
    }
    alike: dict[int, list[int]] = {}
    for account, (_, after) in changes.items():
        alike.setdefault(after, []).append(account)
    for weight, accounts in alike.items():
        for chunk in _chunks(accounts, 10_000):
            db.execute(
                f"UPDATE {kind.table} SET weight = %s, present = %s, rev = %s"  # noqa: S608
                f" WHERE {kind.ref} = %s AND account_id IN ({db.placeholders(len(chunk))})",
                [max(weight, 1), weight > 0, rev, ref, *chunk],
            )
    return changes


def find_weights(kind: MarkKind, ref: int, accounts: Sequence[int]) -> dict[int, int]:
    """Present weights of these accounts; the absent are left out."""
    found: dict[int, int] = {}
    for chunk in _chunks(accounts, 10_000):
        found |= dict(
            db.rows(
                f"SELECT account_id, weight FROM {kind.table} WHERE {kind.ref} = %s"  # noqa: S608
                f" AND present AND account_id IN ({db.placeholders(len(chunk))})",
                [ref, *chunk],
            )
        )
    return found


def _upsert(
    kind: MarkKind,
    ref: int,
    rev: int,
    weights: Mapping[int, int],
    extra: Mapping[str, Any] | None,
) -> None:
    more = dict(extra or {})
    columns = [kind.ref, "account_id", "weight", "present", "rev", *more]
    updates = ", ".join(f"{name} = excluded.{name}" for name in columns[2:])
    one = f"({db.placeholders(len(columns))})"
    for chunk in _chunks(list(weights), ROWS_PER_STATEMENT):
        values = [
            value
            for account in chunk
            for value in (
                ref,
                account,
                max(weights[account], 1),
                weights[account] > 0,
                rev,
                *more.values(),
            )
        ]
        db.execute(
            f"INSERT INTO {kind.table} ({', '.join(columns)})"  # noqa: S608
            f" VALUES {', '.join([one] * len(chunk))}"
            f" ON CONFLICT ({kind.ref}, account_id) DO UPDATE SET {updates}",
            values,
        )


def _chunks(items: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def read_all(kind: MarkKind, ref: int) -> BitCounter:
    """The whole set from its rows: for a set nobody has kept yet."""
    rows = db.rows(
        f"SELECT account_id, weight FROM {kind.table} WHERE {kind.ref} = %s AND present",  # noqa: S608
        [ref],
    )
    if not rows:
        return BitCounter()
    pairs = np.array(rows, dtype=np.int64)
    return BitCounter.build(pairs[:, 0], pairs[:, 1])


def read_changes(kind: MarkKind, ref: int, since: int) -> dict[int, int]:
    """Account → weight now (0 when out) for every row that changed after `since`."""
    return dict(
        db.rows(
            f"SELECT account_id, CASE WHEN present THEN weight ELSE 0 END"  # noqa: S608
            f" FROM {kind.table} WHERE {kind.ref} = %s AND rev > %s",
            [ref, since],
        )
    )
