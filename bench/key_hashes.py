"""Hashes of fact keys, computed in processes without Django's models."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from bench import fact_log, generate
from bench.generate import Ints
from qunce.core.facts import key_hashes


def of_day(path: Path, source: int) -> tuple[Ints, Ints]:
    """The hashes and ids of one day's facts that have a key."""
    rows = pq.read_table(path, columns=["n", "kind"])
    keyless = [fact_log.NAMES.index(name) for name in fact_log.KEYLESS_KINDS]
    n = rows["n"].to_numpy()[~np.isin(rows["kind"].to_numpy(), keyless)]
    keys = [f"k{number:016x}".encode() for number in generate.scramble(n).tolist()]
    return key_hashes.hashes_of(source, keys), n
