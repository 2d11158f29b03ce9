"""What the speed claims run on.

    make bench SIZE=small DATABASE=sqlite
    make bench SIZE=full ONLY=state,why PROFILE=1

SIZE is tiny, small, wide (few facts) or full; DATABASE sqlite or postgresql. ONLY names questions to ask
again. A data set is kept under var/bench and used again while it fits the generator;
FRESH=1 makes it anew. PROFILE=1 writes profiles there, and keeps no figure. Tiny
writes no page.
"""

from __future__ import annotations

import os
import sys
import time
from typing import Any

import django

from bench import generate, homes, make, sizes

QUIET = 0.7
"""Load average from which on somebody else is at work."""


def main() -> int:
    asked = {**os.environ, **dict(word.split("=", 1) for word in sys.argv[1:])}
    size, database = asked.get("SIZE", "small"), asked.get("DATABASE", "sqlite")
    if size not in sizes.SIZES or database not in homes.DATABASES:
        print((__doc__ or "").strip(), file=sys.stderr)
        return 2
    where = homes.place(size, database)
    if asked.get("FRESH"):
        homes.empty(where.home)
    with homes.running(where):
        django.setup()
        ask(where, asked)
    return 0


def ask(where: homes.Place, asked: dict[str, str]) -> None:
    from bench import questions, report, run, truth

    world = generate.world(where.size.name)
    busy = os.getloadavg()[0]
    if busy > QUIET:
        print(f"    Others use this machine (load {busy:.1f}): figures will be poor.")
    about: dict[str, Any] = {"loaded": prepare(where, world), "busy": busy}
    here, by = truth.community()
    profiles = where.own / "profiles" if asked.get("PROFILE") else None
    it = run.Run(where, world, here, by, profiles)
    questions.ask(it, [name for name in asked.get("ONLY", "").split(",") if name])
    about |= {"machine": report.machine(where), "commit": report.commit()}
    if where.size.name != "tiny" and not profiles:
        report.write(where, about)


def prepare(where: homes.Place, world: generate.World) -> float:
    """Seconds that making and loading took, now or when it was done."""
    from bench import loading
    from qunce.cli import data_dir

    stamp = homes.stamp(where.size, where.database)
    taken = where.own / "loaded"
    if not homes.is_made(where.own, stamp):
        start = time.perf_counter()
        make.ensure(where, world)
        loading.load(where, world)
        taken.write_text(str(time.perf_counter() - start))
        homes.mark_made(where.own, stamp)
    data_dir.ready()
    return float(taken.read_text())


if __name__ == "__main__":
    sys.exit(main())
