"""Words of a month of one busy group, compared with the month before, beside DuckDB.

The counts of words by day and member are stored as Qunce stores them. Members write
about as often as words are used: a few of them have most.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from bench import measure, rivals, sessions
from bench.measure import Row
from bench.sessions import Session
from bench.sizes import AT
from qunce.core import community_days
from qunce.groups.groups import Group
from qunce.insight.words import tokens, topics, word_counts
from qunce.insight.words.models import WordDay
from qunce.insight.words.topics import Topics
from qunce.sets.rules import snapshots

GOAL_MS = 300.0
DAYS = 28
PAIRS_PER_DAY = 14_000
"""Pairs of a word and a member: 400,000 in a month, as 1,500 people writing daily have."""
WORDS, SPEAKERS = 20_000, 1_500
COUNT_WORDS = """
SELECT word, count(DISTINCT person) FILTER (day >= $first),
  count(DISTINCT person) FILTER (day < $first)
FROM said JOIN people USING (account) GROUP BY word
"""


def words(session: Session) -> None:
    """The words that people use more and less than in the month before."""
    group = Group.objects.filter(community=session.community).order_by("pk")[0]
    rows = create_days(session, group)
    last = community_days.to_date(session.community.day(AT) - 1)
    first = community_days.to_date(session.community.day(AT) - DAYS)

    def ask() -> Topics:
        return topics.compute(
            group=group.key, first=first, last=last, by=session.by, at=AT
        )

    def ask_after_start() -> Topics:
        snapshots.close_all()
        return ask()

    cold = measure.repeat(ask_after_start, 3, warm=1)
    times = measure.repeat(ask, session.workspace.size.repeats // 10, warm=1)
    with rivals.connect_duckdb() as connection:
        connection.register("said_rows", rows)
        connection.execute("CREATE TABLE said AS FROM said_rows")
        connection.register("people_rows", list_people(session))
        connection.execute("CREATE TABLE people AS FROM people_rows")
        theirs = measure.repeat(
            lambda: connection.execute(
                COUNT_WORDS, {"first": session.community.day(AT) - DAYS}
            ).fetchall(),
            5,
            warm=1,
        )
    found = times.answer.words
    sessions.check_equal(
        "words",
        ours=sorted((word.word, word.people, word.people_before) for word in found),
        theirs=sorted(row for row in theirs.answer if any(row[1:])),
    )
    rival = {"DuckDB": theirs.percentile(50)}
    question = "words of a month of one group, and of the month before"
    note = (
        f"{rows.num_rows:,} pairs of a word and a member, by day;"
        f" {measure.describe_cpu(times, theirs)}"
    )
    session.record(
        measure.row(
            "words", f"{question}: warm", times, goal=GOAL_MS, rivals=rival, note=note
        )
    )
    milliseconds = cold.percentile(50)
    session.record(
        Row(
            "words-first",
            f"{question}: with empty caches",
            measure.MILLISECONDS,
            milliseconds,
            len(cold.each),
            goal=GOAL_MS,
            p50=milliseconds,
            rivals=rival,
            note=measure.describe_cpu(cold, theirs),
        )
    )


def create_days(session: Session, group: Group) -> pa.Table:
    """Store the words of two months of a group; returns them one row per pair and day."""
    rng = session.world.rng(77)
    today = session.community.day(AT)
    here = np.flatnonzero(session.world.present)[:SPEAKERS] + 1
    columns: dict[str, list[np.ndarray]] = {"word": [], "account": [], "day": []}
    stored = []
    most = min(PAIRS_PER_DAY, session.world.size.members)
    for day in range(today - 2 * DAYS, today):
        size = int(most * rng.uniform(0.7, 1.3))
        words = np.minimum((WORDS ** rng.random(size)).astype(int), WORDS - 1)
        accounts = here[(len(here) * rng.random(size) ** 2).astype(int)]
        said, times = np.unique(np.stack([words, accounts]), axis=1, return_counts=True)
        stored.append(_day(session, group, day, said, times))
        for name, column in zip(
            columns, (*said, np.full(len(times), day)), strict=True
        ):
            columns[name].append(column)
    WordDay.objects.filter(community=session.community, group_id=group.pk).delete()
    WordDay.objects.bulk_create(stored)
    table = {name: np.concatenate(parts) for name, parts in columns.items()}
    return pa.table(table | {"word": [f"词{word}" for word in table["word"].tolist()]})


def _day(
    session: Session, group: Group, day: int, said: np.ndarray, times: np.ndarray
) -> WordDay:
    counts: dict[str, dict[int, int]] = {tokens.WORDS: {}}
    for word, account, number in zip(*said.tolist(), times.tolist(), strict=True):
        counts.setdefault(f"词{word}", {})[account] = number
        totals = counts[tokens.WORDS]
        totals[account] = totals.get(account, 0) + number
    counts[tokens.FIRST] = {said[1, 0].item(): 1}
    return WordDay(
        community=session.community,
        group_id=group.pk,
        day=day,
        pairs=word_counts.encode(counts),
    )


def list_people(session: Session) -> pa.Table:
    ids = session.world.person_ids
    return pa.table({"account": np.arange(1, len(ids) + 1), "person": ids})
