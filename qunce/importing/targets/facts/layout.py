"""Lays out facts in a SQLite file of their own, from which set statements take them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa

from qunce.core.facts import laid_facts
from qunce.importing.files import sqlite_files

SOURCES = {
    "hash": "hash",
    "kind": "kind_id",
    "account": "account",
    "grp": "grp",
    "happened_at": "happened_at",
    "payload": "payload",
    "key": "key",
}
"""Columns of the file, by the columns of a part."""


def write(path: Path, rows: pa.Table) -> None:
    """Write rows that are sorted by hash and whose kinds and members have their ids."""
    numbers = pa.array(np.arange(1, rows.num_rows + 1))
    columns = {name: rows[source] for name, source in SOURCES.items()}
    numbered = pa.table({"n": numbers, **columns})
    sqlite_files.write(path, laid_facts.CREATE, numbered)
