"""Attribute values of many accounts side by side, to be compared at once."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from django.db import models

from qunce.core import db, timestamps

if TYPE_CHECKING:
    from numpy.typing import NDArray

KIND = "attr"
HEADER = struct.Struct("<Q")


class ColumnValue(models.Model):
    """Base of attribute rows: one a value; several of one account for a `multi`.

    `number` holds what can be compared (decimals × 10⁴, days, microseconds, 0/1), `text`
    the rest. A value that goes is kept with `present` false and the next revision.
    """

    account_id = models.BigIntegerField()
    number = models.BigIntegerField(null=True)
    text = models.TextField(null=True)  # noqa: DJ001 - null where `number` speaks
    set_at = timestamps.TimestampField()
    present = models.BooleanField(default=True)
    rev = models.BigIntegerField()

    class Meta:
        abstract = True


@dataclass(frozen=True)
class Column:
    """Parallel arrays, sorted by account; `codes` index `words` for texts.

    Shapes (n,); `numbers` int64. `set_at` in microseconds decides between the accounts
    of one person.
    """

    accounts: NDArray[np.int64]
    numbers: NDArray[np.int64]
    set_at: NDArray[np.int64]
    words: list[str] = field(default_factory=list)

    def freeze(self) -> bytes:
        """The number of rows, three arrays of 64-bit integers, the words as JSON."""
        words = json.dumps(self.words, ensure_ascii=False).encode()
        arrays = (self.accounts, self.numbers, self.set_at)
        parts = [np.ascontiguousarray(array, "<i8").tobytes() for array in arrays]
        return b"".join([HEADER.pack(len(self.accounts)), *parts, words])

    @classmethod
    def thaw(cls, blob: bytes | memoryview) -> Column:
        """The arrays are views of the blob: nothing is copied."""
        (rows,) = HEADER.unpack_from(blob)
        size = 8 * rows
        arrays = [
            np.frombuffer(blob, "<i8", rows, HEADER.size + place * size)
            for place in range(3)
        ]
        words = json.loads(bytes(blob[HEADER.size + 3 * size :]))
        return cls(arrays[0], arrays[1], arrays[2], words)


@dataclass(frozen=True)
class ColumnKind:
    """Which model's rows hold the values; `ref` is the column of the attribute's id."""

    model: type[ColumnValue]
    ref: str

    @property
    def table(self) -> str:
        return self.model._meta.db_table


_kind: list[ColumnKind] = []


def register(kind: ColumnKind) -> None:
    _kind[:] = [kind]


def registered() -> bool:
    return bool(_kind)


def get() -> ColumnKind:
    return _kind[0]


def _build(rows: list[tuple[int, int | None, str | None, int]]) -> Column:
    texts = sorted({row[2] for row in rows if row[2] is not None})
    places = {text: place for place, text in enumerate(texts)}
    numbers = [
        places[text] if text is not None else number for _, number, text, _ in rows
    ]
    accounts = np.array([row[0] for row in rows], dtype=np.int64)
    order = np.argsort(accounts, kind="stable")
    return Column(
        accounts[order],
        np.array(numbers, dtype=np.int64)[order],
        np.array([row[3] for row in rows], dtype=np.int64)[order],
        texts,
    )


def read_all(ref: int) -> Column:
    kind = get()
    return _build(
        db.rows(
            f"SELECT account_id, number, text, set_at FROM {kind.table}"  # noqa: S608
            f" WHERE {kind.ref} = %s AND present",
            [ref],
        )
    )


def read_changes(ref: int, since: int, column: Column) -> Column:
    """`column` brought up to date: touched accounts are read anew as a whole."""
    kind = get()
    touched = db.rows(
        f"SELECT DISTINCT account_id FROM {kind.table} WHERE {kind.ref} = %s AND rev > %s",  # noqa: S608
        [ref, since],
    )
    if not touched:
        return column
    if len(touched) > 50_000:
        return read_all(ref)
    fresh = db.rows(
        f"SELECT account_id, number, text, set_at FROM {kind.table}"  # noqa: S608
        f" WHERE {kind.ref} = %s AND present AND account_id IN"
        f" (SELECT account_id FROM {kind.table} WHERE {kind.ref} = %s AND rev > %s)",
        [ref, ref, since],
    )
    return _with_rows(column, np.array(touched, dtype=np.int64)[:, 0], fresh)


def _with_rows(
    column: Column,
    touched: NDArray[np.int64],
    fresh: list[tuple[int, int | None, str | None, int]],
) -> Column:
    """The untouched rows with the fresh ones sorted in; new words go to the end."""
    kept = ~np.isin(column.accounts, touched)
    words = list(column.words)
    places = {text: place for place, text in enumerate(words)}
    for _, _, text, _ in fresh:
        if text is not None and text not in places:
            places[text] = len(words)
            words.append(text)
    new = [places[text] if text is not None else n for _, n, text, _ in fresh]
    accounts = np.concatenate(
        [column.accounts[kept], np.array([row[0] for row in fresh], dtype=np.int64)]
    )
    numbers = np.concatenate([column.numbers[kept], np.array(new, dtype=np.int64)])
    set_at = np.concatenate(
        [column.set_at[kept], np.array([row[3] for row in fresh], dtype=np.int64)]
    )
    order = np.argsort(accounts, kind="stable")
    return Column(accounts[order], numbers[order], set_at[order], words)
