"""The account table: when each account joined and left, and where it came from.

Its rows are those that `presence_sets` registers. It has the same revision.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from qunce.core import db
from qunce.sets.bitmaps import presence_sets

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

KIND = "account table"
KEY = (KIND, 0)
NOT_LEFT = int(np.iinfo(np.int64).max)
"""The value of `left` for an account that is in the community."""


@dataclass(frozen=True)
class AccountTable:
    """Accounts that are not erased, as parallel arrays of shape (n,), by account.

    `joined` and `left` are microseconds, with NOT_LEFT for accounts that are in the
    community. `source` is the id of an interned name, 0 for none. `rejoined` is 0 for
    accounts that have not rejoined.
    """

    accounts: Ints
    joined: Ints
    left: Ints
    source: Ints
    rejoined: Ints

    def to_bytes(self) -> bytes:
        columns = [getattr(self, field.name) for field in fields(self)]
        return np.stack(columns).astype("<i8").tobytes()

    @classmethod
    def from_bytes(cls, blob: bytes) -> AccountTable:
        return cls(*np.frombuffer(blob, "<i8").astype(np.int64).reshape(5, -1))

    def select(self, rows: NDArray[np.bool_]) -> AccountTable:
        return AccountTable(
            self.accounts[rows],
            self.joined[rows],
            self.left[rows],
            self.source[rows],
            self.rejoined[rows],
        )


def read_all(community_id: int) -> AccountTable:
    return _read(community_id, -1)[1]


def refresh(community_id: int, old: AccountTable, since: int) -> AccountTable:
    """`old` with every account that changed after the revision `since`."""
    changed_ids, changed = _read(community_id, since)
    if not len(changed_ids):
        return old
    kept = old.select(~np.isin(old.accounts, changed_ids))
    accounts = np.concatenate([kept.accounts, changed.accounts])
    order = np.argsort(accounts, kind="stable")
    return AccountTable(
        accounts[order],
        np.concatenate([kept.joined, changed.joined])[order],
        np.concatenate([kept.left, changed.left])[order],
        np.concatenate([kept.source, changed.source])[order],
        np.concatenate([kept.rejoined, changed.rejoined])[order],
    )


def _read(community_id: int, since: int) -> tuple[Ints, AccountTable]:
    """Ids of the accounts changed after a revision, and those that are not erased."""
    rows = db.rows(
        "SELECT id, joined_at, CASE WHEN present THEN %s ELSE left_at END,"  # noqa: S608
        " coalesce(source_id, 0), coalesce(rejoined_at, 0),"
        " CASE WHEN erased_at IS NULL THEN 1 ELSE 0 END"
        f" FROM {presence_sets.table()}"
        " WHERE community_id = %s AND rev > %s ORDER BY id",
        [NOT_LEFT, community_id, since],
    )
    # One conversion of all columns. reshape keeps six columns even when there is no
    # row.
    table = np.array(rows, dtype=np.int64).reshape(-1, 6)
    rest = table[table[:, 5] == 1]
    return table[:, 0], AccountTable(*(rest[:, column] for column in range(5)))
