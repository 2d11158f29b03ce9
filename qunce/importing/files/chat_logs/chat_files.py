"""A chat log as a table: recognised by its beginning, then read entry by entry."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from datetime import date
from typing import IO

import numpy as np
import pyarrow as pa

from qunce.core.text_validation import SURROGATE
from qunce.importing.files.chat_logs import log_format
from qunce.importing.files.chat_logs.log_format import (
    HEADINGS,
    Entry,
    LogFormat,
    Parsed,
)
from qunce.importing.files.rows import BrokenRow, RowBatch

FORMAT = "chat"
"""The format of a source that is a chat log."""
HEAD_BYTES = 64 << 10
ENTRIES_PER_BATCH = 5_000
MIN_RECOGNISED = 0.5
"""The part of the beginning that has to be in a format."""


def read_head(stream: IO[bytes]) -> str:
    return stream.read(HEAD_BYTES).decode("utf-8", "ignore").lstrip("\ufeff")


def find(head: str, *, is_json: bool) -> LogFormat | None:
    """Return the format of a log that begins like this, None for other files."""
    found = [
        (each.recognise(head), number, each)
        for number, each in enumerate(log_format.list_all())
        if each.is_json == is_json
    ]
    best = max(found, default=None)
    return best[2] if best and best[0] >= MIN_RECOGNISED else None


def read_batches(
    stream: IO[bytes], key: str, day: str, limit: int | None
) -> Iterator[RowBatch]:
    """Yield the entries of a log as rows; with `limit` about so many of the first."""
    known_day = date.fromisoformat(day) if day else None
    parsed = log_format.get(key).parse(stream, known_day)
    if limit is not None:
        parsed = itertools.islice(parsed, limit)
    is_first = True
    while (part := list(itertools.islice(parsed, ENTRIES_PER_BATCH))) or is_first:
        is_first = False
        yield _to_batch(part)


def _to_batch(part: Iterable[Parsed]) -> RowBatch:
    entries = [each for each in part if isinstance(each, Entry)]
    broken = [each for each in part if isinstance(each, BrokenRow)]
    cells = (
        [each.kind for each in entries],
        [each.time for each in entries],
        [each.author for each in entries],
        [each.name for each in entries],
        [each.text for each in entries],
        [each.key for each in entries],
        [each.reply_to for each in entries],
    )
    # JSON can have half of an emoji, which no text can store.
    columns = [
        pa.array([SURROGATE.sub("\ufffd", each) or None for each in texts], pa.string())
        for texts in cells
    ]
    assert len(columns) == len(HEADINGS)  # noqa: S101
    return RowBatch(columns, np.array([e.line for e in entries], np.int64), broken)
