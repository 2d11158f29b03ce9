"""Kills processes at random times and reports what is lost or doubled.

    python -m tests.faults [--times 30] [--seed N] [--here] [--only import,catch-up]

Runs on SQLite and on PostgreSQL, each with a data directory of its own, and prints a table. With
`--here` it runs only on the database of DATABASE_URL, in QUNCE_HOME.
"""

from __future__ import annotations

import argparse
import os
import random
import secrets
import subprocess
import sys
import tempfile
from pathlib import Path

from tests import postgres

IMPORTS_SHARE = 3
"""Each target is killed on its own, so that each is killed less often."""


def main() -> int:
    args = _parse_arguments()
    if args.here:
        return _run_here(args)
    print(f"seed {args.seed}", flush=True)
    postgres.end_on_sigterm()
    postgres.install()
    with tempfile.TemporaryDirectory(prefix="qunce-faults-") as folder:
        Path(folder).chmod(0o755)
        os.environ["TMPDIR"] = tempfile.tempdir = folder
        _print_headings()
        failures = _run_on(folder, "sqlite", "", args.seed)
        with postgres.cluster() as server:
            failures += _run_on(folder, "postgresql", server.url, args.seed)
    if not args.only:
        failures += _crash_imports(args)
    print("nothing lost, nothing doubled" if not failures else "FAILED")
    return 1 if failures else 0


def _crash_imports(args: argparse.Namespace) -> int:
    """Kill every import target and its undo, and compare with undisturbed ones."""
    failures = 0
    for database in ([], ["--postgres"]):
        command = [sys.executable, "-m", "tests.faults.import_crashes", *database]
        command += ["--times", str(max(args.times // IMPORTS_SHARE, 1))]
        command += ["--seed", str(args.seed)]
        failures += int(subprocess.run(command, check=False).returncode != 0)
    return failures


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


def _run_on(folder: str, name: str, url: str, seed: int) -> int:
    env = os.environ | {"QUNCE_HOME": str(Path(folder) / name), "DATABASE_URL": url}
    command = [sys.executable, "-m", "tests.faults", *sys.argv[1:], "--here"]
    # The seed that was printed, if none was given.
    command += ["--seed", str(seed)]
    return int(subprocess.run(command, env=env, check=False).returncode != 0)


def _run_here(args: argparse.Namespace) -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qunce.settings")
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
