"""Attribute columns: one attribute's values of many accounts as parallel arrays.

Other tables with one value per account register as a kind of their own, such as the
staff in charge of members.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from django.db import models

from qunce.core import db, timestamps

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

KIND = "attr"
"""The kind of the columns of attributes."""
HEADER = struct.Struct("<Q")
MAX_CHANGED_ACCOUNTS = 50_000
"""Above this many changed accounts the whole column is read again."""


class ColumnValue(models.Model):
    """Abstract base of attribute rows, one per value; a `multi` has several per account.

    `number` holds values that can be compared (decimals × 10⁴, days, microseconds, 0/1),
    `text` all others. A removed value stays with `present` false and the next revision.
    """

    account_id = models.BigIntegerField()
    number = models.BigIntegerField(null=True)
    text = models.TextField(null=True)  # noqa: DJ001 - null where `number` is set
    set_at = timestamps.TimestampField()
    present = models.BooleanField(default=True)
    rev = models.BigIntegerField()

    class Meta:
        abstract = True


@dataclass(frozen=True)
class Column:
    """Parallel arrays, shape (n,), sorted by account.

    For texts, `numbers` are indexes into `texts`. `set_at`, in microseconds, decides
    which value counts when a person has several accounts.
    """

    accounts: NDArray[np.int64]
    numbers: NDArray[np.int64]
    set_at: NDArray[np.int64]
    texts: list[str] = field(default_factory=list)

    def rows(self) -> list[tuple[int, int | str, int]]:
        """(account, value, set_at) of each value, in an order of its own."""
        values: list[int | str] = self.numbers.tolist()
        if self.texts:
            values = [self.texts[int(number)] for number in self.numbers]
        rows = zip(self.accounts.tolist(), values, self.set_at.tolist(), strict=True)
        return sorted(rows, key=str)

    def to_bytes(self) -> bytes:
        """The number of rows, the three arrays as 64-bit integers, the texts as JSON."""
        texts = json.dumps(self.texts, ensure_ascii=False).encode()
        arrays = (self.accounts, self.numbers, self.set_at)
        parts = [np.ascontiguousarray(array, "<i8").tobytes() for array in arrays]
        return b"".join([HEADER.pack(len(self.accounts)), *parts, texts])

    @classmethod
    def from_bytes(cls, blob: bytes | memoryview) -> Column:
        """The arrays are views of the blob; nothing is copied."""
        (count,) = HEADER.unpack_from(blob)
        size = 8 * count
        accounts, numbers, set_at = (
            np.frombuffer(blob, "<i8", count, HEADER.size + index * size)
            for index in range(3)
        )
        texts = json.loads(bytes(blob[HEADER.size + 3 * size :]))
        return cls(accounts, numbers, set_at, texts)


@dataclass(frozen=True)
class ColumnKind:
    """Which model's rows hold the values; `ref_column` holds the attribute's id.

    `name` is the revision kind of the columns.
    """

    name: str
    model: type[ColumnValue]
    ref_column: str

    @property
    def table(self) -> str:
        return self.model._meta.db_table


_kinds: dict[str, ColumnKind] = {}


def register(kind: ColumnKind) -> None:
    _kinds[kind.name] = kind


def list_kinds() -> list[ColumnKind]:
    return list(_kinds.values())


def is_registered(name: str) -> bool:
    return name in _kinds


def get(name: str = KIND) -> ColumnKind:
    return _kinds[name]


Row = tuple[int, int | None, str | None, int]
"""Account, number, text, set_at."""


def read_all(ref: int, name: str = KIND) -> Column:
    kind = get(name)
    rows: list[Row] = db.rows(
        f"SELECT account_id, number, text, set_at FROM {kind.table}"  # noqa: S608
        f" WHERE {kind.ref_column} = %s AND present",
        [ref],
    )
    texts = sorted({row[2] for row in rows if row[2] is not None})
    return _sort(
        *_arrays(rows, {text: index for index, text in enumerate(texts)}), texts
    )


def read_changes(ref: int, since: int, column: Column, name: str = KIND) -> Column:
    """`column` brought up to date; every value of a changed account is read again."""
    kind = get(name)
    changed = db.rows(
        f"SELECT DISTINCT account_id FROM {kind.table}"  # noqa: S608
        f" WHERE {kind.ref_column} = %s AND rev > %s",
        [ref, since],
    )
    if not changed:
        return column
    unchanged = ~np.isin(column.accounts, np.array(changed, dtype=np.int64)[:, 0])
    # Beyond that, one scan of the attribute is cheaper than looking up each account. If
    # every value changed, its type may have: the column would keep texts as it has none.
    if len(changed) > MAX_CHANGED_ACCOUNTS or not unchanged.any():
        return read_all(ref, name)
    rows: list[Row] = db.rows(
        f"SELECT account_id, number, text, set_at FROM {kind.table}"  # noqa: S608
        f" WHERE {kind.ref_column} = %s AND present AND account_id IN"
        f" (SELECT account_id FROM {kind.table} WHERE {kind.ref_column} = %s AND rev > %s)",
        [ref, ref, since],
    )
    # New texts go to the end, so that the unchanged rows keep their indexes.
    indexes = {text: index for index, text in enumerate(column.texts)}
    for _, _, text, _ in rows:
        if text is not None:
            indexes.setdefault(text, len(indexes))
    # A `multi` value may lose and gain items, so a changed account's rows are replaced.
    accounts, numbers, set_at = _arrays(rows, indexes)
    return _sort(
        np.concatenate([column.accounts[unchanged], accounts]),
        np.concatenate([column.numbers[unchanged], numbers]),
        np.concatenate([column.set_at[unchanged], set_at]),
        list(indexes),
    )


def _arrays(rows: list[Row], indexes: Mapping[str, int]) -> tuple[Ints, Ints, Ints]:
    numbers = [indexes[text] if text is not None else n for _, n, text, _ in rows]
    return (
        np.array([row[0] for row in rows], dtype=np.int64),
        np.array(numbers, dtype=np.int64),
        np.array([row[3] for row in rows], dtype=np.int64),
    )


def _sort(accounts: Ints, numbers: Ints, set_at: Ints, texts: list[str]) -> Column:
    # Stable, so that the values of a `multi` keep their order.
    order = np.argsort(accounts, kind="stable")
    return Column(accounts[order], numbers[order], set_at[order], texts)
