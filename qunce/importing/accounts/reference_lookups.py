"""Texts by which members are known, all of a community in memory, and their accounts."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.db import connection

from qunce.members.accounts import identifiers, resolver

if TYPE_CHECKING:
    from numpy.typing import NDArray

SHARED, SEVERAL = -1, -2
"""In place of an account: a value that too many accounts, or several people, have."""
SELECT_KEYS = """
SELECT key, id FROM members_account WHERE +community_id = %s AND erased_at IS NULL
"""
"""The plus sign keeps the index of keys from being used, in whose order the rows would be
read from all over the table: four times as long."""
SELECT_CHANNEL_KEYS = f"{SELECT_KEYS} AND channel = %s"
SELECT_OWNERS = """
SELECT i.value, CASE
    WHEN MIN(COALESCE(s.person_id, i.account_id))
        < MAX(COALESCE(s.person_id, i.account_id)) THEN -2
    ELSE MIN(i.account_id) END
FROM members_identifier i
JOIN members_account a ON a.id = i.account_id AND a.erased_at IS NULL
LEFT JOIN sets_alias s ON s.account_id = i.account_id
WHERE i.community_id = %s AND i.kind = %s
GROUP BY i.value
"""
SELECT_SHARED = """
SELECT value FROM members_sharedidentifier WHERE community_id = %s AND kind = %s
"""
ROWS_PER_FETCH = 50_000


class Lookup:
    """Texts and the accounts they mean; grows with what an import creates."""

    def __init__(self, rows: Iterator[list[tuple[str, int]]]) -> None:
        texts, ids = [pa.array([], pa.string())], [np.empty(0, dtype=np.int64)]
        # Converted to Arrow part by part: a million tuples at a time would take several
        # times the memory of the finished arrays.
        for part in rows:
            texts.append(pa.array([row[0] for row in part], pa.string()))
            ids.append(np.array([row[1] for row in part], dtype=np.int64))
        self._texts, self._ids = pa.concat_arrays(texts), np.concatenate(ids)

    def find(self, texts: pa.Array) -> NDArray[np.int64]:
        """Return account ids, SHARED or SEVERAL; 0 for unknown texts and nulls."""
        if not len(self._ids):
            return np.zeros(len(texts), dtype=np.int64)
        # Arrow hashes the value set at every call, which is still far below the time of
        # one query per key.
        indexes = pc.index_in(texts, value_set=self._texts, skip_nulls=True)
        indexes = np.asarray(pc.fill_null(indexes, -1)).astype(np.int64)
        return np.where(indexes >= 0, self._ids[indexes], 0)

    def keep_lowest(self) -> None:
        """Keep of equal texts only the one with the lowest id."""
        codes = np.asarray(pc.dictionary_encode(self._texts).indices)
        if len(codes) == codes.max(initial=-1) + 1:
            return
        order = np.argsort(self._ids, kind="stable")
        _codes, firsts = np.unique(codes[order], return_index=True)
        kept = np.sort(order[firsts])
        self._texts, self._ids = self._texts.take(pa.array(kept)), self._ids[kept]

    def hide(self, accounts: Collection[int]) -> None:
        """Remove the texts of these accounts."""
        if accounts:
            kept = ~np.isin(self._ids, np.fromiter(accounts, np.int64))
            self._texts = self._texts.filter(pa.array(kept))
            self._ids = self._ids[kept]

    def add(self, ids: Mapping[str, int]) -> None:
        if ids:
            self._texts = pa.concat_arrays([self._texts, pa.array(ids, pa.string())])
            new = np.array(list(ids.values()), dtype=np.int64)
            self._ids = np.concatenate([self._ids, new])


def load_keys(community: int) -> Lookup:
    """Return the keys of all channels; the first account of several with a key."""
    lookup = Lookup(_fetch(SELECT_KEYS, [community]))
    lookup.keep_lowest()
    return lookup


def load(community: int, kind: str) -> Lookup:
    """Return the identifiers of a kind, or the keys of the channel of that name."""
    if kind in resolver.IDENTIFIER_KINDS:
        # First, as the first of equal texts is found.
        shared = (
            [(row[0], SHARED) for row in rows]
            for rows in _fetch(SELECT_SHARED, [community, kind])
        )
        owners = _fetch(SELECT_OWNERS, [community, kind])
        return Lookup(itertools.chain(shared, owners))
    return Lookup(_fetch(SELECT_CHANNEL_KEYS, [community, kind]))


def alike_text(reader: identifiers.Reader, kind: str, text: str) -> str | None:
    """The normal form of a key that is beyond doubt an identifier of this kind."""
    folded = text.casefold() if kind == "email" else text
    if resolver.kind_of_key(folded) != kind:
        return None
    try:
        return reader.normalise(kind, folded)
    except identifiers.InvalidIdentifier:
        return None


def find_alike(reader: identifiers.Reader, kind: str, texts: pa.Array) -> pa.Array:
    """Return the identifiers that these keys are beyond doubt, null for others."""
    # The pattern spares most keys the slow way.
    pattern = "@" if kind == "email" else r"^(\+|1[3-9]\d{9}$)"
    if not pc.any(pc.match_substring_regex(texts, pattern), min_count=0).as_py():
        return pa.nulls(len(texts), pa.string())
    return pa.array(
        [alike_text(reader, kind, text) for text in texts.to_pylist()], pa.string()
    )


def _fetch(sql: str, arguments: list[int | str]) -> Iterator[list[tuple[str, int]]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, arguments)
        while rows := cursor.fetchmany(ROWS_PER_FETCH):
            yield rows
