"""Resolves member keys to account ids by the million, and creates unknown accounts."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.db import connection

from qunce.core import batch_writes, timestamps
from qunce.members.accounts import accounts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from qunce.core.communities import Community
    from qunce.core.staff.models import Staff

SELECT_KEYS = """
SELECT key, min(id) FROM members_account
WHERE community_id = %s AND erased_at IS NULL GROUP BY key
"""
ROWS_PER_FETCH = 50_000


class AccountResolver:
    """All member keys of a community in memory, about 100 bytes each.

    A million lookups in the database would take longer than the rest of an import.
    """

    def __init__(
        self, community: Community, *, by: Staff, at: datetime, source: str
    ) -> None:
        self._community, self._by, self._at, self._source = community, by, at, source
        keys, ids = [pa.array([], pa.string())], [np.empty(0, dtype=np.int64)]
        with connection.cursor() as cursor:
            cursor.execute(SELECT_KEYS, [community.pk])
            # Converted to Arrow part by part: a million tuples at a time would take
            # several times the memory of the finished arrays.
            while rows := cursor.fetchmany(ROWS_PER_FETCH):
                keys.append(pa.array([row[0] for row in rows], pa.string()))
                ids.append(np.array([row[1] for row in rows], dtype=np.int64))
        self._keys, self._ids = pa.concat_arrays(keys), np.concatenate(ids)
        self._sizer = batch_writes.BatchSizer()
        self._created = 0

    def resolve(self, keys: pa.Array, seen_at: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return account ids, 0 for null keys; unknown members are created.

        `seen_at` are microseconds; a new member joined at the earliest of them.
        """
        indexes = self._find(keys)
        unknown = np.asarray(pc.is_valid(keys)) & (indexes < 0)
        if unknown.any():
            self._create(keys.filter(pa.array(unknown)), seen_at[unknown])
            # The created keys are appended, so all are found now.
            indexes = self._find(keys)
        ids = np.where(indexes >= 0, self._ids[indexes] if len(self._ids) else 0, 0)
        return ids.astype(np.int64)

    def pop_created(self) -> int:
        """Return how many members were created since the last call."""
        created, self._created = self._created, 0
        return created

    def _find(self, keys: pa.Array) -> NDArray[np.int64]:
        """Return where the keys are in `_keys`, -1 for unknown ones."""
        # Arrow hashes the value set at every call, which is still far below the time of
        # one query per key.
        indexes = pc.index_in(keys, value_set=self._keys, skip_nulls=True)
        return np.asarray(pc.fill_null(indexes, -1)).astype(np.int64)

    def _create(self, keys: pa.Array, seen_at: NDArray[np.int64]) -> None:
        table = pa.table({"key": keys, "seen_at": pa.array(seen_at)})
        # Sorted by key, so that two imports that create the same members insert them in
        # the same order and cannot deadlock.
        table = table.group_by("key").aggregate([("seen_at", "min")]).sort_by("key")
        new_keys = table["key"].to_pylist()
        joined_at = table["seen_at_min"].to_pylist()
        created: dict[str, int] = {}

        def prepare(start: int, end: int) -> dict[str, datetime]:
            moments = map(timestamps.from_micros, joined_at[start:end])
            return dict(zip(new_keys[start:end], moments, strict=True))

        def commit(batch: dict[str, datetime], _end: int) -> None:
            created.update(
                accounts.ensure(
                    community=self._community,
                    keys=batch,
                    by=self._by,
                    at=self._at,
                    source=self._source,
                )
            )

        batch_writes.write(
            len(new_keys), prepare=prepare, commit=commit, sizer=self._sizer
        )
        # Only what was committed is added. A batch that failed raised before this line.
        self._keys = pa.concat_arrays([self._keys, pa.array(created, pa.string())])
        self._ids = np.concatenate(
            [self._ids, np.array(list(created.values()), np.int64)]
        )
        self._created += len(created)
