"""Peak hours and the comparison of groups, beside DuckDB over raw facts."""

from __future__ import annotations

from collections.abc import Callable

from bench import fact_log, generate, measure, rivals, sessions
from bench.measure import Row
from bench.sessions import Session
from bench.sizes import AT
from qunce.groups.groups import Group
from qunce.insight import group_comparison, peak_hours
from qunce.insight.group_comparison import GroupComparison
from qunce.sets.bitmaps import persisted_sets
from qunce.sets.rules import snapshots

GOAL = 300.0
DAYS = 28
UTC_OFFSET = 8 * 3_600_000_000
"""Of the zone of the generated community, which has no clock changes."""
HOURS_SQL = """
SELECT (day + 3) % 7, (happened_at + {offset}) // 3600000000 % 24, count(*)
FROM read_parquet($files)
WHERE kind = {message} AND day BETWEEN {today} - {days} AND {today} - 1 GROUP BY ALL
"""
GROUPS_SQL = """
SELECT grp, count(*) FILTER (kind = {message}), count(DISTINCT person),
  count(DISTINCT person) FILTER (kind = {message})
FROM read_parquet($files)
WHERE kind IN ({message}, {checkin}) AND grp > 0
  AND day BETWEEN {today} - {days} AND {today} - 1 GROUP BY grp
"""


def fill(sql: str) -> str:
    return sql.format(
        message=fact_log.NAMES.index("message.posted"),
        checkin=fact_log.NAMES.index("checkin.done"),
        today=generate.today(),
        days=DAYS,
        offset=UTC_OFFSET,
    )


def hours(session: Session) -> None:
    """Messages of 28 days by weekday and hour."""

    def count() -> tuple[tuple[int, ...], ...]:
        return peak_hours.count(
            community=session.community, by=session.by, at=AT
        ).counts

    rival = rivals.Grouped(session.workspace, session.world)

    def count_with_duckdb() -> tuple[tuple[int, ...], ...]:
        week = [[0] * 24 for _weekday in range(7)]
        rows = rival.connection.execute(fill(HOURS_SQL), {"files": rival.files})
        for weekday, hour, number in rows.fetchall():
            week[weekday][hour] = number
        return tuple(map(tuple, week))

    first = after_start(count)
    times = measure.repeat(count, session.workspace.size.repeats, warm=1)
    theirs = measure.repeat(count_with_duckdb, 3)
    sessions.check_equal("hours", ours=times.answer, theirs=theirs.answer)
    _record(session, "hours", "peak hours of 28 days", times, theirs, first)


def groups(session: Session) -> None:
    """All groups over 28 days: members, active members, messages and moves."""
    community = session.community
    keys = dict(Group.objects.filter(community=community).values_list("pk", "key"))

    def compare() -> GroupComparison:
        return group_comparison.load(by=session.by, group_ids=sorted(keys), at=AT)

    rival = rivals.Grouped(session.workspace, session.world)

    def compare_with_duckdb() -> list[tuple[int, ...]]:
        rows = rival.connection.execute(fill(GROUPS_SQL), {"files": rival.files})
        return sorted(rows.fetchall())

    first = after_start(compare)
    times = measure.repeat(compare, session.workspace.size.repeats, warm=1)
    theirs = measure.repeat(compare_with_duckdb, 3)
    numbers = {generate.group_key(number): number for number, *_rest in theirs.answer}
    ours = sorted(
        (numbers[keys[row.group_id]], row.messages, row.active, row.speakers)
        for row in times.answer.rows
        if keys[row.group_id] in numbers
    )
    sessions.check_equal("groups", ours=ours, theirs=theirs.answer)
    _record(session, "groups", "groups compared over 28 days", times, theirs, first)


def after_start(ask: Callable[[], object]) -> measure.Times:
    """The answer without anything in memory, as after a start; modules are imported.

    Sets are on the disk, where a server saves them every five minutes.
    """
    ask()
    persisted_sets.save_all()
    snapshots.close_all()
    return measure.repeat(ask, 1)


def _record(
    session: Session,
    key: str,
    question: str,
    times: measure.Times,
    theirs: measure.Times,
    first: measure.Times,
) -> None:
    rival = {"DuckDB": theirs.percentile(50)}
    session.record(
        measure.row(
            key,
            f"{question}: warm",
            times,
            goal=GOAL,
            rivals=rival,
            note=measure.describe_cpu(times, theirs),
        )
    )
    milliseconds = first.each[0]
    row = Row(
        f"{key}-first",
        f"{question}: with empty caches",
        measure.MILLISECONDS,
        milliseconds,
        1,
        goal=GOAL,
        p50=milliseconds,
        rivals=rival,
        note=measure.describe_cpu(first, theirs),
    )
    session.record(row)
