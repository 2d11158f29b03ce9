"""Recomputing layerings, with the value layering compared with DuckDB over raw facts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pyarrow as pa

from bench import fact_log, generate, measure, rivals, sessions
from bench.measure import SECONDS, Row
from bench.sessions import Session
from bench.sizes import AT
from qunce.core.communities import Community
from qunce.members.layers import layering_specs as layer_specs
from qunce.members.layers import layers

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
