"""Retention and funnels, beside DuckDB over raw facts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from bench import fact_log, generate, measure, rivals, rules, sessions
from bench.sessions import Session
from bench.sizes import AT
from qunce.insight import retention as store
from qunce.insight.funnels import results

QUERY, WEEKS = rules.RETENTION, rules.RETENTION.count
KINDS = ("message.posted", "order.paid", "checkin.done", "coupon.redeemed")
"""What the generated facts have of the kinds that make a member active."""
FUNNEL: dict[str, Any] = {
    "steps": [
        {"kind": "send.delivered"},
        {"kind": "link.clicked"},
        {"kind": "order.paid"},
    ],
    "within": "7d",
    "during": {"within": "30d"},
}
# The weeks of each person as one array, against which each later week is looked up.
RETENTION_SQL = """
WITH weeks AS (
  SELECT person, list(DISTINCT (day - {monday}) // 7) AS weeks FROM read_parquet($files)
  WHERE kind IN ({kinds}) AND day BETWEEN {monday} AND {today} GROUP BY person)
SELECT j.week, k.k, count(*) FILTER (list_contains(w.weeks, j.week + k.k))
FROM joined j LEFT JOIN weeks w USING (person), (SELECT unnest(range(1, {count})) AS k) k
WHERE j.week + k.k < {count} GROUP BY ALL ORDER BY 1, 2
"""
# From the last fact back: the order after a click, and then both after a delivery.
FUNNEL_SQL = """
WITH facts AS (
  SELECT person, happened_at AS t, kind FROM read_parquet($files)
  WHERE kind IN ({send}, {click}, {order}) AND day > {today} - 30),
orders AS (
  SELECT *, min(t) FILTER (kind = {order}) OVER later AS paid FROM facts
  WINDOW later AS (PARTITION BY person ORDER BY t
    RANGE BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING)),
chains AS (
  SELECT *, min(t) FILTER (kind = {click}) OVER later AS clicked,
    min(paid) FILTER (kind = {click}) OVER later AS bought FROM orders
  WINDOW later AS (PARTITION BY person ORDER BY t
    RANGE BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING))
SELECT count(DISTINCT person),
  count(DISTINCT person) FILTER (clicked - t <= {week}),
  count(DISTINCT person) FILTER (clicked - t <= {week} AND bought - t <= {week})
FROM chains WHERE kind = {send}
"""


def ours(session: Session) -> list[list[int]]:
    found = store.compute(query=QUERY, by=session.by, at=AT)
    return [[cell.people for cell in cohort.cells[1:]] for cohort in found.cohorts]


def retention(session: Session) -> None:
    """Weekly retention, 26 cohorts by 26 weeks."""
    repeats = session.workspace.size.repeats
    times = measure.repeat(lambda: ours(session), repeats, warm=3)
    rival = _rival_of_retention(session)
    theirs = measure.repeat(lambda: _their_retention(rival, session), 3)
    sessions.check_equal("retention", ours=times.answer, theirs=theirs.answer)
    session.record(
        measure.row(
            "retention",
            f"weekly retention {WEEKS} × {WEEKS}: warm",
            times,
            goal=10.0,
            ratio_goal=300.0,
            rivals={"DuckDB": theirs.percentile(50)},
        )
    )
    count = min(3, session.workspace.size.repeats // 10)
    starts = [sessions.run_child("retention")["ms"] for _ in range(count)]
    question = "weekly retention: first after start"
    first = measure.Times(starts)
    session.record(measure.row("retention-first", question, first, goal=150.0))


def _rival_of_retention(session: Session) -> rivals.Grouped:
    rival = rivals.Grouped(session.workspace, session.world)
    world = session.world
    joined = np.full(world.accounts + 1, np.iinfo(np.int64).max)
    np.minimum.at(joined, world.person_ids, world.joined_at)
    people = np.unique(world.person_ids)
    weeks = (generate.day_of(joined[people]) - _monday(session)) // 7
    inside = (weeks >= 0) & (weeks < WEEKS)
    rows = pa.table({"person": people[inside], "week": weeks[inside]})
    rival.connection.register("loaded_weeks", rows)
    rival.connection.execute("CREATE TABLE joined AS SELECT * FROM loaded_weeks")
    return rival


def _monday(session: Session) -> int:
    return store.list_spans(QUERY, session.community, AT)[0][0]


def _their_retention(rival: rivals.Grouped, session: Session) -> list[list[int]]:
    sql = RETENTION_SQL.format(
        monday=_monday(session),
        today=generate.today(),
        kinds=", ".join(str(fact_log.NAMES.index(kind)) for kind in KINDS),
        count=WEEKS,
    )
    rows = rival.connection.execute(sql, {"files": rival.files}).fetchall()
    found = {(week, later): number for week, later, number in rows}
    return [
        [found.get((week, later), 0) for later in range(1, WEEKS - week)]
        for week in range(WEEKS)
    ]


def funnel(session: Session) -> None:
    """Three steps within seven days, of the last thirty days, each time anew."""

    def ask(days: int) -> list[int]:
        # Another time limit each time, so that no answer comes from the cache.
        definition = FUNNEL | {"within": f"{days * 24}h"}
        result = results.compute(definition=definition, by=session.by, at=AT)
        return [step.people for step in result.steps]

    repeats = max(3, session.workspace.size.repeats // 20)
    windows = iter(range(8, 8 + repeats))
    times = measure.repeat(lambda: ask(next(windows)), repeats)
    rival = rivals.Grouped(session.workspace, session.world)
    theirs = measure.repeat(lambda: _their_funnel(rival), 3)
    sessions.check_equal("funnel", ours=ask(7), theirs=theirs.answer)
    session.record(
        measure.row(
            "funnel",
            "three-step funnel in 7 days, of 30 days: not cached",
            times,
            goal=500.0,
            rivals={"DuckDB": theirs.percentile(50)},
            note=f"{theirs.answer[0]:,} members at the first step;"
            f" {measure.describe_cpu(times, theirs)}",
        )
    )


def _their_funnel(rival: rivals.Grouped) -> list[int]:
    index = fact_log.NAMES.index
    sql = FUNNEL_SQL.format(
        send=index("send.delivered"),
        click=index("link.clicked"),
        order=index("order.paid"),
        today=generate.today(),
        week=7 * generate.DAY,
    )
    (row,) = rival.connection.execute(sql, {"files": rival.files}).fetchall()
    return [int(number) for number in row]
