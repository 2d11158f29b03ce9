"""Whom to remind of a check-in: an unbroken streak of 7 days or more, and not yet today.

Beside it stand the usual statements over the check-ins, gaps and islands, in the same
database and in DuckDB.
"""

from __future__ import annotations

from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from django.db import transaction

from bench import generate, measure, sessions
from bench.read_questions import count
from bench.sessions import Session
from bench.sizes import AT
from qunce.activities.activities import activities
from qunce.activities.activities.models import Activity
from qunce.core import column_inserts, db, revisions
from qunce.sets import audiences

DAYS, SHARE, DILIGENCE, AT_LEAST = 30, 5, 0.93, 7
"""Days of check-ins, every so many members takes part, and on which share of the days."""
ISLANDS = """
SELECT count(*) FROM (
    SELECT person, max(day) AS last_day, count(*) AS length FROM (
        SELECT {person} AS person, {day} AS day, {day} - row_number()
            OVER (PARTITION BY {person} ORDER BY {day}) AS island FROM {table})
        AS numbered
    GROUP BY person, island) AS streaks
WHERE last_day = {today} - 1 AND length >= {least}
"""


def streaks(session: Session) -> None:
    """Count whom to remind, first, warm, and after one more check-in."""
    activity = _find(session) or _fill(session)
    rule: Any = {
        "streak": {"activity": activity.public_id, "gte": AT_LEAST, "today": False}
    }
    today = generate.today()
    first = measure.repeat(lambda: count(session, rule), 1)
    warm = measure.repeat(
        lambda: count(session, rule), session.workspace.size.repeats, warm=1
    )
    islands = {"today": today, "least": AT_LEAST}
    own = ISLANDS.format(person="account", day="day", table="bench_check_in", **islands)
    sql = measure.repeat(lambda: int(db.rows(own)[0][0]), 2)
    rows = db.rows("SELECT account, day FROM bench_check_in")
    pairs = np.array(rows, dtype=np.int64)
    table = pa.table({"account": pairs[:, 0], "day": pairs[:, 1]})
    with duckdb.connect() as connection:
        connection.register("taps", table)
        other = ISLANDS.format(person="account", day="day", table="taps", **islands)
        duck = measure.repeat(
            lambda: int(connection.execute(other).fetchall()[0][0]), 3
        )
    sessions.check_equal(
        "streaks", ours=warm.answer, sql=sql.answer, duckdb=duck.answer
    )
    ref = activity.pk
    with transaction.atomic():
        revisions.bump(session.community.pk, "streak", [ref])
    after = measure.repeat(lambda: count(session, rule), 1)
    session.record(
        measure.row(
            "streak-remind",
            f"streak ≥ {AT_LEAST} and not yet today (whom to remind), warm",
            warm,
            goal=10,
            rivals={
                "gaps-and-islands in SQL": sql.percentile(50),
                "gaps-and-islands in DuckDB": duck.percentile(50),
            },
            ratio_goal=20,
            note=(
                f"{warm.answer:,} members of {len(pairs):,} check-ins; first"
                f" {first.percentile(50):,.0f} ms, after a change"
                f" {after.percentile(50):,.1f} ms"
            ),
        )
    )


def _find(session: Session) -> Activity | None:
    return Activity.objects.filter(community=session.community, name="Bench").first()


def _fill(session: Session) -> Activity:
    """Let every fifth member check in on most days, and store their streaks."""
    activity = activities.create(
        community=session.community,
        kind="check_in",
        name="Bench",
        starts_at=AT,
        by=session.by,
        at=AT,
    )
    everyone = audiences.people(
        community=session.community, rule={"all": []}, by=session.by, at=AT
    )
    people = np.array(everyone, dtype=np.int64)[::SHARE]
    draw = np.random.default_rng(13)
    taps = draw.random((len(people), DAYS)) < DILIGENCE
    first = generate.today() - DAYS + 1
    rows, columns = np.nonzero(taps)
    lengths, last = np.zeros(len(people), np.int64), np.zeros(len(people), np.int64)
    run = np.zeros(len(people), np.int64)
    for day in range(DAYS):
        run = np.where(taps[:, day], run + 1, 0)
        lengths = np.where(run > 0, run, lengths)
        last = np.where(run > 0, first + day, last)
    to_date = (
        "DATE '1970-01-01' + {0}::int"
        if db.is_postgresql()
        else "date({0} * 86400, 'unixepoch')"
    )
    known = lengths > 0
    with transaction.atomic():
        for name in ("bench_check_in", "bench_streak"):
            db.execute(f"DROP TABLE IF EXISTS {name}")
        db.execute("CREATE TABLE bench_check_in (account BIGINT, day BIGINT)")
        db.execute(
            "CREATE TABLE bench_streak (account BIGINT, day BIGINT, length BIGINT)"
        )
        column_inserts.insert(
            "bench_check_in", {"account": people[rows], "day": first + columns}, {}
        )
        db.execute("CREATE INDEX bench_taps ON bench_check_in (account, day)")
        column_inserts.insert(
            "bench_streak",
            {"account": people[known], "day": last[known], "length": lengths[known]},
            {},
        )
        db.execute(
            "INSERT INTO activities_streak"
            " (activity_id, person_id, last_day, length, longest, total, rev)"
            f" SELECT {activity.pk:d}, account, {to_date.format('day')}, length, length,"
            " length, 0 FROM bench_streak"
        )
    db.execute("ANALYZE")
    return activity
