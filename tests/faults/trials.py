"""One trial: begin the act, kill it at a random moment, start again, and look."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import connection

from qunce.core import communities
from qunce.core.communities import Community
from qunce.core.facts.facts import Fact
from qunce.sets.doctor import doctor
from tests.faults import acts
from tests.faults.acts import World
from tests.sets import logs

LONGEST = 600.0
"""Seconds for an act that is not killed."""


@dataclass
class Result:
    fault: str
    times: int = 0
    killed: int = 0
    lost: int = 0
    doubled: int = 0
    found: int = 0

    def line(self) -> str:
        cells = (self.times, self.killed, self.lost, self.doubled, self.found)
        numbers = "{:>6} {:>7} {:>6} {:>8} {:>6}".format(*cells)
        return f"{self.fault:<12} {connection.vendor:<11} {numbers}"

    @property
    def sound(self) -> bool:
        return not (self.lost or self.doubled or self.found)


def prepare() -> World:
    for alias in settings.DATABASES:
        call_command("migrate", database=alias, verbosity=0)
    logs.create_community(acts.KEY)
    return World(Path(settings.HOME) / "faults.ndjson")


def run(world: World, name: str, *, times: int, luck: random.Random) -> Result:
    act, result = acts.ACTS[name], Result(name)
    longest = 0.0
    for turn in range(times + 1):
        act.before(world)
        # The first is not killed and says how long the act takes.
        wait = luck.uniform(0, longest * 1.05) if turn else LONGEST
        took, killed = _kill(world, name, wait)
        longest = longest or took
        act.after(world)
        if turn:
            result.times += 1
            result.killed += killed
        _look(world, result)
    return result


def _kill(world: World, name: str, wait: float) -> tuple[float, bool]:
    """Runs the child for `wait` seconds; returns how long it ran, and if it was killed."""
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.acts", name, str(world.file)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    assert child.stdout and child.stderr
    if child.stdout.readline() != b"ready\n":
        raise AssertionError(child.stderr.read().decode())
    begun = time.monotonic()
    killed = _ends_too_late(child, wait)
    took = time.monotonic() - begun
    if killed:
        os.killpg(child.pid, signal.SIGKILL)
    _, errors = child.communicate()
    if not killed and child.returncode:
        raise AssertionError(errors.decode())
    return took, killed


def _ends_too_late(child: subprocess.Popen[bytes], wait: float) -> bool:
    try:
        child.wait(wait)
    except subprocess.TimeoutExpired:
        return True
    return False


def _look(world: World, result: Result) -> None:
    shop = communities.get(acts.KEY)
    for wanted, held in _compared(world, shop):
        result.lost += (wanted - held).total()
        result.doubled += (held - wanted).total()
    found = doctor.run_checks()
    result.found += len(found)
    for each in found:
        print(f"  {result.fault}: {each.text}", file=sys.stderr)


def _compared(world: World, shop: Community) -> list[tuple[Counter[object], ...]]:
    """What should be, and what is: keys in the log, ids in the mirror, the stacks."""
    keys = Fact.objects.filter(key__isnull=False).values_list("key", flat=True)
    return [
        (Counter(world.keys), Counter(keys)),
        (Counter(logs.fact_ids()), Counter(logs.mirrored_ids())),
        (Counter(logs.expected_counts(shop)), Counter(logs.stored_counts(shop))),
    ]
