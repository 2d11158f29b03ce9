"""Questions that write: how soon is it counted, how fast does bulk go in."""

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

from bench import acts, events, measure, reading, run
from bench.measure import MILLISECONDS, PER_SECOND, Row
from bench.run import Run

TAGGED = {"tag": {"any": [acts.MARKED]}}
TOUCHED = {"did": {"kind": acts.TOUCHED, "within": "1d"}}
WAIT = 20.0


def rebuilt(it: Run) -> None:
    """The mirror, stacks and kept sets, all from the truth."""
    total = facts_in_log()
    with measure.profiled(it.profile("rebuild")):
        times = measure.repeat(acts.rebuild_everything, 1)
    seconds = times.each[0] / 1000
    question = "everything derived rebuilt"
    note = f"{total:,} facts in {seconds:.1f} s"
    rate = total / seconds
    it.tell(Row("rebuild", question, PER_SECOND, rate, 1, goal=500_000, note=note))


def facts_in_log() -> int:
    from qunce.core import db

    return int(db.rows("SELECT COUNT(*) FROM core_fact")[0][0])


def tag_counted(it: Run) -> None:
    """Put on and taken off in this process, counted in another one at once."""
    acts.marked()
    here = accounts(it, it.where.size.repeats // 4)
    each: list[float] = []
    with run.beside("serve") as other:
        before = other.ask(ask="count", rule=TAGGED)["answer"]
        for account in here:
            acts.mark(account)
            found = other.ask(ask="count", rule=TAGGED)
            run.agree("tag counted next", next=found["answer"], wanted=before + 1)
            run.agree("and here", here=reading.count(it, TAGGED), wanted=before + 1)
            each.append(found["ms"])
            acts.unmark(account)
            found = other.ask(ask="count", rule=TAGGED)
            run.agree("untagged counted next", next=found["answer"], wanted=before)
            each.append(found["ms"])
    question = "tag written → counted in another process: the very next count"
    times = measure.Times(each)
    note = "every next count was right; the figure is that count's time"
    it.tell(measure.row("tag-counted", question, times, goal=20.0, note=note))


def accounts(it: Run, count: int) -> list[int]:
    """People of one account who are here."""
    heads = np.flatnonzero(it.world.present) + 1
    found: list[int] = (
        np.random.default_rng(11).choice(heads, count, replace=False).tolist()
    )
    return found


def fact_counted(it: Run) -> None:
    """Recorded here, derived by the serving process, counted by it."""
    each = []
    with run.beside("serve") as other:
        (first,) = accounts(it, 1)
        acts.touch(it, first)
        wait_for(other, 1)
        before = other.ask(ask="count", rule=TOUCHED)["answer"]
        some = before + min(12, it.where.size.visits)
        fresh = [a for a in accounts(it, some) if a != first][before:]
        for number, account in enumerate(fresh, start=1):
            start = time.perf_counter()
            acts.touch(it, account)
            wait_for(other, before + number)
            each.append((time.perf_counter() - start) * 1000)
            time.sleep(0.1)
    question = "fact → counted in a serving process"
    it.tell(measure.row("fact-counted", question, measure.Times(each), goal=2000.0))


def wait_for(other: run.Beside, wanted: int) -> None:
    deadline = time.monotonic() + WAIT
    while True:
        try:
            if other.ask(ask="count", rule=TOUCHED)["answer"] >= wanted:
                return
        except AssertionError as error:
            raise run.WrongAnswer("the serving process has ended") from error
        if time.monotonic() > deadline:
            raise run.WrongAnswer(f"a fact was not counted within {WAIT} s")
        time.sleep(0.01)


def imported_facts(it: Run) -> None:
    """NDJSON with random keys, small writes and a look-out beside it."""
    size = it.where.size
    kinds = tuple(events.NAMES)
    table = events.added(
        it.world, run=acts.next_run(it), count=size.imported_facts, kinds=kinds
    )
    path = it.where.own / "facts.ndjson"
    acts.write_file(it, table, path, acts.FACTS)
    told, held, writes = imported(it, path, "facts")
    acts.keep(it, table)
    rate = table.num_rows / told["s"]
    goal = 100_000 if it.where.database == "sqlite" else 80_000
    note = f"{table.num_rows:,} facts, {facts_in_log():,} in the log afterwards"
    question = "facts imported (NDJSON, random keys, full log present)"
    it.tell(Row("import-facts", question, PER_SECOND, rate, 1, goal=goal, note=note))
    tell_locks(it, held)
    times = measure.Times(writes["each"])
    beside = "… small writes beside it (a tag each 20 ms)"
    it.tell(measure.row("import-beside", beside, times, goal=50.0))


def tell_locks(it: Run, held: dict[str, Any]) -> None:
    spans = held["spans"] or [0.0]
    question = "… longest that a transaction held the lock"
    row = Row("import-lock", question, MILLISECONDS, spans[0], held["n"], goal=250.0)
    row.note = "seen from another process; with time it took to look"
    it.tell(row)


def imported(it: Run, path: Path, what: str) -> tuple[Any, Any, Any]:
    words = [
        "import",
        str(path),
        "--as",
        what,
        "--community",
        it.community.key,
        "--json",
    ]
    with (
        run.beside("locks", says_last=True) as locks,
        run.beside("tag", says_last=True) as writes,
    ):
        locks.read()
        told = run_command(it, f"import-{what}", words)
    path.unlink()
    return told, locks.told, writes.told


def run_command(it: Run, name: str, words: list[str]) -> dict[str, Any]:
    command = run.child("run", *words)
    profile = it.profile(name)
    raw = str(profile.with_suffix(".prof")) if profile else ""
    if profile:
        profile.parent.mkdir(parents=True, exist_ok=True)
        command[1:2] = ["-m", "cProfile", "-o", raw, "-m"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    if profile:
        profile.write_text(measure.told_by(pstats.Stats(raw, stream=io.StringIO())))
    told: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    assert told["code"] == 0, done.stdout
    return told


def imported_orders(it: Run) -> None:
    size = it.where.size
    run_number = acts.next_run(it)
    table = events.added(
        it.world, run=run_number, count=size.imported_orders, kinds=("order.paid",)
    )
    table = whole_seconds(table)
    path = it.where.own / "orders.csv"
    acts.write_file(it, table, path, acts.ORDERS)
    told, _, _ = imported(it, path, "orders")
    acts.keep(it, table)
    rate = table.num_rows / told["s"]
    question = "orders imported (CSV)"
    note = f"{table.num_rows:,} orders, each a row and a fact"
    it.tell(Row("import-orders", question, PER_SECOND, rate, 1, goal=50_000, note=note))


def whole_seconds(table: pa.Table) -> pa.Table:
    """As the CSV file has them."""
    place = table.schema.get_field_index("happened_at")
    seconds = table["happened_at"].to_numpy() // 1_000_000 * 1_000_000
    return table.set_column(place, "happened_at", pa.array(seconds))


def agree_after_imports(it: Run) -> None:
    """What went in is counted the same by us and by DuckDB over all raw facts."""
    from bench import rivals, rules

    acts.catch_up()
    ours = reading.count(it, rules.BEHAVIOUR.wire())
    theirs = rivals.Grouped(it.where, it.world).behaviour(rules.BEHAVIOUR)
    run.agree("behaviour after imports", ours=ours, theirs=theirs)
