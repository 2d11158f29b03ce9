"""Inserts new orders, and the facts that they were paid, by set statements.

On SQLite the plain orders of a chunk are laid out in a file of their own, without any
lock, and attached: the lock is held for two statements per batch. PostgreSQL gets them
by COPY. Binding each row from Python would take several times as long.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from django.conf import settings
from django.db import connection

from qunce.core import db, postgresql_copy
from qunce.importing.files import sqlite_files
from qunce.importing.files.staging import StagingFolder

if TYPE_CHECKING:
    from qunce.importing.targets.orders.plain_orders import PlainOrders, Positions

Row = tuple[Any, ...]
Insertion = Callable[[], None]
"""Inserts a batch that is prepared, in the caller's transaction."""
COLUMNS = """community_id, key, source_id, account_id, paid_at, amount, currency, items,
    details, refunded_at, refunded_amount, refunds"""
TEXTS = ("key", "currency", "items", "details", "refunds")
ORDER_SCHEMA = pa.schema(
    (name, pa.string() if name in TEXTS else pa.int64())
    for name in map(str.strip, COLUMNS.split(","))
)
INSERT_ORDERS = f"INSERT INTO sales_order ({COLUMNS}) VALUES"
FACT_COLUMNS = """community_id, kind_id, account_id, happened_at, recorded_at, payload,
    source_id"""
ALIAS = "laid_orders"
LAID = {
    "key": ("order_key", "TEXT"),
    "source": ("source", "INTEGER"),
    "account": ("account", "INTEGER"),
    "paid_at": ("paid_at", "INTEGER"),
    "amount": ("amount", "INTEGER"),
    "currency": ("currency", "TEXT"),
    "items": ("items", "TEXT"),
    "details": ("details", "TEXT"),
    "payment": ("payment", "TEXT"),
}
"""Columns of the file: those of a chunk, and their types."""
CREATE_LAID = "CREATE TABLE laid (n INTEGER PRIMARY KEY, {})".format(
    ", ".join(f"{name} {kind}" for name, (_column, kind) in LAID.items())
)
INSERT_LAID_ORDERS = f"""
INSERT INTO sales_order ({COLUMNS})
SELECT %s, key, source, account, paid_at, amount, currency, items, details, NULL, 0, NULL
FROM {ALIAS}.laid WHERE n > %s AND n <= %s
"""  # noqa: S608 - constants
INSERT_LAID_FACTS = f"""
INSERT INTO core_fact ({FACT_COLUMNS})
SELECT %s, %s, account, paid_at, %s, payment, source
FROM {ALIAS}.laid WHERE n > %s AND n <= %s
"""  # noqa: S608 - constants
NOT_AMONG = " AND n NOT IN (SELECT value FROM json_each(%s))"


@dataclass(frozen=True)
class Common:
    """What all orders of an import have in common; `kind` is that of the facts."""

    community: int
    kind: int
    recorded_at: int


class NewOrders(ABC):
    def __init__(self, common: Common) -> None:
        self.common = common

    def load(self, orders: PlainOrders) -> None:
        """Take over the orders of a chunk, outside transactions."""
        self.orders = orders

    @abstractmethod
    def prepare(
        self,
        span: tuple[int, int],
        chosen: Positions,
        others: Sequence[tuple[int, Row]],
    ) -> Insertion:
        """Return what inserts the chosen plain orders of a span of the chunk.

        `others` are further new orders with their positions, as INSERT_ORDERS takes
        them; their facts are left to the caller.
        """

    def close(self) -> None:  # noqa: B027 - only files need it
        """Remove what is on disk."""


def create(common: Common) -> NewOrders:
    if db.is_postgresql():
        return CopiedOrders(common)
    # Nothing can be attached within a transaction.
    return BoundOrders(common) if connection.in_atomic_block else LaidOrders(common)


