"""The name book of a community: every account's name, its sounds and key, to search in.

Derived: three long texts in memory that are looked through from end to end (a million
names in about 20 ms, where any index for "somewhere inside" would be larger than they).
What changed since lies beside it until there is enough to write the book anew. The file
stands in the mirror's folder, so it goes with a derivation that is given up.
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
    from datetime import datetime

    from numpy.typing import NDArray

START = "\x1e"
"""Stands before each name and key: with it a search is one for the beginning."""
MAX_RARE_MATCHES = 5_000
"""Places from which a piece counts as everywhere."""
MAX_CHANGED_ACCOUNTS = 20_000
"""Changed accounts beside the book from which it is written anew."""
KEY = (account_models.PRESENCE_REVISION, 0)


class TextColumn:
    """Many short texts as one long one; `find` tells which rows hold a piece.

    `codes` says for each row which of the texts it has: people share names, and what is
    distinct is a small part. A rare piece is found in the long text, 2 ms a million names;
    one that is everywhere by Arrow, which takes 20 ms however often it is there.
    """

    def __init__(
        self, texts: pa.LargeStringArray, codes: NDArray[np.int32] | None = None
    ) -> None:
        self.texts, self.codes = texts, codes
        _valid, starts, content = texts.buffers()
        edges = (
            np.frombuffer(starts, dtype=np.int64) if len(texts) else np.zeros(1, int)
        )
        self.starts, self.lengths = (
            edges[: len(texts)],
            np.diff(edges[: len(texts) + 1]),
        )
        self.blob = content.to_pybytes() if content is not None else b""

    def find(self, piece: str) -> NDArray[np.int64]:
        """Rows whose text holds `piece`, ascending, each once."""
        texts = self._places(piece)
        if self.codes is None:
            return texts
        held = np.zeros(len(self.starts), dtype=bool)
        held[texts] = True
        return np.flatnonzero(held[self.codes])

    def _places(self, piece: str) -> NDArray[np.int64]:
        wanted = piece.encode()
        found = []
        place = self.blob.find(wanted)
        while place >= 0:
            found.append(place)
            if len(found) > MAX_RARE_MATCHES:
                holding = pc.match_substring(self.texts, piece)
                return np.flatnonzero(holding.to_numpy(zero_copy_only=False))
            place = self.blob.find(wanted, place + 1)
        texts = (
            np.searchsorted(self.starts, np.array(found, dtype=np.int64), "right") - 1
        )
        return texts[np.diff(texts, prepend=-1) > 0]


@dataclass(frozen=True)
class IndexColumns:
    """Accounts ascending; `private` are those whose key is a phone or an address."""

    accounts: NDArray[np.int64]
    private: NDArray[np.bool_]
    names: TextColumn
    sounds: TextColumn
    keys: TextColumn


@dataclass(frozen=True)
class NameIndex:
    """`touched` are the accounts whose row in `main` is out of date."""

    rev: int
    main: IndexColumns
    newer: IndexColumns
    touched: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))


_held: dict[int, NameIndex] = {}
_lock = threading.Lock()


def load(community_id: int) -> NameIndex:
    """The book as of now. Inside a transaction it is read anew and not kept."""
    rev = revisions.read(community_id, [KEY])[KEY]
    if connection.in_atomic_block:
        return NameIndex(
            rev, _bound(_table(_rows(community_id, -1))), _bound(_table([]))
        )
    with _lock:
        book = _held.get(community_id)
        if book is None or book.rev > rev:
            book = _start(community_id, rev)
        if book.rev < rev:
            book = _caught_up(community_id, book, rev)
        _held[community_id] = book
        return book


def preload(*, at: datetime) -> None:
    """Have the books ready for who searches first after a start."""
    for pk in Community.objects.order_by("pk").values_list("pk", flat=True):
        load(pk)


def clear() -> None:
    """As a restart does."""
    _held.clear()


def _start(community_id: int, rev: int) -> NameIndex:
    return _read(community_id, rev) or _written(community_id, rev)


def _caught_up(community_id: int, book: NameIndex, rev: int) -> NameIndex:
    rows = _rows(community_id, book.rev)
    if len(rows) + len(book.newer.accounts) > MAX_CHANGED_ACCOUNTS:
        kept = _read(community_id, rev)
        if kept is None or kept.rev <= book.rev:
            return _written(community_id, rev)
        return _caught_up(community_id, kept, rev)
    fresh = {row[0] for row in rows}
    older = set(book.newer.accounts.tolist()) - fresh
    touched = np.union1d(book.touched, np.array(sorted(fresh), dtype=np.int64))
    newer = _bound(_table(rows + _rows_of(older)))
    return NameIndex(rev, book.main, newer, touched)


Row = tuple[int, str, str, bool]
"""Account, name, key, and whether it is erased."""
COLUMNS = "SELECT id, name, key, erased_at IS NOT NULL FROM members_account"


def _rows(community_id: int, since: int) -> list[Row]:
    sql = f"{COLUMNS} WHERE community_id = %s AND rev > %s"
    return db.rows(sql, [community_id, since])


def _rows_of(accounts: Iterable[int]) -> list[Row]:
    found: list[Row] = []
    for chunk in account_queries.chunks(sorted(accounts)):
        sql = f"{COLUMNS} WHERE id IN ({db.placeholders(len(chunk))})"
        found += db.rows(sql, chunk)
    return found


def _table(rows: Iterable[Row]) -> pa.Table:
    known = sorted((row for row in rows if not row[3]), key=lambda row: row[0])
    clean = {name: pinyin.normalise(name) for name in {row[1] for row in known}}
    code = {name: number for number, name in enumerate(dict.fromkeys(clean.values()))}
    codes = pa.array([code[clean[row[1]]] for row in known], pa.int32())
    keys = [pinyin.normalise(row[2]) for row in known]
    return pa.table(
        {
            "account": pa.array([row[0] for row in known], pa.int64()),
            "private": pa.array([masking.is_private(key) for key in keys], pa.bool_()),
            "name": _coded(codes, [START + name for name in code]),
            "sound": _coded(codes, [pinyin.spellings(name) for name in code]),
            "key": pa.array([START + key for key in keys], pa.large_string()),
        }
    )


def _coded(codes: pa.Int32Array, texts: list[str]) -> pa.DictionaryArray:
    distinct = pa.array(texts, pa.large_string())
    return pa.DictionaryArray.from_arrays(codes, distinct)


def _bound(table: pa.Table) -> IndexColumns:
    whole = table.unify_dictionaries().combine_chunks()
    keys = pa.concat_arrays(whole["key"].chunks or [pa.array([], pa.large_string())])
    return IndexColumns(
        whole["account"].to_numpy(),
        whole["private"].to_numpy(),
        _texts(whole["name"]),
        _texts(whole["sound"]),
        TextColumn(keys),
    )


def _texts(column: pa.ChunkedArray) -> TextColumn:
    if not column.num_chunks:
        return TextColumn(pa.array([], pa.large_string()))
    coded = column.chunk(0)
    return TextColumn(coded.dictionary, coded.indices.to_numpy())


# The file: one a community and revision, in the folder of this derivation.


def _written(community_id: int, rev: int) -> NameIndex:
    table = _table(_rows(community_id, -1))
    where = _folder()
    if where is not None:
        growing = where / f"book-{community_id}-{rev}-{os.getpid()}.tmp"
        feather.write_feather(table, growing, compression="uncompressed")
        growing.replace(where / f"book-{community_id}-{rev}.arrow")
        for old, path in _kept(where, community_id):
            if old < rev:
                path.unlink(missing_ok=True)
    return NameIndex(rev, _bound(table), _bound(_table([])))


def _read(community_id: int, upto: int) -> NameIndex | None:
    """The newest file that is not ahead of the truth as it is now."""
    where = _folder()
    if where is None:
        return None
    for rev, path in sorted(_kept(where, community_id), reverse=True):
        if rev <= upto:
            with contextlib.suppress(OSError, pa.ArrowInvalid):
                table = feather.read_table(path)
                return NameIndex(rev, _bound(table), _bound(_table([])))
    return None


def _folder() -> Path | None:
    name = mirror.position().folder
    where = mirror.folder(name)
    return where if name and where.is_dir() else None


def _kept(where: Path, community_id: int) -> list[tuple[int, Path]]:
    found = where.glob(f"book-{community_id}-*.arrow")
    return [(int(path.stem.rpartition("-")[2]), path) for path in found]
