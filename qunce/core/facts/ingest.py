"""Facts that come with a key of their source's own making, each taken once.

On SQLite a narrow table of 64-bit hashes holds keys unique: a hit is compared with the
stored key, and a true collision goes to an overflow table. On PostgreSQL a unique index
does it.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv
from django.db import IntegrityError, connection, transaction

from qunce.core import db

if TYPE_CHECKING:
    from numpy.typing import NDArray

COLUMNS = (
    "community_id, kind_id, account_id, group_id, happened_at,"
    " recorded_at, actor_id, source_id, payload, key"
)


@dataclass(frozen=True)
class FactBatch:
    """Columns of one batch, of one community and source; `None` where null.

    `happened` in microseconds; `hashes` are those of `hashes_of`, or 0 on PostgreSQL.
    """

    community_id: int
    source_id: int
    actor_id: int | None
    recorded: int
    kinds: list[int]
    accounts: list[int | None]
    groups: list[int | None]
    happened: list[int]
    payloads: list[str | None]
    keys: list[str]
    hashes: list[int]

    def __len__(self) -> int:
        return len(self.keys)

    def only(self, places: Sequence[int]) -> FactBatch:
        def some(values: list[Any]) -> list[Any]:
            return [values[place] for place in places]

        lists: dict[str, Any] = {name: some(getattr(self, name)) for name in LISTS}
        return dataclasses.replace(self, **lists)


LISTS = ("kinds", "accounts", "groups", "happened", "payloads", "keys", "hashes")


def hashes_of(source_id: int, keys: Sequence[bytes]) -> NDArray[np.int64]:
    """64 bits of each key (UTF-8), different for every source; shape (n,)."""
    salt, make = source_id.to_bytes(16, "little"), hashlib.blake2b
    parts = [make(key, digest_size=8, salt=salt).digest() for key in keys]
    return np.frombuffer(b"".join(parts), dtype="<i8").astype(np.int64)


def insert_new(batch: FactBatch) -> int:
    """Record those not known yet; returns how many. Call it in a transaction.

    The usual batch is new from end to end and is written without looking; where a key
    turns out to be known, that batch again with a look at each.
    """
    if not len(batch):
        return 0
    if db.is_postgresql():
        return _take_on_postgresql(batch)
    try:
        with transaction.atomic():
            _insert(batch, with_hash=True)
    except IntegrityError:
        return _take_one_by_one(batch)
    return len(batch)


# SQLite


FACT = (
    f"INSERT INTO core_fact (id, {COLUMNS})"  # noqa: S608 - constant
    " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"
)
KEY = "INSERT INTO core_factkey (hash, fact_id) VALUES (%s, %s)"
OVERFLOW = (
    "INSERT INTO core_factkeyoverflow (source_id, key, fact_id) VALUES (%s, %s, %s)"
)
LAST = "SELECT seq FROM sqlite_sequence WHERE name = 'core_fact'"


def _insert(batch: FactBatch, *, with_hash: bool) -> int:
    """Write the rows under the next ids; returns the first of them."""
    found = db.rows(LAST)
    first = (found[0][0] if found else 0) + 1
    count = len(batch)
    ids = range(first, first + count)
    with connection.cursor() as cursor:
        if with_hash:  # first, as this is what may fail
            cursor.executemany(KEY, list(zip(batch.hashes, ids, strict=True)))
        cursor.executemany(FACT, _tuples(batch, ids))
    return first


def _tuples(batch: FactBatch, ids: Sequence[int]) -> list[tuple[Any, ...]]:
    count = len(batch)
    return list(
        zip(
            ids,
            [batch.community_id] * count,
            batch.kinds,
            batch.accounts,
            batch.groups,
            batch.happened,
            [batch.recorded] * count,
            [batch.actor_id] * count,
            [batch.source_id] * count,
            batch.payloads,
            batch.keys,
            strict=True,
        )
    )


def _take_one_by_one(batch: FactBatch) -> int:
    owners = _owners(batch.hashes)
    stored = _stored_keys(set(owners.values()))
    seen: dict[str, None] = {}
    mine: dict[int, str] = {}
    plain, overflowing = [], []
    for place, (key, hash_) in enumerate(zip(batch.keys, batch.hashes, strict=True)):
        if key in seen:
            continue
        seen[key] = None
        owner = owners.get(hash_)
        if owner is None and hash_ not in mine:
            mine[hash_] = key
            plain.append(place)
        elif owner is None or stored.get(owner) != (batch.source_id, key):
            overflowing.append(place)
    overflowing = _not_overflowed(batch, overflowing)
    if plain:
        _insert(batch.only(plain), with_hash=True)
    if overflowing:
        _insert_overflowing(batch.only(overflowing))
    return len(plain) + len(overflowing)


def _owners(hashes: Sequence[int]) -> dict[int, int]:
    """Hash → the fact that has it."""
    return dict(
        db.rows(
            "SELECT known.hash, known.fact_id FROM json_each(%s) wanted"
            " CROSS JOIN core_factkey known ON known.hash = wanted.value",
            [_json(hashes)],
        )
    )


def _stored_keys(ids: set[int]) -> dict[int, tuple[int, str]]:
    rows = db.rows(
        "SELECT fact.id, fact.source_id, fact.key FROM json_each(%s) wanted"
        " CROSS JOIN core_fact fact ON fact.id = wanted.value",
        [_json(sorted(ids))],
    )
    return {fact: (source, key) for fact, source, key in rows}


def _json(numbers: Sequence[int]) -> str:
    return f"[{','.join(map(str, numbers))}]"


def _not_overflowed(batch: FactBatch, places: list[int]) -> list[int]:
    known: set[str] = set()
    if places:
        keys = [batch.keys[place] for place in places]
        known = {
            row[0]
            for row in db.rows(
                "SELECT key FROM core_factkeyoverflow WHERE source_id = %s"  # noqa: S608
                f" AND key IN ({db.placeholders(len(keys))})",
                [batch.source_id, *keys],
            )
        }
    return [place for place in places if batch.keys[place] not in known]


def _insert_overflowing(batch: FactBatch) -> None:
    first = _insert(batch, with_hash=False)
    rows = [
        (batch.source_id, key, fact) for fact, key in enumerate(batch.keys, start=first)
    ]
    with connection.cursor() as cursor:
        cursor.executemany(OVERFLOW, rows)


# PostgreSQL


KNOWN = """
SELECT wanted.key FROM unnest(%s::text[]) AS wanted(key) CROSS JOIN LATERAL (
    SELECT 1 FROM core_fact f WHERE f.source_id = %s AND f.key = wanted.key LIMIT 1
) AS there
"""
"""A probe a key. `key = ANY(…)` read all of a source that statistics did not know yet."""


def _take_on_postgresql(batch: FactBatch) -> int:
    known = {row[0] for row in db.rows(KNOWN, [batch.keys, batch.source_id])}
    first = dict(zip(reversed(batch.keys), range(len(batch) - 1, -1, -1), strict=True))
    if known or len(first) < len(batch):
        batch = batch.only([first[key] for key in first if key not in known][::-1])
    if not len(batch):
        return 0
    try:
        with transaction.atomic():
            _copy(batch, "core_fact")
    except IntegrityError:  # another importer was faster with some of them
        return _copy_around(batch)
    return len(batch)


def _copy(batch: FactBatch, table: str) -> None:
    count = len(batch)
    columns = [
        pa.array(values, kind)
        for values, kind in (
            ([batch.community_id] * count, pa.int64()),
            (batch.kinds, pa.int64()),
            (batch.accounts, pa.int64()),
            (batch.groups, pa.int64()),
            (batch.happened, pa.int64()),
            ([batch.recorded] * count, pa.int64()),
            ([batch.actor_id] * count, pa.int64()),
            ([batch.source_id] * count, pa.int64()),
            (batch.payloads, pa.string()),
            (batch.keys, pa.string()),
        )
    ]
    names = [name.strip() for name in COLUMNS.split(",")]
    text = io.BytesIO()
    options = arrow_csv.WriteOptions(include_header=False, quoting_style="all_valid")
    arrow_csv.write_csv(pa.table(columns, names), text, options)
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {table} ({COLUMNS}) FROM STDIN (FORMAT csv)") as copy,
    ):
        copy.write(text.getvalue())


AROUND = f"""
INSERT INTO core_fact ({COLUMNS}) SELECT {COLUMNS} FROM qunce_coming
ON CONFLICT (source_id, key) WHERE key IS NOT NULL DO NOTHING
"""  # noqa: S608 - constant


def _copy_around(batch: FactBatch) -> int:
    db.execute(
        "CREATE TEMP TABLE qunce_coming ON COMMIT DROP AS"  # noqa: S608 - constant
        f" SELECT {COLUMNS} FROM core_fact WHERE false"
    )
    _copy(batch, "qunce_coming")
    taken = db.execute(AROUND)
    db.execute("DROP TABLE qunce_coming")
    return taken
