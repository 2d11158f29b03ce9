"""Kills processes at random times and reports what is lost or doubled.

    python -m tests.faults [--times 30] [--seed N] [--here] [--only import,catch-up]

Runs on SQLite and on PostgreSQL, each with a data directory of its own, and prints a table. With
`--here` it runs only on the database of DATABASE_URL, in QUNCE_HOME. Without `--only` it
also damages files, fills the disk, and runs the tests of other faults.
"""

from __future__ import annotations

import argparse
import os
import random
import secrets
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests import postgres

BEHAVIOURS = (
    "tests/api/test_outages.py",
    "tests/channels/matrix/test_bad_servers.py",
    "tests/channels/webhooks",
    "tests/cli/test_request_buffer.py",
    "tests/cli/test_serving.py",
    "tests/core/test_clock_watch.py",
    "tests/core/test_job_queue.py",
    "tests/groups/entry/test_outages.py",
    "tests/groups/moderation/actions/test_outages.py",
    "tests/test_schedule.py",
)
"""Tests of locked databases, receivers that drip, half-sent requests, clocks and leases."""
SENDS_HEADINGS = "fault database times lost doubled unknown findings".split()
IMPORTS_SHARE = 3
"""Each target is killed on its own, so that each is killed less often."""


def main() -> int:
    args = _parse_arguments()
    if args.here:
        return _run_here(args)
    print(f"seed {args.seed}", flush=True)
    postgres.end_on_sigterm()
    postgres.install()
    start = time.monotonic()
    failures = 0 if args.only else _run_programs(args)
    with tempfile.TemporaryDirectory(prefix="qunce-faults-") as folder:
        Path(folder).chmod(0o755)
        os.environ["TMPDIR"] = tempfile.tempdir = folder
        _print_headings()
        with postgres.cluster() as server:
            failures += _run_both(folder, server.url, args)
    if not args.only:
        failures += _crash_imports(args)
        failures += _fault_sends(args)
    minutes = (time.monotonic() - start) / 60
    print("nothing lost, nothing doubled" if not failures else "FAILED", end=", ")
    print(f"{minutes:.0f} minutes")
    return 1 if failures else 0


def _run_programs(args: argparse.Namespace) -> int:
    """What needs no kill: damages, full disks, and the tests of BEHAVIOURS."""
    failures = 0
    for command in (
        ["tests.faults.damage"],
        ["tests.faults.disk_full"],
        ["pytest", "-q", "--no-header", "-n", "2", *BEHAVIOURS],
    ):
        print(" ".join(command[:1]), flush=True)
        done = subprocess.run([sys.executable, "-m", *command], check=False)
        failures += int(done.returncode != 0)
    return failures


def _run_both(folder: str, url: str, args: argparse.Namespace) -> int:
    """Kill on both databases at the same time, as each leaves a core idle."""
    runs = [
        _start_on(folder, name, address, args.seed)
        for name, address in (("sqlite", ""), ("postgresql", url))
    ]
    return sum(int(run.wait() != 0) for run in runs)


def _crash_imports(args: argparse.Namespace) -> int:
    """Kill every import target and its undo, and compare with undisturbed ones."""
    runs = []
    for database in ([], ["--postgres"]):
        command = [sys.executable, "-m", "tests.faults.import_crashes", *database]
        command += ["--times", str(max(args.times // IMPORTS_SHARE, 1))]
        command += ["--seed", str(args.seed)]
        runs.append(subprocess.Popen(command))
    return sum(int(run.wait() != 0) for run in runs)


def _fault_sends(args: argparse.Namespace) -> int:
    """Send to 20,000 members while workers, databases and channels fail."""
    print("{:<37} {:<11} {:>6} {:>6} {:>8} {:>8} {:>9}".format(*SENDS_HEADINGS))
    runs = []
    for database in ([], ["--postgres"]):
        command = [sys.executable, "-m", "tests.faults.sends", *database]
        command += ["--times", str(args.times), "--seed", str(args.seed)]
        runs.append(subprocess.Popen(command))
    return sum(int(run.wait() != 0) for run in runs)


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults")
    parser.add_argument("--times", type=int, default=30)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6))
    parser.add_argument("--only", default="")
    parser.add_argument("--here", action="store_true")
    return parser.parse_args()


def _print_headings() -> None:
    cells = "scenario", "database", "times", "killed", "lost", "doubled", "findings"
    print("{:<12} {:<11} {:>6} {:>7} {:>6} {:>8} {:>8}".format(*cells), flush=True)


def _start_on(folder: str, name: str, url: str, seed: int) -> subprocess.Popen[bytes]:
    env = os.environ | {"QUNCE_HOME": str(Path(folder) / name), "DATABASE_URL": url}
    command = [sys.executable, "-m", "tests.faults", *sys.argv[1:], "--here"]
    # The seed that was printed, if none was given.
    command += ["--seed", str(seed)]
    return subprocess.Popen(command, env=env)


def _run_here(args: argparse.Namespace) -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qunce.settings")
    # As the command line does it: the doctor looks at who can read the home.
    os.umask(0o077)
    import django

    django.setup()
    from tests.faults import crash_tests, scenarios

    world = crash_tests.prepare()
    rng = random.Random(args.seed)  # noqa: S311 - not a secret
    failures = 0
    for name in args.only.split(",") if args.only else scenarios.SCENARIOS:
        result = crash_tests.run(world, name, times=args.times, rng=rng)
        print(result.line(), flush=True)
        failures += not result.is_sound
    if failures:
        print(f"repeat with --seed {args.seed}", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
