"""Questions that write: the delay until a write is counted, and the speed of imports."""

from __future__ import annotations

import io
import json
import pstats
import subprocess
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import csv

from bench import (
    community_data,
    fact_log,
    measure,
    operations,
    read_questions,
    sessions,
)
from bench.measure import MILLISECONDS, PER_SECOND, Row
from bench.sessions import Session

TAGGED_RULE = {"tag": {"any": [operations.MARKED_TAG]}}
TOUCHED_RULE = {"did": {"kind": operations.TOUCHED_KIND, "within": "1d"}}
MAX_WAIT_SECONDS = 20.0


def rebuild(session: Session) -> None:
    """Rebuild the mirror, the day counts and the persisted sets."""
    total = count_facts()
    with measure.profiled(session.profile("rebuild")):
        times = measure.repeat(operations.rebuild_all, 1)
    seconds = times.each[0] / 1000
    question = "everything derived rebuilt"
    note = f"{total:,} facts in {seconds:.1f} s"
    rate = total / seconds
    session.record(
        Row("rebuild", question, PER_SECOND, rate, 1, goal=500_000, note=note)
    )


def count_facts() -> int:
    from qunce.core import db

    return int(db.rows("SELECT COUNT(*) FROM core_fact")[0][0])


def tag_counted(session: Session) -> None:
    """Add and remove a tag in this process, and count it immediately in another one."""
    operations.marked_tag()
    here = choose_accounts(session, session.workspace.size.repeats // 4)
    each: list[float] = []
    with sessions.start_child("serve") as other:
        before = other.ask(ask="count", rule=TAGGED_RULE)["answer"]
        for account in here:
            operations.add_mark(account)
            reply = other.ask(ask="count", rule=TAGGED_RULE)
            sessions.check_equal(
                "tag counted next", next=reply["answer"], wanted=before + 1
            )
            sessions.check_equal(
                "and here",
                here=read_questions.count(session, TAGGED_RULE),
                wanted=before + 1,
            )
            each.append(reply["ms"])
            operations.remove_mark(account)
            reply = other.ask(ask="count", rule=TAGGED_RULE)
            sessions.check_equal(
                "untagged counted next", next=reply["answer"], wanted=before
            )
            each.append(reply["ms"])
    question = "tag written → counted in another process: the very next count"
    times = measure.Times(each)
    note = "every next count was right; the figure is that count's time"
    session.record(measure.row("tag-counted", question, times, goal=20.0, note=note))


def choose_accounts(session: Session, count: int) -> list[int]:
    """A sample of people who are present."""
    person_ids = np.flatnonzero(session.world.present) + 1
    chosen: list[int] = (
        np.random.default_rng(11).choice(person_ids, count, replace=False).tolist()
    )
    return chosen


def fact_counted(session: Session) -> None:
    """Record facts here, which the serving process derives and counts."""
    each = []
    with sessions.start_child("serve") as other:
        (first,) = choose_accounts(session, 1)
        operations.record_one_fact(session, first)
        wait_for(other, 1)
        before = other.ask(ask="count", rule=TOUCHED_RULE)["answer"]
        total = before + min(12, session.workspace.size.visits)
        fresh = [a for a in choose_accounts(session, total) if a != first][before:]
        for number, account in enumerate(fresh, start=1):
            start = time.perf_counter()
            operations.record_one_fact(session, account)
            wait_for(other, before + number)
            each.append((time.perf_counter() - start) * 1000)
            time.sleep(0.1)
    question = "fact → counted in a serving process"
    session.record(
        measure.row("fact-counted", question, measure.Times(each), goal=2000.0)
    )


def wait_for(other: sessions.Child, expected: int) -> None:
    deadline = time.monotonic() + MAX_WAIT_SECONDS
    while True:
        try:
            if other.ask(ask="count", rule=TOUCHED_RULE)["answer"] >= expected:
                return
        except AssertionError as error:
            raise sessions.WrongAnswer("the serving process has ended") from error
        if time.monotonic() > deadline:
            raise sessions.WrongAnswer(
                f"a fact was not counted within {MAX_WAIT_SECONDS} s"
            )
        time.sleep(0.01)


def import_facts(session: Session) -> None:
    """Import NDJSON with random keys, while other processes write and watch the lock."""
    from qunce.core.facts import fact_effects

    size = session.workspace.size
    # Orders go through their verb one by one; they have a question of their own.
    effective = fact_effects.registered()
    kinds = tuple(name for name in fact_log.NAMES if name not in effective)
    table = fact_log.new_facts(
        session.world,
        run=operations.next_run_number(session),
        count=size.imported_facts,
        kinds=kinds,
    )
    path = session.workspace.own_folder / "facts.ndjson"
    operations.write_file(session, table, path, operations.FACTS)
    result, lock_spans, writes = run_import(session, path, "facts")
    operations.save_added(session, table)
    rate = table.num_rows / result["s"]
    goal = 150_000 if session.workspace.database == "sqlite" else 100_000
    note = f"{table.num_rows:,} facts, {count_facts():,} in the log afterwards"
    question = "facts imported (NDJSON, random keys, full log present)"
    session.record(
        Row("import-facts", question, PER_SECOND, rate, 1, goal=goal, note=note)
    )
    record_locks(session, lock_spans, "import-lock", "facts")
    record_writes(session, writes, "import-beside", goal_on_sqlite=35.0)


def record_writes(
    session: Session, writes: dict[str, Any], name: str, *, goal_on_sqlite: float
) -> None:
    times = measure.Times(writes["each"])
    question = "… small writes beside it (a tag each 20 ms)"
    goal = goal_on_sqlite if session.workspace.database == "sqlite" else 20.0
    session.record(measure.row(name, question, times, goal=goal))


def record_locks(
    session: Session, lock_spans: dict[str, Any], name: str, imported: str
) -> None:
    spans = lock_spans["spans"] or [0.0]
    question = f"{imported} imported: longest that a transaction held the lock"
    row = Row(name, question, MILLISECONDS, spans[0], lock_spans["n"], goal=250.0)
    row.note = "seen from another process; with time it took to look"
    session.record(row)


def run_import(
    session: Session, path: Path, what: str, community: str = ""
) -> tuple[Any, Any, Any]:
    arguments = [
        "import",
        str(path),
        "--as",
        what,
        "--community",
        community or session.community.key,
        "--json",
    ]
    with (
        sessions.start_child("locks", reads_result=True) as locks,
        sessions.start_child("tag", reads_result=True) as writes,
    ):
        locks.read()
        result = run_command(session, f"import-{what}", arguments)
    path.unlink()
    return result, locks.result, writes.result


def run_command(session: Session, name: str, arguments: list[str]) -> dict[str, Any]:
    command = sessions.child_command("run", *arguments)
    profile = session.profile(name)
    raw = str(profile.with_suffix(".prof")) if profile else ""
    if profile:
        profile.parent.mkdir(parents=True, exist_ok=True)
        command[1:2] = ["-m", "cProfile", "-o", raw, "-m"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    if profile:
        profile.write_text(
            measure.format_stats(pstats.Stats(raw, stream=io.StringIO()))
        )
    result: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    assert result["code"] == 0, done.stdout
    return result


def import_orders(session: Session) -> None:
    size = session.workspace.size
    run_number = operations.next_run_number(session)
    table = fact_log.new_facts(
        session.world, run=run_number, count=size.imported_orders, kinds=("order.paid",)
    )
    table = whole_seconds(table)
    path = session.workspace.own_folder / "orders.csv"
    operations.write_file(session, table, path, operations.ORDERS)
    result, _, _ = run_import(session, path, "orders")
    operations.save_added(session, table)
    rate = table.num_rows / result["s"]
    question = "orders imported (CSV)"
    note = f"{table.num_rows:,} orders, each a row and a fact"
    goal = 50_000 if session.workspace.database == "sqlite" else 40_000
    session.record(
        Row("import-orders", question, PER_SECOND, rate, 1, goal=goal, note=note)
    )


def import_members(session: Session) -> None:
    """Import new members into a community of their own, so that no count changes."""
    count = session.workspace.size.imported_orders
    community, _by = community_data.get_community("imports")
    # Not the number of files, which this question does not raise.
    run_number = operations.count_accounts(community)
    path = session.workspace.own_folder / "members.csv"
    csv.write_csv(new_members(count, run_number), path)
    result, lock_spans, writes = run_import(session, path, "members", community.key)
    rate = count / result["s"]
    question = "members imported (CSV, 6 attributes, 3 tags, 1 group)"
    goal = 25_000 if session.workspace.database == "sqlite" else 20_000
    note = f"{count:,} members"
    session.record(
        Row("import-members", question, PER_SECOND, rate, 1, goal=goal, note=note)
    )
    record_locks(session, lock_spans, "import-members-lock", "members")
    record_writes(session, writes, "import-members-beside", goal_on_sqlite=50.0)


def new_members(count: int, run_number: int) -> pa.Table:
    """`count` members with 6 attributes, 3 of 130 tags and one of 50 groups each."""
    numbers = np.arange(count)
    drawn = np.random.default_rng(run_number).integers(0, 1 << 30, (count, 5))
    days = np.datetime64("2025-01-01") + drawn[:, 3] % 365
    tags = ((drawn[:, :1] + np.array([0, 41, 89])) % 130).tolist()
    return pa.table(
        {
            "key": [f"i{run_number}-{n}" for n in numbers],
            "name": [f"Member {n}" for n in numbers],
            "joined_at": np.datetime_as_string(days),
            "city": [f"City {n}" for n in drawn[:, 0] % 300],
            "level": [f"Level {n}" for n in drawn[:, 1] % 5],
            "points": drawn[:, 2] % 10_000,
            "birthday": np.datetime_as_string(days - 10_000),
            "shop": [f"Shop {n}" for n in drawn[:, 4] % 40],
            "remark": [f"remark {n}" for n in numbers],
            "tags": [";".join(f"tag {n}" for n in three) for three in tags],
            "groups": [f"group {n}" for n in drawn[:, 3] % 50],
        }
    )


def whole_seconds(table: pa.Table) -> pa.Table:
    """The facts with times in whole seconds, as in the CSV file."""
    index = table.schema.get_field_index("happened_at")
    seconds = table["happened_at"].to_numpy() // 1_000_000 * 1_000_000
    return table.set_column(index, "happened_at", pa.array(seconds))


def agree_after_imports(session: Session) -> None:
    """Compare a count after the imports with DuckDB over all raw facts."""
    from bench import rivals, rules

    operations.catch_up()
    ours = read_questions.count(session, rules.BEHAVIOUR.wire())
    theirs = rivals.Grouped(session.workspace, session.world).behaviour(rules.BEHAVIOUR)
    sessions.check_equal("behaviour after imports", ours=ours, theirs=theirs)
