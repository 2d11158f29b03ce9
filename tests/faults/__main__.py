"""Kills processes at random moments and looks what is lost or doubled.

    python -m tests.faults [--times 30] [--seed N] [--here] [--only import,catch-up]

Runs on SQLite and on PostgreSQL, each in a home of its own, and prints a table. With
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


def main() -> int:
    args = _arguments()
    if args.here:
        return _here(args)
    postgres.end_on_sigterm()
    postgres.install()
    with tempfile.TemporaryDirectory(prefix="qunce-faults-") as folder:
        Path(folder).chmod(0o755)
        os.environ["TMPDIR"] = tempfile.tempdir = folder
        _print_head()
        bad = _on(folder, "sqlite", "")
        with postgres.cluster() as server:
            bad += _on(folder, "postgresql", server.url)
    print("nothing lost, nothing doubled" if not bad else "FAILED")
    return 1 if bad else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults")
    parser.add_argument("--times", type=int, default=30)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6))
    parser.add_argument("--only", default="")
    parser.add_argument("--here", action="store_true")
    return parser.parse_args()


def _print_head() -> None:
    cells = "fault", "database", "times", "killed", "lost", "doubled", "found"
    print("{:<12} {:<11} {:>6} {:>7} {:>6} {:>8} {:>6}".format(*cells), flush=True)


def _on(folder: str, name: str, url: str) -> int:
    env = os.environ | {"QUNCE_HOME": str(Path(folder) / name), "DATABASE_URL": url}
    command = [sys.executable, "-m", "tests.faults", *sys.argv[1:], "--here"]
    return int(subprocess.run(command, env=env, check=False).returncode != 0)


def _here(args: argparse.Namespace) -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qunce.settings")
    import django

    django.setup()
    from tests.faults import acts, trials

    world = trials.prepare()
    luck = random.Random(args.seed)  # noqa: S311 - no secret
    bad = 0
    for name in args.only.split(",") if args.only else acts.ACTS:
        result = trials.run(world, name, times=args.times, luck=luck)
        print(result.line(), flush=True)
        bad += not result.sound
    if bad:
        print(f"again with --seed {args.seed}", file=sys.stderr)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
