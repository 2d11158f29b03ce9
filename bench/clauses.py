"""Clauses over breaks, ratios, ranks and streaks beside DuckDB, and watched segments."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bench import fact_log, generate, measure, operations, rivals, sessions
from bench.read_questions import count
from bench.sessions import Session
from bench.sizes import AT
from qunce.members.segments import segments, watches
from qunce.members.segments.segments import SegmentSize


@dataclass(frozen=True)
class Question:
    """A clause, and a statement over raw facts that selects the same people."""

    key: str
    text: str
    rule: dict[str, Any]
    sql: str
    goal: float


QUESTIONS = (
    Question(
        "clause-rank",
        "top 20 % of members by the sum of orders in 90 d",
        {
            "rank": {
                "top": "20%",
                "kind": "order.paid",
                "by": "sum",
                "field": "amount",
                "within": "90d",
            }
        },
        """
        SELECT person FROM (SELECT person, rank() OVER (ORDER BY sum(value) DESC) AS place
            FROM facts JOIN people ON person = id WHERE present = 1
            AND kind = {order} AND day > {today} - 90 GROUP BY person)
        WHERE place <= ceil(0.2 * (SELECT count(*) FROM people WHERE present = 1))
        """,
        1_000.0,
    ),
    Question(
        "clause-ratio",
        "at least 0.5 orders for each click, of 3 or more, in 60 d",
        {
            "ratio": {
                "of": {"kind": "order.paid"},
                "per": {"kind": "link.clicked"},
                "gte": 0.5,
                "least": 3,
                "within": "60d",
            }
        },
        """
        SELECT person FROM (SELECT person, count(*) FILTER (kind = {order}) AS orders,
            count(*) FILTER (kind = {click}) AS clicks FROM facts
            WHERE kind IN ({order}, {click}) AND day > {today} - 60 GROUP BY person)
        WHERE clicks >= 3 AND orders >= 0.5 * clicks
        """,
        300.0,
    ),
    Question(
        "clause-returned",
        "wrote again within 14 d after 21 d or more without a word",
        {"returned": {"kind": "message.posted", "after": "21d", "within": "14d"}},
        """
        SELECT DISTINCT person FROM (SELECT person, day,
            lag(day) OVER (PARTITION BY person ORDER BY day) AS before
            FROM (SELECT DISTINCT person, day FROM facts WHERE kind = {message}))
        WHERE day > {today} - 14 AND day - before > 21
        """,
        1_000.0,
    ),
    Question(
        "clause-streak",
        "checked in on 4 or more days in a row in 60 d",
        {
            "did": {
                "kind": "checkin.done",
                "days_in_a_row": {"gte": 4},
                "within": "60d",
            }
        },
        """
        SELECT DISTINCT person FROM (SELECT person, day - row_number()
            OVER (PARTITION BY person ORDER BY day) AS island
            FROM (SELECT DISTINCT person, day FROM facts
                WHERE kind = {checkin} AND day > {today} - 60))
        GROUP BY person, island HAVING count(*) >= 4
        """,
        300.0,
    ),
)
KINDS = {
    "order": "order.paid",
    "click": "link.clicked",
    "message": "message.posted",
    "checkin": "checkin.done",
}
SIZE_DAYS = 180


def clauses(session: Session) -> None:
    """Count the members of each clause, first and warm."""
    grouped = rivals.Grouped(session.workspace, session.world)
    codes = {name: fact_log.NAMES.index(kind) for name, kind in KINDS.items()}
    for question in QUESTIONS:
        sql = (
            "WITH facts AS (SELECT * FROM read_parquet($files)) SELECT count(*) FROM"
            f" ({question.sql.format(today=generate.today(), **codes)})"
            " JOIN people ON person = id WHERE present = 1"
        )

        def theirs(sql: str = sql) -> int:
            rows = grouped.connection.execute(sql, {"files": grouped.files})
            return int(rows.fetchall()[0][0])

        def ours(rule: Any = question.rule) -> int:
            return count(session, rule)

        first = measure.repeat(ours, 1)
        rival = measure.repeat(theirs, 3)
        sessions.check_equal(question.key, ours=first.answer, theirs=rival.answer)
        warm = measure.repeat(ours, session.workspace.size.repeats // 4, warm=1)
        session.record(
            measure.row(
                question.key,
                f"{question.text}: first",
                first,
                goal=question.goal,
                rivals={"DuckDB": rival.percentile(50)},
                note=f"{first.answer:,} members; again {warm.percentile(50):.1f} ms",
            )
        )


def watched(session: Session) -> None:
    """The sizes of a segment over 180 days, and checks of a watched one."""
    community, by = session.community, session.by
    rule = {"did": {"kind": "order.paid", "times": {"gte": 2}, "within": "30d"}}
    segments_of = segments.Segment.objects.filter(community=community, key="watched")
    segments_of.delete()
    segment = segments.create(
        community=community, key="watched", rule=rule, by=by, at=AT
    )
    today = community.day(AT)
    size = segments.record_size(segment=segment, at=AT)
    SegmentSize.objects.bulk_create(
        SegmentSize(segment=segment, day=today - back, size=size + back)
        for back in range(1, SIZE_DAYS)
    )

    def read() -> int:
        segments.count(segment=segment, by=by, at=AT)
        rows = segment.sizes.filter(day__gt=today - SIZE_DAYS).order_by("day")
        return len(rows.values_list("day", "size"))

    times = measure.repeat(read, session.workspace.size.repeats, warm=1)
    sessions.check_equal("sizes", days=times.answer, expected=SIZE_DAYS)
    question = f"segment size over {SIZE_DAYS} days, with the present one"
    session.record(measure.row("segment-sizes", question, times, goal=200.0))
    watch = watches.start(segment=segment, by=by, at=AT)
    watches.check(watch, at=AT)
    idle = measure.repeat(lambda: watches.check(watch, at=AT), 20)
    later = AT + timedelta(days=1)
    moved = measure.repeat(lambda: watches.check(watch, at=later), 1)
    scratch = measure.repeat(lambda: watches.compare(watch, at=later), 1)
    sessions.check_equal("watch", drift=scratch.answer, expected=0)
    note = (
        f"{moved.answer:,} members left on the next day, recorded in"
        f" {moved.percentile(50):,.0f} ms; compared from scratch in"
        f" {scratch.percentile(50):,.0f} ms"
    )
    question = "check of a watched segment of which nothing has changed"
    session.record(measure.row("watch", question, idle, goal=20.0, note=note))
    watches.stop(segment=segment, by=by, at=later)
    segment.delete()
    operations.catch_up()
