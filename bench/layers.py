"""The layerings: laid out by Qunce, the one by value restated in DuckDB over raw facts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pyarrow as pa

from bench import events, generate, measure, rivals, run
from bench.measure import SECONDS, Row
from bench.run import Run
from bench.sizes import AT
from qunce.core.communities import Community
from qunce.members.layers import layers
from qunce.members.layers import specs as layer_specs

VALUE, LIFECYCLE = "value", "lifecycle"
WEEK = timedelta(days=7)
SPENT = """
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


def ensure(it: Run) -> None:
    """Both ready-made layerings, laid out once."""
    known = {each.key for each in layers.list_active(it.community)}
    for key, spec in ((VALUE, layer_specs.VALUE), (LIFECYCLE, layer_specs.LIFECYCLE)):
        if key not in known:
            layers.create(community=it.community, key=key, spec=spec, by=it.by, at=AT)


def recomputed(it: Run) -> None:
    """As of a week ago, then of today, so that people move as in a real week."""
    ensure(it)
    layers.recompute_all(community=it.community, at=AT - WEEK)
    with measure.profiled(it.profile("layers")):
        times = measure.repeat(lambda: recompute(it), 1)
    everyone = [sum(sizes(it, key).values()) for key in (VALUE, LIFECYCLE)]
    run.agree(
        "everyone is laid out", people=int(it.world.present.sum()), value=everyone[0]
    )
    run.agree("by both", value=everyone[0], lifecycle=everyone[1])
    question = "all layers recomputed (value and lifecycle, a week's moves recorded)"
    moved = sum(newest(it, key).moved for key in (VALUE, LIFECYCLE))
    seconds = times.each[0] / 1000
    note = f"{moved:,} moved"
    it.tell(Row("layers", question, SECONDS, seconds, 1, goal=10.0, note=note))
    alone(it)


def recompute(it: Run) -> None:
    layers.recompute_all(community=it.community, at=AT)


def alone(it: Run) -> None:
    """The one by value against the same laid out by DuckDB."""
    layering = layers.get(it.community, VALUE)
    ours = measure.repeat(
        lambda: layers.recompute(layering=layering, by=it.by, at=AT), 3
    )
    grouped = rivals.Grouped(it.where, it.world)
    theirs = measure.repeat(lambda: restated(grouped), 3)
    laid_out: pa.Table = theirs.answer
    counted = laid_out.filter(laid_out["layer"].is_valid()).group_by("layer")
    found = {
        row["layer"]: row["layer_count"]
        for row in counted.aggregate([("layer", "count")]).to_pylist()
    }
    filled = {name: size for name, size in sizes(it, VALUE).items() if size}
    run.agree("layers", ours=sorted(filled.items()), theirs=sorted(found.items()))
    rivals.lay_out(it.where, laid_out)
    question = "… the value layering alone"
    note = ", ".join(f"{name} {size:,}" for name, size in sizes(it, VALUE).items())
    rival = {"DuckDB": theirs.percentile(50)}
    it.tell(measure.row("layers-value", question, ours, rivals=rival, note=note))


def restated(grouped: rivals.Grouped) -> pa.Table:
    order = events.NAMES.index("order.paid")
    given = {"files": grouped.files, "order": order, "today": generate.today()}
    return grouped.connection.sql(SPENT, params=given).to_arrow_table()


def newest(it: Run, key: str) -> Any:
    return layers.latest_run(layers.get(it.community, key))


def sizes(it: Run, key: str) -> dict[str, int]:
    return layers.sizes(newest(it, key))


def is_laid_out(community: Community) -> bool:
    return any(layers.latest_run(each) for each in layers.list_active(community))
