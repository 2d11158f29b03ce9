"""A new QUNCE_HOME filled: what is known of people, then the log, then the rivals.

Each step prints its time. The log goes in sorted, day by day, past Qunce's own import:
that is measured later, with all this present.
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

from bench import engines, events, generate, hashing, homes, rivals, truth
from bench.generate import World
from bench.homes import Place
from qunce.cli import data_dir
from qunce.core import db
from qunce.core.communities import Community
from qunce.core.facts import facts, interned_names

SOURCE = "shop"
DAY_ROWS = f"""
SELECT n + $before AS id, $community AS community_id, kinds[kind + 1] AS kind_id,
  account AS account_id, NULLIF(grp, 0) AS group_id, happened_at, recorded_at,
  NULL::INTEGER AS actor_id, CASE WHEN keyed THEN $source END AS source_id,
  {events.PAYLOAD} AS payload, CASE WHEN keyed THEN 'k' || printf('%016x', scattered) END AS key
FROM (SELECT *, kind NOT IN ($own_1, $own_2) AS keyed, $kinds AS kinds FROM rows)
ORDER BY n
"""


@contextmanager
def step(name: str) -> Iterator[None]:
    start = time.perf_counter()
    yield
    print(f"    {name}: {time.perf_counter() - start:.1f} s", flush=True)


def load(where: Place, world: World) -> None:
    homes.empty(where.home)
    where.own.mkdir()
    if where.database == "postgresql":
        clean_database()
    data_dir.ready()
    with step("members, tags, groups, attributes"):
        truth.load(where, world)
    with step("the log"):
        load_log(where, world)
    with step("orders"):
        load_orders(where)
    with step("rivals' tables"):
        build_rivals(where, world)


def clean_database() -> None:
    to = engines.Postgres()
    to.execute("DROP SCHEMA public CASCADE")
    to.execute("CREATE SCHEMA public")
    to.connection.close()


def build_rivals(where: Place, world: World) -> None:
    tags, groups = generate.taggings(world), generate.memberships(world)
    regions = generate.attributes(world)[0]
    assert regions.name == "region"
    rivals.build(where, rivals.people(world, tags, groups, regions))


# The log.


def load_log(where: Place, world: World) -> None:
    here, _by = truth.community()
    kinds = facts.ensure_kinds(events.NAMES)
    before = db.rows("SELECT COALESCE(MAX(id), 0) FROM core_fact")[0][0]
    given = {
        "before": before,
        "community": here.pk,
        "source": interned_names.ensure("source", here.pk, [SOURCE])[SOURCE],
        "kinds": [kinds[name] for name in events.NAMES],
        "own_1": events.NAMES.index(events.OWN[0]),
        "own_2": events.NAMES.index(events.OWN[1]),
    }
    to = truth.engine(where)
    days = sorted((where.world / "facts").glob("*.parquet"))
    with to.without_indexes("core_fact"):
        for rows in ahead(days, given):
            to.insert("core_fact", rows)
    if to.name == "sqlite":
        load_hashes(to, days, given["source"], before)
    truth.reset_sequences(to)
    to.finish()


def ahead(days: list[Path], given: dict[str, Any]) -> Iterator[pa.Table]:
    """Each day's rows; the next day's are made while one's are written."""
    with ThreadPoolExecutor(1) as worker:
        coming = [worker.submit(day_rows, days[0], given)]
        for later in days[1:]:
            coming.append(worker.submit(day_rows, later, given))
            yield coming.pop(0).result()
        yield coming.pop().result()


def day_rows(path: Path, given: dict[str, Any]) -> pa.Table:
    rows = pq.read_table(path)
    scattered = generate.mixed(rows["n"].to_numpy())
    connection = rivals.duck()
    connection.register("rows", rows.append_column("scattered", pa.array(scattered)))
    found: duckdb.DuckDBPyRelation = connection.sql(DAY_ROWS, params=given)
    return found.to_arrow_table()


def load_hashes(to: engines.Engine, days: list[Path], source: int, before: int) -> None:
    """SQLite's narrow table of keys, filled in its own order."""
    # Not forked: this process has threads of DuckDB and Arrow.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, context) as pool:
        parts = list(pool.map(hashing.of_day, days, [source] * len(days), chunksize=4))
    hashes = np.concatenate([part[0] for part in parts])
    ids = np.concatenate([part[1] for part in parts]) + before
    order = np.argsort(hashes, kind="stable")
    for some in np.array_split(order, max(1, len(order) // truth.BATCH)):
        to.insert(
            "core_factkey", pa.table({"hash": hashes[some], "fact_id": ids[some]})
        )


ORDERS = """
SELECT 'o' || n AS key, account AS account_id, happened_at AS paid_at, value AS amount
FROM read_parquet($files) WHERE kind = $kind ORDER BY n
"""


def load_orders(where: Place) -> None:
    """A row for each order.paid in the log, as the order's verb would have left it."""
    from qunce.sales.orders import Order

    here: Community = truth.community()[0]
    kind = events.NAMES.index("order.paid")
    given = {"files": where.raw_facts(), "kind": kind}
    rows = rivals.duck().sql(ORDERS, params=given).to_arrow_table()
    columns = {name: rows[name] for name in rows.column_names}
    to = truth.engine(where)
    with to.without_indexes("sales_order"):
        truth.write(to, Order, {**columns, "community_id": here.pk, "currency": "CNY"})
    truth.reset_sequences(to)
    to.finish()
