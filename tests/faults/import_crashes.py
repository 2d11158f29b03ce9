"""Kills imports and their undo at random times, and compares with undisturbed ones.

    python -m tests.faults.import_crashes [--targets facts,orders] [--rows 5000]
        [--times 10] [--seed N] [--postgres]

An import is started again until it ends. Then all rows, all facts and the counts of the
report must be those of an import that nobody disturbed.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tests import postgres
from tests.faults import import_dump, import_files

AT = "2026-06-01T12:00"
CHILD = (sys.executable, "-m", "tests.faults.import_child")
KEY = "faulty"
MAX_DIFFERENCES_SHOWN = 40


@dataclass
class Home:
    """A data directory with its database, and the environment of processes that use it."""

    folder: Path
    url: str = ""

    @property
    def env(self) -> dict[str, str]:
        return os.environ | {"QUNCE_HOME": str(self.folder), "DATABASE_URL": self.url}

    def copy(self, folder: Path, server: postgres.Cluster | None) -> Home:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.folder, folder)
        if server is None:
            return Home(folder)
        import psycopg

        name = f"copy_{folder.name.replace('-', '_')}"
        source = self.url.partition("?")[0].rpartition("/")[2]
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {source}")
        return Home(folder, server.url_of(name))

    def call(self, *arguments: str) -> str:
        done = subprocess.run(
            [*CHILD, *arguments],
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise AssertionError(
                f"{arguments}: {done.stdout[-2000:]}{done.stderr[-3000:]}"
            )
        return done.stdout

    def lines(self) -> Counter[str]:
        return import_dump.load(self.folder, self.url)

    def last_state(self) -> str:
        return import_dump.last_state(self.folder, self.url)

    def staged_files(self) -> list[str]:
        """What an import needs only while it runs."""
        folder = self.folder / "imports"
        return [p.name for p in folder.glob("*") if not p.name.endswith("-broken.csv")]


def start(home: Home, arguments: list[str]) -> subprocess.Popen[bytes]:
    """Start a command, and wait until its process is ready for it."""
    child = subprocess.Popen(
        [*CHILD, "run", *arguments],
        env=home.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    assert child.stdout and child.stderr
    child.stdout.readline()
    return child


def kill_until_done(
    home: Home, arguments: list[str], ended: str, longest: float, rng: random.Random
) -> int:
    """Run the command, killed up to three times; returns how often it was killed."""
    killed = 0
    for _attempt in range(3):
        child = start(home, arguments)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.communicate(timeout=rng.uniform(0.02, longest))
        if child.returncode is not None:
            return killed
        os.killpg(child.pid, signal.SIGKILL)
        child.communicate()
        killed += 1
        # Killed after its last transaction, it would begin again as another import. An
        # undo that was killed before its first one leaves the import done.
        if home.last_state() == ended:
            return killed
    if killed:
        home.call("run", *arguments)
    return killed


@dataclass
class Comparison:
    name: str
    times: int = 0
    killed: int = 0
    differences: list[str] = field(default_factory=list)

    def compare(self, expected: Counter[str], actual: Counter[str]) -> None:
        for sign, lines in (("-", expected - actual), ("+", actual - expected)):
            kinds = Counter(text[:24] for text in lines.elements())
            self.differences += [f"{sign}{n} {text}" for text, n in lines.items()]
            if lines:
                print("     ", self.name, self.times, sign, dict(kinds), flush=True)


def import_arguments(target: str, path: Path) -> list[str]:
    options = ["import", str(path), "--as", target, "--community", KEY, "--json"]
    return [*options, "--good-rows-only", "--at", AT]


UNDO = ["imports", "undo", "1", "--community", KEY, "--json", "--at", AT]


def timed(home: Home, arguments: list[str]) -> float:
    """Return the seconds that a run takes once its process is ready."""
    child = start(home, arguments)
    begun = time.monotonic()
    output, errors = child.communicate()
    if child.returncode:
        raise AssertionError(f"{arguments}: {output[-2000:]!r}{errors[-3000:]!r}")
    return time.monotonic() - begun


def check(
    base: Home,
    name: str,
    arguments: list[str],
    ended: str,
    server: postgres.Cluster | None,
    times: int,
    rng: random.Random,
) -> tuple[Comparison, Home]:
    """Compare runs that were killed with one that was not; both reach state `ended`."""
    folder = base.folder.parent
    result = Comparison(name)
    reference = base.copy(folder / f"reference-{name.replace(' ', '-')}", server)
    longest = timed(reference, arguments)
    expected = reference.lines()
    for _attempt in range(times):
        home = base.copy(folder / "killed", server)
        killed = kill_until_done(home, arguments, ended, longest, rng)
        result.times += 1
        result.killed += killed
        result.compare(expected, home.lines())
        if left := home.staged_files():
            result.differences.append(f"left behind: {left}")
    return result, reference


def check_target(
    base: Home,
    target: str,
    server: postgres.Cluster | None,
    *,
    rows: int,
    times: int,
    rng: random.Random,
) -> list[Comparison]:
    """Kill imports of a file of this target, and the undo of one."""
    path = base.folder.parent / f"{target}.csv"
    import_files.write(target, path, rows, seed=rng.randrange(10**6))
    arguments = import_arguments(target, path)
    result, imported = check(base, target, arguments, "done", server, times, rng)
    # Facts cannot be undone.
    if target == "facts":
        return [result]
    undone, _home = check(
        imported, f"{target} undo", UNDO, "undone", server, times, rng
    )
    return [result, undone]


def print_result(result: Comparison, database: str) -> None:
    print(
        f"{result.name:17} {database:11} times {result.times} killed {result.killed} "
        f"differences {len(result.differences)}",
        flush=True,
    )
    for text in result.differences[:MAX_DIFFERENCES_SHOWN]:
        print("   ", text[:400], flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.import_crashes")
    parser.add_argument("--targets", default=",".join(import_files.TARGETS))
    parser.add_argument("--rows", type=int, default=5_000)
    parser.add_argument("--times", type=int, default=10)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6))
    parser.add_argument("--postgres", action="store_true")
    parser.add_argument("--home", type=Path, help="a migrated home on SQLite")
    args = parser.parse_args()
    rng = random.Random(args.seed)  # noqa: S311 - not a secret
    failures = 0
    with contextlib.ExitStack() as stack:
        folder = Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="crashes-"))
        )
        folder.chmod(0o755)
        server = stack.enter_context(postgres.cluster()) if args.postgres else None
        base = Home(folder / "base", server.create("base") if server else "")
        if args.home:
            shutil.copytree(args.home, base.folder)
        else:
            base.folder.mkdir()
        base.call("create")
        for target in args.targets.split(","):
            results = check_target(
                base, target, server, rows=args.rows, times=args.times, rng=rng
            )
            for result in results:
                print_result(result, "postgresql" if server else "sqlite")
                failures += bool(result.differences)
    if failures:
        print(f"repeat with --seed {args.seed}", file=sys.stderr)
    return int(failures > 0)


if __name__ == "__main__":
    sys.exit(main())
