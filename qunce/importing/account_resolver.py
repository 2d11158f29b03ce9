"""Keys of members → account ids, a million at a time; unknown ones are made."""

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
    """All keys of a community, read once (about 100 bytes each), new ones added.

    A million lookups in the database would take longer than the rest of the import.
    """

    def __init__(
        self, community: Community, *, by: Staff, at: datetime, source: str
    ) -> None:
        self._community, self._by, self._at, self._source = community, by, at, source
        self._keys, self._ids = _known(community)

    def resolve(
        self, keys: pa.Array, seen: NDArray[np.int64], pace: batch_writes.BatchSizer
    ) -> tuple[NDArray[np.int64], int]:
        """Ids, 0 where the key is null, and how many accounts were made.

        A new member joined when first `seen` (microseconds) in this chunk.
        """
        place = self._places(keys)
        unknown = np.asarray(pc.is_valid(keys)) & (place < 0)
        made = 0
        if unknown.any():
            made = self._make(keys.filter(pa.array(unknown)), seen[unknown], pace)
            place = self._places(keys)
        ids = np.where(place >= 0, self._ids[place] if len(self._ids) else 0, 0)
        return ids.astype(np.int64), made

    def _places(self, keys: pa.Array) -> NDArray[np.int64]:
        place = pc.index_in(keys, value_set=self._keys, skip_nulls=True)
        return np.asarray(pc.fill_null(place, -1)).astype(np.int64)

    def _make(
        self, keys: pa.Array, seen: NDArray[np.int64], pace: batch_writes.BatchSizer
    ) -> int:
        table = pa.table({"key": keys, "seen": pa.array(seen)})
        first = table.group_by("key").aggregate([("seen", "min")]).sort_by("key")
        names = first["key"].to_pylist()
        joined = first["seen_min"].to_pylist()
        before = len(self._ids)
        made: dict[str, int] = {}

        def some(begin: int, end: int) -> dict[str, datetime]:
            times = map(timestamps.from_micros, joined[begin:end])
            return dict(zip(names[begin:end], times, strict=True))

        def ensure(batch: dict[str, datetime], _end: int) -> None:
            made.update(
                accounts.ensure(
                    community=self._community,
                    keys=batch,
                    by=self._by,
                    at=self._at,
                    source=self._source,
                )
            )

        batch_writes.write(len(names), prepare=some, commit=ensure, pace=pace)
        self._keys = pa.concat_arrays([self._keys, pa.array(made, pa.string())])
        self._ids = np.concatenate([self._ids, np.array(list(made.values()), np.int64)])
        return len(self._ids) - before


def _known(community: Community) -> tuple[pa.Array, NDArray[np.int64]]:
    keys, ids = [pa.array([], pa.string())], [np.empty(0, dtype=np.int64)]
    with connection.cursor() as cursor:
        cursor.execute(SELECT_KEYS, [community.pk])
        while rows := cursor.fetchmany(ROWS_PER_FETCH):
            keys.append(pa.array([row[0] for row in rows], pa.string()))
            ids.append(np.array([row[1] for row in rows], dtype=np.int64))
    return pa.concat_arrays(keys), np.concatenate(ids)
