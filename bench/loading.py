"""Fills a new QUNCE_HOME with members, then the fact log, then the rivals' tables.

Each step prints its time. The log is inserted directly, sorted by day. Qunce's own import
is measured later, when all these facts are present.
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from bench import (
    community_data,
    engines,
    fact_log,
    generate,
    key_hashes,
    rivals,
    workspaces,
)
from bench.generate import World
from bench.workspaces import Workspace
from qunce.core import data_dir, db
from qunce.core.communities import Community
from qunce.core.facts import facts, interned_names

SOURCE = "shop"
DAY_ROWS = f"""
SELECT n + $before AS id, $community AS community_id, kinds[kind + 1] AS kind_id,
  account AS account_id, NULLIF(grp, 0) AS group_id, happened_at, recorded_at,
  NULL::INTEGER AS actor_id, CASE WHEN keyed THEN $source END AS source_id,
  {fact_log.PAYLOAD} AS payload, CASE WHEN keyed THEN 'k' || printf('%016x', scattered) END AS key
FROM (SELECT *, kind NOT IN ($own_1, $own_2) AS keyed, $kinds AS kinds FROM rows)
ORDER BY n
"""


@contextmanager
def timed(name: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    print(f"    {name}: {time.perf_counter() - start:.1f} s", flush=True)


def load(workspace: Workspace, world: World) -> None:
    workspaces.clear(workspace.home)
    workspace.own_folder.mkdir()
    if workspace.database == "postgresql":
        clean_database()
    data_dir.ready()
    with timed("members, tags, groups, attributes"):
        community_data.load(workspace, world)
    with timed("the log"):
        load_log(workspace, world)
    with timed("orders"):
        load_orders(workspace)
    with timed("rivals' tables"):
        build_rivals(workspace, world)


def clean_database() -> None:
    to = engines.Postgres()
    to.execute("DROP SCHEMA public CASCADE")
    to.execute("CREATE SCHEMA public")
    to.connection.close()


def build_rivals(workspace: Workspace, world: World) -> None:
    tags, groups = generate.taggings(world), generate.memberships(world)
    regions = generate.attributes(world)[0]
    assert regions.name == "region"
    rivals.build(workspace, rivals.people(world, tags, groups, regions))


# The log.


def load_log(workspace: Workspace, world: World) -> None:
    here, _by = community_data.get_community()
    kinds = facts.ensure_kinds(fact_log.NAMES)
    before = db.rows("SELECT COALESCE(MAX(id), 0) FROM core_fact")[0][0]
    params = {
        "before": before,
        "community": here.pk,
        "source": interned_names.ensure("source", here.pk, [SOURCE])[SOURCE],
        "kinds": [kinds[name] for name in fact_log.NAMES],
        "own_1": fact_log.NAMES.index(fact_log.KEYLESS_KINDS[0]),
        "own_2": fact_log.NAMES.index(fact_log.KEYLESS_KINDS[1]),
    }
    to = community_data.engine(workspace)
    days = sorted((workspace.world_folder / "facts").glob("*.parquet"))
    with to.without_indexes("core_fact"):
        for rows in iter_day_rows(days, params):
            to.insert("core_fact", rows)
    if to.name == "sqlite":
        load_hashes(to, days, params["source"], before)
    community_data.reset_sequences(to)
    to.finish()


def iter_day_rows(days: list[Path], params: dict[str, Any]) -> Iterator[pa.Table]:
    """The rows of each day; the next day is prepared while one is written."""
    with ThreadPoolExecutor(1) as worker:
        futures = [worker.submit(day_rows, days[0], params)]
        for later in days[1:]:
            futures.append(worker.submit(day_rows, later, params))
            yield futures.pop(0).result()
        yield futures.pop().result()


def day_rows(path: Path, params: dict[str, Any]) -> pa.Table:
    rows = pq.read_table(path)
    scattered = generate.scramble(rows["n"].to_numpy())
    connection = rivals.connect_duckdb()
    connection.register("rows", rows.append_column("scattered", pa.array(scattered)))
    relation: duckdb.DuckDBPyRelation = connection.sql(DAY_ROWS, params=params)
    return relation.to_arrow_table()


def load_hashes(to: engines.Engine, days: list[Path], source: int, before: int) -> None:
    """Fill SQLite's table of key hashes in the order of its primary key."""
    # A fork would copy the state of the threads of DuckDB and Arrow.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, context) as pool:
        parts = list(
            pool.map(key_hashes.of_day, days, [source] * len(days), chunksize=4)
        )
    hashes = np.concatenate([part[0] for part in parts])
    ids = np.concatenate([part[1] for part in parts]) + before
    order = np.argsort(hashes, kind="stable")
    for chunk in np.array_split(
        order, max(1, len(order) // community_data.ROWS_PER_BATCH)
    ):
        to.insert(
            "core_factkey", pa.table({"hash": hashes[chunk], "fact_id": ids[chunk]})
        )


ORDERS = """
SELECT 'o' || n AS key, account AS account_id, happened_at AS paid_at, value AS amount
FROM read_parquet($files) WHERE kind = $kind ORDER BY n
"""


def load_orders(workspace: Workspace) -> None:
    """Insert an order for each order.paid in the log, as the verb would have."""
    from qunce.sales.models import Order

    here: Community = community_data.get_community()[0]
    kind = fact_log.NAMES.index("order.paid")
    params = {"files": workspace.list_fact_files(), "kind": kind}
    rows = rivals.connect_duckdb().sql(ORDERS, params=params).to_arrow_table()
    columns = {name: rows[name] for name in rows.column_names}
    to = community_data.engine(workspace)
    with to.without_indexes("sales_order"):
        community_data.write(
            to, Order, {**columns, "community_id": here.pk, "currency": "CNY"}
        )
    community_data.reset_sequences(to)
    to.finish()
