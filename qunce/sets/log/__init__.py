"""The fact log, read in the order of commits as Arrow tables.

A coordinate is the id of a fact on SQLite and the number of its transaction on
PostgreSQL. Everything up to `end()` is final: no later commit can add to it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from qunce.core import db
from qunce.sets.log import log_schema, postgresql, sqlite

if TYPE_CHECKING:
    from types import ModuleType

    import pyarrow as pa

SCHEMA = log_schema.SCHEMA


def _database() -> ModuleType:
    return postgresql if db.is_postgresql() else sqlite


def end() -> int:
    """The newest final coordinate."""
    return int(_database().end())


def count_after(after: int, community_id: int | None = None) -> int:
    """How many facts come after a coordinate, final or not; all communities for None."""
    sql = f"SELECT count(*) FROM core_fact WHERE {_database().COORDINATE} > %s"  # noqa: S608
    if community_id is None:
        return int(db.rows(sql, [after])[0][0])
    return int(db.rows(f"{sql} AND community_id = %s", [after, community_id])[0][0])


def oldest_after(after: int) -> int | None:
    """When the oldest of them was recorded, in microseconds."""
    oldest = (
        f"SELECT min(recorded_at) FROM core_fact WHERE {_database().COORDINATE} > %s"  # noqa: S608
    )
    micros: int | None = db.rows(oldest, [after])[0][0]
    return micros


def iter_batches(after: int, until: int) -> Iterator[tuple[int, Iterator[pa.Table]]]:
    """Batches of (after, until], each as its last coordinate and its tables.

    A batch's tables must be consumed before the next batch. PostgreSQL returns facts in
    no order and so in one batch.
    """
    # A batch is a table, because a position must not lie within one: its facts are
    # counted once.
    tables = read(after, until)
    if db.is_postgresql():
        if until > after:
            yield until, tables
        return
    last = after
    for table in tables:
        last = int(table["id"][-1].as_py())
        yield last, iter([table])
    if last < until:
        yield until, iter([])


def read(after: int, until: int) -> Iterator[pa.Table]:
    """The facts with after < coordinate ≤ until, in tables of limited size."""
    return log_schema.to_tables(_database().read(after, until))


def list_after(
    after: int, community: int | None, accounts: Sequence[int]
) -> list[tuple[Any, ...]]:
    """These accounts' facts after a coordinate, final or not, in a timeline's columns."""
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


def list_kinds_after(
    after: int, community: int, kinds: Sequence[int]
) -> list[tuple[int, int | None, int, str | None]]:
    """Id, account, time and payload of these kinds' facts after a coordinate."""
    return db.rows(
        "SELECT id, account_id, happened_at, payload FROM core_fact"  # noqa: S608
        f" WHERE {_database().COORDINATE} > %s AND community_id = %s"
        f" AND kind_id IN ({db.placeholders(len(kinds))})",
        [after, community, *kinds],
    )


def list_of_kinds_after(
    after: int, community: int, kinds: Sequence[int]
) -> list[tuple[int, int, int, int]]:
    """(account, happened_at, id, kind) of facts after a coordinate, final or not."""
    return db.rows(
        "SELECT account_id, happened_at, id, kind_id FROM core_fact"  # noqa: S608
        f" WHERE {_database().COORDINATE} > %s AND community_id = %s"
        f" AND kind_id IN ({db.placeholders(len(kinds))}) AND account_id IS NOT NULL",
        [after, community, *kinds],
    )


def list_rows_of_kinds_after(
    after: int, community: int, kinds: Sequence[int]
) -> list[tuple[Any, ...]]:
    """These kinds' facts after a coordinate, final or not, in a timeline's columns."""
    return db.rows(
        "SELECT id, kind_id, account_id, group_id, happened_at, recorded_at, actor_id,"  # noqa: S608
        f" source_id, payload FROM core_fact WHERE {_database().COORDINATE} > %s"
        f" AND community_id = %s AND kind_id IN ({db.placeholders(len(kinds))})",
        [after, community, *kinds],
    )


def fingerprint(until: int) -> str:
    """Columns of the newest fact up to `until`, by which the log is recognised."""
    return str(_database().fingerprint(until))


def is_different_log(reached: int, last_fact: str) -> bool:
    """Whether this cannot be the log that was derived up to `reached`.

    `last_fact` is the fingerprint of the newest fact that was derived then.
    """
    return bool(_database().is_different_log(reached, last_fact))
