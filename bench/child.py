"""Child processes of the benchmarks.

    python -m bench.child first RULE          the first answer after a start
    python -m bench.child retention           the first table of cohorts after a start
    python -m bench.child night               what the start of a day does, by part
    python -m bench.child serve               answers questions, one JSON per line
    python -m bench.child tag                 a small write each 20 ms, until input ends
    python -m bench.child locks               how long others hold the write lock
    python -m bench.child run ARGUMENTS…      a command of `qunce`, timed inside
    python -m bench.child web PORT            `qunce serve` with the community's clock

Each prints JSON lines. The time of importing modules is not included.
"""

from __future__ import annotations

import json
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

import django

LOCK_POLL_SECONDS = 0.001
TAG_PAUSE_SECONDS = 0.020
"""Pause between the small writes during an import."""


class NotInstalled:
    """Hides pandas, which Arrow loads where it is installed. Only the rivals need it."""

    def find_spec(
        self,
        name: str,
        path: Sequence[str] | None = None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        if name.partition(".")[0] == "pandas":
            raise ModuleNotFoundError(name, name=name)
        return None


def respond(answer: Any) -> None:
    print(json.dumps(answer), flush=True)


def first(text: str) -> None:
    from bench import community_data, sizes
    from qunce.sets import audiences

    rule = json.loads(text)
    start = time.perf_counter()
    here, by = community_data.get_community()
    count = audiences.count(community=here, rule=rule, by=by, at=sizes.AT)
    respond({"count": count, "ms": (time.perf_counter() - start) * 1000})


def retention() -> None:
    from bench import community_data, rules, sizes
    from qunce.insight import retention as store

    start = time.perf_counter()
    _here, by = community_data.get_community()
    found = store.compute(query=rules.RETENTION, by=by, at=sizes.AT)
    elapsed = time.perf_counter() - start
    respond({"count": len(found.cohorts), "ms": elapsed * 1000})


def night() -> None:
    from bench import night as nights

    respond(nights.start_day())


def serve() -> None:
    """Answer like a web process: threads derive while the main thread answers."""
    from bench import worker

    with worker.thread():
        for line in sys.stdin:
            respond(answer(json.loads(line)))


def answer(question: dict[str, Any]) -> Any:
    from bench import community_data, measure, sizes
    from qunce.sets import audiences

    if question["ask"] == "memory":
        return measure.memory()
    here, by = community_data.get_community()
    params = {"community": here, "rule": question["rule"], "by": by, "at": sizes.AT}
    start = time.perf_counter()
    if question["ask"] == "count":
        result: Any = audiences.count(**params)
    else:
        result = audiences.explain(**params, account=question["account"]).holds
    return {"answer": result, "ms": (time.perf_counter() - start) * 1000}


def tag() -> None:
    """Add and remove tags until the input ends."""
    from bench import operations

    ended = wait_for_end_of_input()
    each = []
    for number in range(1_000_000):
        if ended.is_set():
            break
        start = time.perf_counter()
        operations.toggle_tag(number)
        each.append((time.perf_counter() - start) * 1000)
        time.sleep(TAG_PAUSE_SECONDS)
    respond({"each": each})


def wait_for_end_of_input() -> threading.Event:
    ended = threading.Event()

    def wait() -> None:
        sys.stdin.read()
        ended.set()

    threading.Thread(target=wait, daemon=True).start()
    return ended


def locks() -> None:
    """The longest times for which the database was locked, as another process sees it."""
    from qunce.core import db

    ended = wait_for_end_of_input()
    with watch_postgresql() if db.is_postgresql() else watch_sqlite() as look:
        respond({"ready": True})
        spans = sorted(look(ended), reverse=True)
    respond({"spans": spans[:20], "n": len(spans)})


@contextmanager
def watch_sqlite() -> Iterator[Callable[[threading.Event], list[float]]]:
    """Try to begin a transaction each millisecond; a span ends when one succeeds."""
    from django.conf import settings

    name = settings.DATABASES["default"]["NAME"]
    connection = sqlite3.connect(name, isolation_level=None, timeout=0)

    def look(ended: threading.Event) -> list[float]:
        spans, since = [], None
        while not ended.is_set():
            now = time.perf_counter()
            try:
                connection.execute("BEGIN IMMEDIATE")
                connection.execute("ROLLBACK")
                if since is not None:
                    spans.append((now - since) * 1000)
                since = None
            except sqlite3.OperationalError:
                since = since if since is not None else now
            time.sleep(LOCK_POLL_SECONDS)
        return spans

    yield look
    connection.close()


SELECT_OPEN_TRANSACTIONS = """
SELECT pid || '@' || xact_start, EXTRACT(EPOCH FROM clock_timestamp() - xact_start) * 1000
FROM pg_stat_activity WHERE backend_xid IS NOT NULL AND pid <> pg_backend_pid()
AND backend_type = 'client backend'
"""


@contextmanager
def watch_postgresql() -> Iterator[Callable[[threading.Event], list[float]]]:
    """Writers do not wait for each other, so each open transaction is a span."""
    from qunce.core import db

    def look(ended: threading.Event) -> list[float]:
        spans: dict[str, float] = {}
        while not ended.is_set():
            spans.update(
                {
                    transaction: float(ms)
                    for transaction, ms in db.rows(SELECT_OPEN_TRANSACTIONS)
                }
            )
            time.sleep(0.002)
        return list(spans.values())

    yield look


def run(*arguments: str) -> None:
    """Run a command and report its time without the start of Python."""
    from qunce.cli import main

    start = time.perf_counter()
    code = main.main([*arguments])
    print(file=sys.stderr)
    respond({"code": code, "s": time.perf_counter() - start})


def web(port: str) -> None:
    """Run `qunce serve` with the clock of the generated community."""
    from bench import stock_kind, worker
    from qunce.cli import main, worker_loop
    from qunce.console import http

    assert stock_kind.KIND, "it registers itself"
    http.now = worker.clock  # type: ignore[assignment]
    worker_loop.now = worker.clock  # type: ignore[assignment]
    worker_loop.start.__defaults__ = (worker.clock,)
    sys.exit(main.main(["serve", "--community", "bench", "--port", port]))


COMMANDS: dict[str, Callable[..., None]] = {
    "first": first,
    "retention": retention,
    "night": night,
    "serve": serve,
    "tag": tag,
    "locks": locks,
    "run": run,
    "web": web,
}

if __name__ == "__main__":
    # As in an installation, which has the packages of requirements/runtime.txt only.
    sys.meta_path.insert(0, NotInstalled())
    django.setup()
    from qunce.sets import (
        audiences as audiences,  # imported before the time is measured
    )

    COMMANDS[sys.argv[1]](*sys.argv[2:])
