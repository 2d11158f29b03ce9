"""What the bench runs in processes of their own.

    python -m bench.child first RULE          the first answer after a start
    python -m bench.child serve               answers questions, one JSON a line
    python -m bench.child tag                 a small write each 20 ms until told to end
    python -m bench.child locks               how long the write lock is held by others
    python -m bench.child run WORDS…          a command of `qunce`, timed from within
    python -m bench.child web PORT            `qunce serve`, in the community's evening

Each prints JSON lines. Loading Python's modules is not timed: what is asked after it is.
"""

from __future__ import annotations

import json
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import django

LOOK = 0.001
PAUSE = 0.020
"""Between small writes beside an import."""


def say(answer: Any) -> None:
    print(json.dumps(answer), flush=True)


def first(text: str) -> None:
    from bench import sizes, truth
    from qunce.sets import audiences

    rule = json.loads(text)
    start = time.perf_counter()
    here, by = truth.community()
    found = audiences.count(community=here, rule=rule, by=by, at=sizes.AT)
    say({"count": found, "ms": (time.perf_counter() - start) * 1000})


def serve() -> None:
    """Answers like a web process: a thread derives, the main one is asked."""
    from bench import following

    with following.thread():
        for line in sys.stdin:
            say(answer(json.loads(line)))


def answer(asked: dict[str, Any]) -> Any:
    from bench import measure, sizes, truth
    from qunce.sets import audiences

    if asked["ask"] == "memory":
        return measure.memory()
    here, by = truth.community()
    given = {"community": here, "rule": asked["rule"], "by": by, "at": sizes.AT}
    start = time.perf_counter()
    if asked["ask"] == "count":
        found: Any = audiences.count(**given)
    else:
        found = audiences.explain(**given, account=asked["account"]).holds
    return {"answer": found, "ms": (time.perf_counter() - start) * 1000}


def tag() -> None:
    """Small writes as an operator makes them; ends when stdin does."""
    from bench import acts

    ended = at_end_of_input()
    each = []
    for number in range(1_000_000):
        if ended.is_set():
            break
        start = time.perf_counter()
        acts.tag_one(number)
        each.append((time.perf_counter() - start) * 1000)
        time.sleep(PAUSE)
    say({"each": each})


def at_end_of_input() -> threading.Event:
    ended = threading.Event()

    def wait() -> None:
        sys.stdin.read()
        ended.set()

    threading.Thread(target=wait, daemon=True).start()
    return ended


def locks() -> None:
    """The longest spans in which the database was held, as another process sees it."""
    from qunce.core import db

    ended = at_end_of_input()
    with on_postgresql() if db.is_postgresql() else on_sqlite() as look:
        say({"ready": True})
        spans = sorted(look(ended), reverse=True)
    say({"spans": spans[:20], "n": len(spans)})


@contextmanager
def on_sqlite() -> Iterator[Callable[[threading.Event], list[float]]]:
    """Tries to begin each millisecond; a span lasts until one try succeeds."""
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
            time.sleep(LOOK)
        return spans

    yield look
    connection.close()


LONGEST = """
SELECT pid || '@' || xact_start, EXTRACT(EPOCH FROM clock_timestamp() - xact_start) * 1000
FROM pg_stat_activity WHERE backend_xid IS NOT NULL AND pid <> pg_backend_pid()
AND backend_type = 'client backend'
"""


@contextmanager
def on_postgresql() -> Iterator[Callable[[threading.Event], list[float]]]:
    """Writers do not wait for each other; what counts is how long each is open."""
    from qunce.core import db

    def look(ended: threading.Event) -> list[float]:
        spans: dict[str, float] = {}
        while not ended.is_set():
            spans.update({who: float(ms) for who, ms in db.rows(LONGEST)})
            time.sleep(0.002)
        return list(spans.values())

    yield look


def run(*words: str) -> None:
    """A command as the user gives it, without the start of Python."""
    from qunce.cli import main

    start = time.perf_counter()
    code = main.main([*words])
    print(file=sys.stderr)
    say({"code": code, "s": time.perf_counter() - start})


def web(port: str) -> None:
    """`qunce serve` with the made community's clock in the pages and in the beats."""
    from bench import following
    from qunce.cli import main, worker_loop
    from qunce.console import http

    http.now = following.clock  # type: ignore[assignment]
    worker_loop.now = following.clock  # type: ignore[assignment]
    worker_loop.start.__defaults__ = (following.clock,)
    sys.exit(main.main(["serve", "--community", "bench", "--port", port]))


COMMANDS: dict[str, Callable[..., None]] = {
    "first": first,
    "serve": serve,
    "tag": tag,
    "locks": locks,
    "run": run,
    "web": web,
}

if __name__ == "__main__":
    django.setup()
    from qunce.sets import audiences as audiences  # its modules are loaded, not timed

    COMMANDS[sys.argv[1]](*sys.argv[2:])
