"""Usual implementations of sending and of journeys, on the same engine as ours.

They have advantages: members and opt-outs are in tables of their own, no fact is written,
no text is rendered, and only they use the database.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from bench import rivals
from bench.engines import Engine
from bench.measure import Times
from bench.sessions import Session

MAX_PER_WEEK = 3
TABLES = """
DROP TABLE IF EXISTS {p}recipient;
DROP TABLE IF EXISTS {p}send_opt_out;
DROP TABLE IF EXISTS {p}sent;
DROP TABLE IF EXISTS {p}planned;
DROP TABLE IF EXISTS {p}journey;
CREATE TABLE {p}recipient (id INTEGER PRIMARY KEY, address TEXT NOT NULL);
CREATE TABLE {p}send_opt_out (member_id INTEGER PRIMARY KEY);
CREATE TABLE {p}sent (campaign INTEGER NOT NULL, member_id INTEGER NOT NULL,
    state TEXT NOT NULL, sent_at BIGINT NOT NULL, PRIMARY KEY (campaign, member_id));
CREATE INDEX sent_by_member ON {p}sent (member_id, sent_at);
CREATE TABLE {p}planned (member_id INTEGER PRIMARY KEY, state TEXT NOT NULL);
CREATE INDEX planned_by_state ON {p}planned (state, member_id);
CREATE TABLE {p}journey (member_id INTEGER PRIMARY KEY, step TEXT NOT NULL,
    due_at BIGINT NOT NULL)
"""
CLAIM_BY_CURSOR = """
INSERT INTO {p}sent SELECT 1, m.id, 'sending', 1000000 FROM {p}recipient m
LEFT JOIN {p}send_opt_out o ON o.member_id = m.id
WHERE m.id > {after} AND o.member_id IS NULL
AND NOT EXISTS (SELECT 1 FROM {p}sent x WHERE x.member_id = m.id AND x.campaign = 1)
AND (SELECT count(*) FROM {p}sent y WHERE y.member_id = m.id AND y.sent_at > 0) < {most}
ORDER BY m.id LIMIT {batch} RETURNING member_id
"""
PLAN = """
INSERT INTO {p}planned SELECT m.id, 'planned' FROM {p}recipient m
LEFT JOIN {p}send_opt_out o ON o.member_id = m.id WHERE o.member_id IS NULL
"""
CLAIM_PLANNED = """
UPDATE {p}planned SET state = 'sending' WHERE member_id IN (
    SELECT q.member_id FROM {p}planned q WHERE q.state = 'planned' AND q.member_id > {after}
    AND (SELECT count(*) FROM {p}sent y WHERE y.member_id = q.member_id
        AND y.campaign <> 1 AND y.sent_at > 0) < {most}
    ORDER BY q.member_id LIMIT {batch}) RETURNING member_id
"""


@dataclass
class SendRivals:
    """Medians of claims in milliseconds, by implementation and part of the campaign."""

    claims: dict[str, dict[str, float]] = field(default_factory=dict)
    first_of_planned: float = 0.0


class Runner:
    """The tables of the rivals, in a file or schema of their own."""

    def __init__(self, session: Session) -> None:
        self.engine: Engine = rivals.engine(session.workspace)
        self.prefix = "" if session.workspace.database == "sqlite" else "rival."
        if self.prefix:
            self.engine.execute("CREATE SCHEMA IF NOT EXISTS rival")
        for statement in TABLES.split(";"):
            self.engine.execute(statement.format(p=self.prefix))
        people = np.unique(session.world.person_ids)
        self.people = people[session.world.present[people - 1]]
        addresses = [f"m{person}" for person in self.people]
        rows = pa.table({"id": self.people, "address": addresses})
        self.engine.insert(f"{self.prefix}recipient", rows)

    def rows(self, sql: str, **values: Any) -> list[tuple[Any, ...]]:
        return self.engine.rows(sql.format(p=self.prefix, most=MAX_PER_WEEK, **values))

    def execute(self, sql: str) -> None:
        self.engine.execute(sql.format(p=self.prefix))


def measure_all(session: Session, *, claims: int, batch: int) -> SendRivals:
    runner, found = Runner(session), SendRivals()
    size = len(runner.people)
    starts = {
        "beginning": 0,
        "middle": int(runner.people[size // 2]),
        "end": int(runner.people[max(size - claims * batch, 0)]),
    }
    start = time.perf_counter()
    runner.execute(PLAN)
    first = _claims(runner, CLAIM_PLANNED, 0, 1, batch)
    found.first_of_planned = (time.perf_counter() - start) * 1000
    assert len(first.each) == 1
    for name, sql in (("join", CLAIM_BY_CURSOR), ("planned ahead", CLAIM_PLANNED)):
        found.claims[name] = {
            part: _claims(runner, sql, after, claims, batch).percentile(50)
            for part, after in starts.items()
        }
    return found


def _claims(runner: Runner, sql: str, after: int, count: int, batch: int) -> Times:
    each = []
    for _claim in range(count):
        start = time.perf_counter()
        claimed = runner.rows(sql, after=after, batch=batch)
        if not claimed:
            break
        each.append((time.perf_counter() - start) * 1000)
        after = max(row[0] for row in claimed)
    return Times(each)


def scan_journeys(session: Session, due: int) -> tuple[float, float]:
    """An engine that looks at all members each minute, in milliseconds.

    Returns the time of a minute with so many due runs, and of one in which nobody is due.
    """
    runner = Runner(session)
    runs = pa.table(
        {
            "member_id": runner.people,
            "step": ["wait"] * len(runner.people),
            "due_at": [1 if n < due else 9 for n in range(len(runner.people))],
        }
    )
    runner.engine.insert(f"{runner.prefix}journey", runs)
    return _time(lambda: _scan(runner, at=1)), _time(lambda: _scan(runner, at=2))


def _time(act: Callable[[], object]) -> float:
    start = time.perf_counter()
    act()
    return (time.perf_counter() - start) * 1000


def _scan(runner: Runner, *, at: int) -> int:
    """Read every member's run, decide in Python, and write those that go on."""
    rows = runner.rows("SELECT member_id, step, due_at FROM {p}journey")
    due = [member for member, step, due_at in rows if step == "wait" and due_at <= at]
    for start in range(0, len(due), 1_000):
        ids = ", ".join(map(str, due[start : start + 1_000]))
        runner.execute(
            f"INSERT INTO {{p}}sent SELECT 2, member_id, 'planned', {at}"
            f" FROM {{p}}journey WHERE member_id IN ({ids})"
        )
        runner.execute(
            f"UPDATE {{p}}journey SET step = 'sent', due_at = {at + 1_000}"
            f" WHERE member_id IN ({ids})"
        )
    return len(due)
