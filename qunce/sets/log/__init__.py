"""Reading the fact log in the order in which it was committed, as Arrow tables.

A coordinate is a fact's id on SQLite and its transaction's number on PostgreSQL; what
lies at or under `end()` is settled: no commit still to come can be found there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from qunce.core import db
from qunce.sets.log import postgresql, schema, sqlite

if TYPE_CHECKING:
    from types import ModuleType

    import pyarrow as pa

SCHEMA = schema.SCHEMA


def _database() -> ModuleType:
    return postgresql if db.is_postgresql() else sqlite


def end() -> int:
    """The newest settled coordinate."""
    return int(_database().end())


def count_after(after: int) -> int:
    """How many facts lie behind a coordinate, settled or not."""
    return int(_database().waiting(after))


def oldest_after(after: int) -> int | None:
    """When the oldest of them was recorded, in microseconds."""
    oldest = (
        f"SELECT min(recorded_at) FROM core_fact WHERE {_database().COORDINATE} > %s"  # noqa: S608
    )
    found: int | None = db.rows(oldest, [after])[0][0]
    return found


def iter_batches(after: int, upto: int) -> Iterator[tuple[int, Iterator[pa.Table]]]:
    """Cuts (after, upto] into stretches that are derived one by one.

    Each is its last coordinate and its tables, which are to be used up before the next.
    PostgreSQL's facts come in no order and so in one stretch.
    """
    tables = read(after, upto)
    if db.is_postgresql():
        if upto > after:
            yield upto, tables
        return
    last = after
    for table in tables:
        last = int(table["id"][-1].as_py())
        yield last, iter([table])
    if last < upto:
        yield upto, iter([])


def read(after: int, upto: int) -> Iterator[pa.Table]:
    """The facts with after < coordinate ≤ upto, in tables of a bearable size."""
    return schema.to_tables(_database().read(after, upto))


def list_after(
    after: int, community: int | None, accounts: Sequence[int]
) -> list[tuple[Any, ...]]:
    """Facts of some accounts behind a coordinate, settled or not, as a timeline reads."""
    if not accounts:
        return []
    where, params = f"{_database().COORDINATE} > %s", [after]
    if community is not None:
        where, params = f"{where} AND community_id = %s", [after, community]
    return db.rows(
        "SELECT id, kind_id, account_id, group_id, happened_at, recorded_at, actor_id,"  # noqa: S608
        f" source_id, payload FROM core_fact WHERE {where}"
        f" AND account_id IN ({db.placeholders(len(accounts))})",
        [*params, *accounts],
    )


def fingerprint(upto: int) -> str:
    """What the newest fact up to `upto` looks like, to know this log again by."""
    return str(_database().mark(upto))


def is_different_log(reached: int, last: str) -> bool:
    """Whether this cannot be the log that was derived up to `reached`."""
    return bool(_database().is_another(reached, last))
