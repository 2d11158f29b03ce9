"""Sends campaigns while something goes wrong, and reports what was lost or doubled.

    python -m tests.faults.sends [--postgres] [--times 30] [--members 20000] [--only killed]

The channel is a process of its own, with and without idempotent sends. On those that have
them each message must arrive exactly once; on others at most once, and the row of each
that did not arrive must say so or be unknown.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import secrets
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests import postgres

if TYPE_CHECKING:
    from tests.faults.sends.scenarios import Scenario
    from tests.faults.sends.worlds import World

SHARE = {"times": 3, "members": 120}


def main() -> int:
    args = _parse_arguments()
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="qunce-sends-"))
        Path(folder).chmod(0o755)
        server, url = None, args.url
        if args.postgres:
            postgres.end_on_sigterm()
            server = stack.enter_context(postgres.cluster())
            url = server.url
        os.environ |= {"QUNCE_HOME": args.home or folder, "DATABASE_URL": url}
        os.environ["DJANGO_SETTINGS_MODULE"] = "qunce.settings"
        os.umask(0o077)
        import django

        django.setup()
        from tests.faults.sends import forks, scenarios, sender, worlds

        forks.run(sender.migrate)
        known, share = dict(scenarios.SCENARIOS), [*scenarios.SHARE]
        if url:
            known |= scenarios.ON_POSTGRESQL
            share += scenarios.SHARE_ON_POSTGRESQL
        known |= scenarios.WITH_SERVER if server else {}
        rng = random.Random(args.seed)  # noqa: S311 - not a secret
        world = worlds.World(Path(folder), server, args.members, args.times, rng)
        names = args.only.split(",") if args.only else list(known)
        if args.share:
            names = share
        failures = sum(_run(world, known[name]) for name in names)
    if failures:
        print(f"repeat with --seed {args.seed}", file=sys.stderr)
    return 1 if failures else 0


def _run(world: World, scenario: Scenario) -> int:
    """Run a scenario and print a line for each of its results."""
    start, failures = time.monotonic(), 0
    for result in scenario(world):
        seconds = time.monotonic() - start
        print(f"{result.line()} {seconds:>5.0f} s", flush=True)
        for finding in result.findings:
            print(f"    {finding}", flush=True)
        failures += not result.is_sound
    return failures


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.sends")
    parser.add_argument("--postgres", action="store_true")
    parser.add_argument("--times", type=int, default=30)
    parser.add_argument("--members", type=int, default=20_000)
    parser.add_argument("--only", default="")
    parser.add_argument("--home", default="", help="migrated, instead of a new one")
    parser.add_argument("--url", default="", help="of a migrated database")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6))
    parser.add_argument("--share", action="store_true", help="little, for make test")
    args = parser.parse_args()
    if args.share:
        args.times, args.members = SHARE["times"], SHARE["members"]
    return args


if __name__ == "__main__":
    sys.exit(main())
