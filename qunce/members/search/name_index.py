"""Name index of a community: names, pinyin and keys of all accounts, for searching.

The index is three long texts in memory that are scanned from end to end: a million
names take about 20 ms, and any index for substrings would be larger than the names.
Accounts that changed since it was built are kept beside it until there are enough of
them to build it again. The index is derived data, so its file is in the folder of the
mirror and is deleted with it.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.db import connection
from pyarrow import feather

from qunce.core import db, revisions
from qunce.core.communities import Community
from qunce.members.accounts import masking
from qunce.members.accounts import models as account_models
from qunce.members.accounts import queries as account_queries
from qunce.members.search import pinyin
from qunce.sets.mirror import mirror

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from numpy.typing import NDArray

START = "\x1e"
"""Precedes each name and key; a search that starts with it finds prefixes only."""
MAX_RARE_MATCHES = 5_000
"""Matches above which a substring is searched with Arrow."""
MAX_CHANGED_ACCOUNTS = 20_000
"""Changed accounts above which the index is built again."""
KEY = (account_models.PRESENCE_REVISION, 0)


class TextColumn:
    """A column of short texts, searched as one long text.

    With `codes`, row i has the text number `codes[i]`: people share names, so there are
    far fewer distinct ones.
    """

    def __init__(
        self, texts: pa.LargeStringArray, codes: NDArray[np.int32] | None = None
    ) -> None:
        self.texts, self.codes = texts, codes
        _valid, offsets, content = texts.buffers()
        edges = (
            np.frombuffer(offsets, dtype=np.int64) if len(texts) else np.zeros(1, int)
        )
        self.starts = edges[: len(texts)]
        self.lengths = np.diff(edges[: len(texts) + 1])
        self.blob = content.to_pybytes() if content is not None else b""

    def find(self, substring: str) -> NDArray[np.int64]:
        """Rows whose text contains the substring, ascending and distinct."""
        # A scan of the long text takes 2 ms per million names if there are few matches.
        # Arrow takes 20 ms, however many there are.
        needle = substring.encode()
        offsets: list[int] = []
        offset = self.blob.find(needle)
        while offset >= 0 and len(offsets) <= MAX_RARE_MATCHES:
            offsets.append(offset)
            offset = self.blob.find(needle, offset + 1)
        if len(offsets) > MAX_RARE_MATCHES:
            found = pc.match_substring(self.texts, substring)
            texts = np.flatnonzero(found.to_numpy(zero_copy_only=False))
        else:
            positions = np.array(offsets, dtype=np.int64)
            texts = np.searchsorted(self.starts, positions, "right") - 1
            texts = texts[np.diff(texts, prepend=-1) > 0]
        if self.codes is None:
            return texts
        matches = np.zeros(len(self.starts), dtype=bool)
        matches[texts] = True
        return np.flatnonzero(matches[self.codes])


@dataclass(frozen=True)
class IndexColumns:
    """Accounts ascending; `private` marks those whose key is a phone or an e-mail."""

    accounts: NDArray[np.int64]
    private: NDArray[np.bool_]
    names: TextColumn
    sounds: TextColumn
    keys: TextColumn

    def find_keys(self, prefix: str, *, unmasked: bool) -> NDArray[np.int64]:
        """Rows whose key has the prefix; of a masked key only the whole one is found."""
        rows = self.keys.find(START + prefix)
        if unmasked:
            return rows
        allowed: NDArray[np.int64] = rows[
            self._is_whole(prefix, rows) | ~self.private[rows]
        ]
        return allowed

    def find_whole_names(self, name: str) -> NDArray[np.int64]:
        """Rows with exactly this name."""
        column, needle = self.names, START + name
        rows = column.find(needle)
        texts = rows if column.codes is None else column.codes[rows]
        whole: NDArray[np.int64] = rows[column.lengths[texts] == len(needle.encode())]
        return whole

    def find_whole_keys(self, key: str) -> NDArray[np.int64]:
        rows = self.keys.find(START + key)
        whole: NDArray[np.int64] = rows[self._is_whole(key, rows)]
        return whole

    def find_key_tails(self, tail: str, min_length: int) -> NDArray[np.int64]:
        """Rows whose key is a phone of at least this length that ends with the tail."""
        rows = self.keys.find(tail)
        is_long = self.keys.lengths[rows] >= len(START) + min_length
        rows = rows[self.private[rows] & is_long]
        ends = pc.ends_with(self.keys.texts.take(pa.array(rows)), tail)
        found: NDArray[np.int64] = rows[ends.to_numpy(zero_copy_only=False)]
        return found

    def _is_whole(self, key: str, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        whole: NDArray[np.bool_] = self.keys.lengths[rows] == len(
            (START + key).encode()
        )
        return whole


@dataclass(frozen=True)
class NameIndex:
    """`changed` are the accounts in `main` that `newer` replaces."""

    rev: int
    main: IndexColumns
    newer: IndexColumns
    changed: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))

    def find(
        self, find_rows: Callable[[IndexColumns], NDArray[np.int64]]
    ) -> NDArray[np.int64]:
        """Accounts of the rows that are found in the columns, as they are now."""
        main = self.main.accounts[find_rows(self.main)]
        if len(self.changed):
            # Their old names must not be found any more.
            main = main[~np.isin(main, self.changed)]
        newer = self.newer.accounts[find_rows(self.newer)]
        return np.concatenate([main, newer])


_cache: dict[int, NameIndex] = {}
_lock = threading.Lock()


def load(community_id: int) -> NameIndex:
    """The current index. Inside a transaction it is built from scratch, not cached."""
    rev = revisions.read(community_id, [KEY])[KEY]
    if connection.in_atomic_block:
        return _to_index(rev, _to_table(_read_rows(community_id, -1)))
    # Held while the index is built: a second thread would build the same one and double
    # the memory.
    with _lock:
        index = _cache.get(community_id)
        # A higher revision means that the database was restored meanwhile.
        if index is None or index.rev > rev:
            index = _read_file(community_id, rev) or _build(community_id, rev)
        if index.rev < rev:
            index = _catch_up(community_id, index, rev)
        _cache[community_id] = index
        return index


def preload(*, at: datetime) -> None:
    """Load the index of every community, so that the first search is fast."""
    for pk in Community.objects.order_by("pk").values_list("pk", flat=True):
        load(pk)


def clear() -> None:
    """Empty the cache, as a restart does."""
    _cache.clear()


def _catch_up(community_id: int, index: NameIndex, rev: int) -> NameIndex:
    rows = _read_rows(community_id, index.rev)
    if len(rows) + len(index.newer.accounts) > MAX_CHANGED_ACCOUNTS:
        # Another process may have built it already.
        saved = _read_file(community_id, rev)
        if saved is None or saved.rev <= index.rev:
            return _build(community_id, rev)
        return _catch_up(community_id, saved, rev)
    # Changed accounts of both steps are read again, so that `newer` has one row each.
    accounts = {row[0] for row in rows}
    earlier = set(index.newer.accounts.tolist()) - accounts
    for chunk in account_queries.chunks(sorted(earlier)):
        sql = f"{SELECT_ROWS} WHERE id IN ({db.placeholders(len(chunk))})"
        rows += db.rows(sql, chunk)
    newer = _to_columns(_to_table(rows))
    changed = np.union1d(index.changed, np.array(sorted(accounts), dtype=np.int64))
    return NameIndex(rev, index.main, newer, changed)


Row = tuple[int, str, str, bool]
"""Account id, name, key, and whether it is erased."""
SELECT_ROWS = "SELECT id, name, key, erased_at IS NOT NULL FROM members_account"


def _read_rows(community_id: int, since: int) -> list[Row]:
    sql = f"{SELECT_ROWS} WHERE community_id = %s AND rev > %s"
    return db.rows(sql, [community_id, since])


def _to_table(rows: Iterable[Row]) -> pa.Table:
    present = sorted((row for row in rows if not row[3]), key=lambda row: row[0])
    # Each distinct name once, as the pinyin of a name is what takes the time.
    normal = {name: pinyin.normalise(name) for name in {row[1] for row in present}}
    code_of = {name: code for code, name in enumerate(dict.fromkeys(normal.values()))}
    codes = pa.array([code_of[normal[row[1]]] for row in present], pa.int32())
    keys = [pinyin.normalise(row[2]) for row in present]

    def coded(texts: list[str]) -> pa.DictionaryArray:
        distinct = pa.array(texts, pa.large_string())
        return pa.DictionaryArray.from_arrays(codes, distinct)

    return pa.table(
        {
            "account": pa.array([row[0] for row in present], pa.int64()),
            "private": pa.array([masking.is_private(key) for key in keys], pa.bool_()),
            "name": coded([START + name for name in code_of]),
            "sound": coded([pinyin.spellings(name) for name in code_of]),
            "key": pa.array([START + key for key in keys], pa.large_string()),
        }
    )


def _to_columns(table: pa.Table) -> IndexColumns:
    whole = table.unify_dictionaries().combine_chunks()
    keys = pa.concat_arrays(whole["key"].chunks or [pa.array([], pa.large_string())])
    return IndexColumns(
        whole["account"].to_numpy(),
        whole["private"].to_numpy(),
        _to_text_column(whole["name"]),
        _to_text_column(whole["sound"]),
        TextColumn(keys),
    )


def _to_text_column(column: pa.ChunkedArray) -> TextColumn:
    if not column.num_chunks:
        return TextColumn(pa.array([], pa.large_string()))
    coded = column.chunk(0)
    return TextColumn(coded.dictionary, coded.indices.to_numpy())


def _to_index(rev: int, table: pa.Table) -> NameIndex:
    return NameIndex(rev, _to_columns(table), _to_columns(_to_table([])))


# Files: one per community and revision, in the folder of the mirror


def _build(community_id: int, rev: int) -> NameIndex:
    """Build the index from the database and save it, replacing older files."""
    table = _to_table(_read_rows(community_id, -1))
    folder = _find_folder()
    if folder is not None:
        # Written under another name, so that other processes never read half a file.
        temporary = folder / f"names-{community_id}-{rev}-{os.getpid()}.tmp"
        # Uncompressed, so that a new process maps the file instead of unpacking it.
        feather.write_feather(table, temporary, compression="uncompressed")
        temporary.replace(folder / f"names-{community_id}-{rev}.arrow")
        for saved_rev, path in _list_files(folder, community_id):
            if saved_rev < rev:
                path.unlink(missing_ok=True)
    return _to_index(rev, table)


def _read_file(community_id: int, max_rev: int) -> NameIndex | None:
    """The newest readable file up to a revision.

    After a restore of the database, files may be ahead of it.
    """
    folder = _find_folder()
    if folder is None:
        return None
    for rev, path in sorted(_list_files(folder, community_id), reverse=True):
        if rev <= max_rev:
            with contextlib.suppress(OSError, pa.ArrowInvalid):
                return _to_index(rev, feather.read_table(path))
    return None


def _find_folder() -> Path | None:
    name = mirror.position().folder
    folder = mirror.folder(name)
    return folder if name and folder.is_dir() else None


def _list_files(folder: Path, community_id: int) -> list[tuple[int, Path]]:
    """(revision, path) of the saved files of a community."""
    paths = folder.glob(f"names-{community_id}-*.arrow")
    return [(int(path.stem.rpartition("-")[2]), path) for path in paths]
