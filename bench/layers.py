"""Recomputing layerings, with the value layering compared with DuckDB over raw facts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from bench import fact_log, generate, measure, rivals, sessions
from bench.measure import SECONDS, Row
from bench.sessions import Session
from bench.sizes import AT
from qunce.core.communities import Community
from qunce.members.layers import layering_specs as layer_specs
from qunce.members.layers import layers, moves
from qunce.sets.bitmaps import bitmaps

VALUE, LIFECYCLE = "value", "lifecycle"
WEEK = timedelta(days=7)
ASSIGN_BY_SPENDING = """
WITH spend AS (
  SELECT person, sum(value) AS spent FROM read_parquet($files) JOIN people ON id = person
  WHERE present = 1 AND kind = $order AND day > $today - 180 AND day <= $today
  GROUP BY person),
ranked AS (SELECT *, row_number() OVER (ORDER BY spent DESC) AS place FROM spend),
cut AS (SELECT
  coalesce(max(spent) FILTER (place = ceil(everyone * 0.2)), 1) AS high,
  coalesce(max(spent) FILTER (place = ceil(everyone * 0.5)), 1) AS mid
  FROM ranked, (SELECT count(*) AS everyone FROM people WHERE present = 1))
SELECT id AS member_id, CASE WHEN present = 0 THEN NULL WHEN spent >= high THEN 'high'
  WHEN spent >= mid THEN 'mid' ELSE 'low' END AS layer
FROM people LEFT JOIN spend ON person = id, cut
"""


def ensure(session: Session) -> None:
    """Create both predefined layerings if they are missing."""
    keys = {layering.key for layering in layers.list_active(session.community)}
    for key, spec in ((VALUE, layer_specs.VALUE), (LIFECYCLE, layer_specs.LIFECYCLE)):
        if key not in keys:
            layers.create(
                community=session.community, key=key, spec=spec, by=session.by, at=AT
            )


def recompute_layers(session: Session) -> None:
    """Recompute as of a week ago, then of today, so that a real week of moves is recorded."""
    ensure(session)
    layers.recompute_all(community=session.community, at=AT - WEEK)
    with measure.profiled(session.profile("layers")):
        times = measure.repeat(lambda: recompute(session), 1)
    everyone = [sum(sizes(session, key).values()) for key in (VALUE, LIFECYCLE)]
    sessions.check_equal(
        "everyone has a layer",
        people=int(session.world.present.sum()),
        value=everyone[0],
    )
    sessions.check_equal("in both", value=everyone[0], lifecycle=everyone[1])
    question = "all layers recomputed (value and lifecycle, a week's moves recorded)"
    moved = sum(newest(session, key).moved for key in (VALUE, LIFECYCLE))
    seconds = times.each[0] / 1000
    note = f"{moved:,} moved"
    session.record(Row("layers", question, SECONDS, seconds, 1, goal=10.0, note=note))
    compare_value_layering(session)
    compare_days(session)


def recompute(session: Session) -> None:
    layers.recompute_all(community=session.community, at=AT)


def compare_value_layering(session: Session) -> None:
    """Compare the value layering with the same assignment in DuckDB."""
    layering = layers.get(session.community, VALUE)
    ours = measure.repeat(
        lambda: layers.recompute(layering=layering, by=session.by, at=AT), 3
    )
    grouped = rivals.Grouped(session.workspace, session.world)
    theirs = measure.repeat(lambda: assign_with_duckdb(grouped), 3)
    assigned: pa.Table = theirs.answer
    counted = assigned.filter(assigned["layer"].is_valid()).group_by("layer")
    sizes_by_layer = {
        row["layer"]: row["layer_count"]
        for row in counted.aggregate([("layer", "count")]).to_pylist()
    }
    filled = {name: size for name, size in sizes(session, VALUE).items() if size}
    sessions.check_equal(
        "layers", ours=sorted(filled.items()), theirs=sorted(sizes_by_layer.items())
    )
    rivals.save_layers(session.workspace, assigned)
    question = "… the value layering alone"
    note = ", ".join(f"{name} {size:,}" for name, size in sizes(session, VALUE).items())
    rival = {"DuckDB": theirs.percentile(50)}
    session.record(measure.row("layers-value", question, ours, rivals=rival, note=note))


JOIN_TWO_DAYS = """
SELECT coalesce(was.layer, '') AS before, coalesce(now.layer, '') AS after, count(*) AS size
FROM was FULL JOIN now ON was.member_id = now.member_id GROUP BY ALL
"""


def compare_days(session: Session) -> None:
    """The changes between two days, with who is where on each in DuckDB beside them."""
    layering = layers.get(session.community, VALUE)
    day = session.community.day(AT - WEEK)

    def compare() -> moves.LayerMoves:
        return moves.compare(layering=layering, day=day, by=session.by, at=AT)

    ours = measure.repeat(compare, 50, warm=1)
    with rivals.connect_duckdb() as connection:
        for name, run in (("was", ours.answer.before), ("now", ours.answer.after)):
            connection.register(f"{name}_rows", people_of(run))
            # A copy, as a table of DuckDB's own is read faster than a registered one.
            connection.execute(f"CREATE TABLE {name} AS FROM {name}_rows")
        theirs = measure.repeat(
            lambda: connection.sql(JOIN_TWO_DAYS).to_arrow_table(), 5, warm=1
        )
    joined = {
        (row["before"], row["after"]): row["size"] for row in theirs.answer.to_pylist()
    }
    found = ours.answer.sizes
    sessions.check_equal(
        "layer changes",
        ours=sorted(found.items()),
        theirs=sorted(joined.items()),
    )
    question = "layer changes between two days"
    moved = f"{ours.answer.moved:,} moved"
    others = {"DuckDB": theirs.percentile(50)}
    row = measure.row(
        "layers-changes", question, ours, rivals=others, goal=50.0, note=moved
    )
    session.record(row)


def people_of(run: layers.LayerRun) -> pa.Table:
    """Who is in which layer of a run, one row for each."""
    sets = layers.load_sets(run)
    people = [bitmaps.array_of(people) for people in sets.values()]
    names = np.repeat(list(sets), [len(each) for each in people])
    return pa.table({"member_id": np.concatenate(people), "layer": names})


def assign_with_duckdb(grouped: rivals.Grouped) -> pa.Table:
    order = fact_log.NAMES.index("order.paid")
    params = {"files": grouped.files, "order": order, "today": generate.today()}
    return grouped.connection.sql(ASSIGN_BY_SPENDING, params=params).to_arrow_table()


def newest(session: Session, key: str) -> Any:
    return layers.latest_run(layers.get(session.community, key))


def sizes(session: Session, key: str) -> dict[str, int]:
    return layers.sizes(newest(session, key))


def is_laid_out(community: Community) -> bool:
    return any(
        layers.latest_run(layering) for layering in layers.list_active(community)
    )
