"""Hashes of keys, made in processes that know nothing of Django's models."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from bench import events, generate
from bench.generate import Ints
from qunce.core.facts import ingest


def of_day(path: Path, source: int) -> tuple[Ints, Ints]:
    """Hashes and ids of the facts of one day that have a key."""
    rows = pq.read_table(path, columns=["n", "kind"])
    own = [events.NAMES.index(name) for name in events.OWN]
    n = rows["n"].to_numpy()[~np.isin(rows["kind"].to_numpy(), own)]
    keys = [f"k{number:016x}".encode() for number in generate.mixed(n).tolist()]
    return ingest.hashes_of(source, keys), n
