"""Writes the made log as Parquet once; loading and the rivals read the same files."""

from __future__ import annotations

import pyarrow.parquet as pq

from bench import homes
from bench.events import Log
from bench.generate import World


def ensure(where: homes.Place, world: World) -> bool:
    """True when it had to be made."""
    wanted = homes.stamp(where.size)
    if homes.is_made(where.world, wanted):
        return False
    homes.empty(where.world)
    folder = where.world / "facts"
    folder.mkdir()
    for index, table in enumerate(Log(world).tables()):
        pq.write_table(table, folder / f"{index:03}.parquet", compression="zstd")
    homes.mark_made(where.world, wanted)
    return True