class LaidOrders(NewOrders):
    """On SQLite: in an attached file, each under its position + 1."""

    def __init__(self, common: Common) -> None:
        super().__init__(common)
        self._staging = StagingFolder(Path(settings.HOME) / "imports")
        self._is_attached = False

    def load(self, orders: PlainOrders) -> None:
        super().load(orders)
        self._detach()
        positions = np.flatnonzero(orders.is_plain)
        path = self._staging.path / "orders.sqlite"
        rows = orders.select(positions)
        columns = {name: rows[column] for name, (column, _kind) in LAID.items()}
        table = pa.table({"n": pa.array(positions + 1), **columns})
        sqlite_files.write(path, CREATE_LAID, table)
        db.execute(f"ATTACH DATABASE %s AS {ALIAS}", [str(path)])
        self._is_attached = True
        # Its name is not needed any more, so that a kill leaves nothing behind.
        path.unlink()

    def prepare(
        self,
        span: tuple[int, int],
        chosen: Positions,
        others: Sequence[tuple[int, Row]],
    ) -> Insertion:
        start, end = span
        where, params = "", [start, end]
        laid = start + np.flatnonzero(self.orders.is_plain[start:end])
        common = self.common
        arguments: list[Any] = params
        if len(laid) > len(chosen):
            where = NOT_AMONG
            left_out = (np.setdiff1d(laid, chosen) + 1).tolist()
            arguments = [*params, f"[{','.join(map(str, left_out))}]"]
        rows = [row for _position, row in others]

        def insert() -> None:
            # Orders first: if one violates the unique key, the work for the facts is
            # saved.
            if len(chosen):
                db.execute(INSERT_LAID_ORDERS + where, [common.community, *arguments])
            db.insert(INSERT_ORDERS, rows)
            if len(chosen):
                of_facts = [common.community, common.kind, common.recorded_at]
                db.execute(INSERT_LAID_FACTS + where, [*of_facts, *arguments])

        return insert

    def close(self) -> None:
        self._detach()
        self._staging.close()

    def _detach(self) -> None:
        if self._is_attached and connection.connection is not None:
            db.execute(f"DETACH DATABASE {ALIAS}")
        self._is_attached = False


class BoundOrders(NewOrders):
    """On SQLite within a transaction: row by row."""

    def prepare(
        self,
        span: tuple[int, int],
        chosen: Positions,
        others: Sequence[tuple[int, Row]],
    ) -> Insertion:
        orders, paid = _arrange(self.common, self.orders, chosen, others)

        def insert() -> None:
            db.insert(INSERT_ORDERS, _rows(orders))
            db.insert(f"INSERT INTO core_fact ({FACT_COLUMNS}) VALUES", _rows(paid))

        return insert


class CopiedOrders(NewOrders):
    """On PostgreSQL: by COPY, sorted by key as the chunk is.

    So its unique index grows page by page, and two imports of the same orders wait for
    each other instead of ending in a deadlock.
    """

    def prepare(
        self,
        span: tuple[int, int],
        chosen: Positions,
        others: Sequence[tuple[int, Row]],
    ) -> Insertion:
        orders, paid = _arrange(self.common, self.orders, chosen, others)
        order_rows, fact_rows = map(postgresql_copy.encode, (orders, paid))

        def insert() -> None:
            postgresql_copy.insert("sales_order", COLUMNS, order_rows.result())
            postgresql_copy.insert("core_fact", FACT_COLUMNS, fact_rows.result())

        return insert


def _arrange(
    common: Common,
    orders: PlainOrders,
    chosen: Positions,
    others: Sequence[tuple[int, Row]],
) -> tuple[pa.Table, pa.Table]:
    """Return the rows of the orders, by position, and those of the payments."""
    table = orders.select(chosen)
    count = len(chosen)
    community = pa.repeat(pa.scalar(common.community, pa.int64()), count)
    columns = [
        community,
        *(table[name] for name in ("order_key", "source", "account", "paid_at")),
        *(table[name] for name in ("amount", "currency", "items", "details")),
        pa.nulls(count, pa.int64()),
        pa.repeat(pa.scalar(0, pa.int64()), count),
        pa.nulls(count, pa.string()),
    ]
    rows = pa.table(columns, ORDER_SCHEMA.names).cast(ORDER_SCHEMA)
    if others:
        values = zip(*(row for _position, row in others), strict=True)
        added = [
            pa.array(column, field.type)
            for column, field in zip(values, ORDER_SCHEMA, strict=True)
        ]
        rows = pa.concat_tables([rows, pa.table(added, schema=ORDER_SCHEMA)])
        positions = [*chosen.tolist(), *(position for position, _row in others)]
        rows = rows.take(pa.array(np.argsort(np.array(positions), kind="stable")))
    paid = [
        community,
        pa.repeat(pa.scalar(common.kind, pa.int64()), count),
        table["account"],
        table["paid_at"],
        pa.repeat(pa.scalar(common.recorded_at, pa.int64()), count),
        table["payment"],
        table["source"],
    ]
    return rows, pa.table(paid, [name.strip() for name in FACT_COLUMNS.split(",")])


def _rows(table: pa.Table) -> list[Row]:
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True))
