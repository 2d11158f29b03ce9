"""The generated log as Parquet files, which loading and the rivals read."""

from __future__ import annotations

import pyarrow.parquet as pq

from bench import workspaces
from bench.fact_log import Log
from bench.generate import World


def ensure_files(workspace: workspaces.Workspace, world: World) -> bool:
    """Write the files if they are missing or obsolete; returns whether it did."""
    stamp = workspaces.make_stamp(workspace.size)
    if workspaces.is_current(workspace.world_folder, stamp):
        return False
    workspaces.clear(workspace.world_folder)
    folder = workspace.world_folder / "facts"
    folder.mkdir()
    for index, table in enumerate(Log(world).tables()):
        pq.write_table(table, folder / f"{index:03}.parquet", compression="zstd")
    workspaces.save_stamp(workspace.world_folder, stamp)
    return True
