"""Crash tests: start a scenario, kill it at a random time, start again and check."""

from __future__ import annotations

import contextlib
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
from django.db import connection

from qunce.core import communities, data_dir
from qunce.core.facts.facts import Fact
from qunce.sets.doctor import doctor
from tests.faults import scenarios
from tests.faults.scenarios import World
from tests.sets import logs

TIMEOUT_SECONDS = 600.0
"""For a scenario that is not killed."""


@dataclass
class Result:
    scenario: str
    times: int = 0
    killed: int = 0
    lost: int = 0
    doubled: int = 0
    findings: int = 0

    def line(self) -> str:
        cells = (self.times, self.killed, self.lost, self.doubled, self.findings)
        numbers = "{:>6} {:>7} {:>6} {:>8} {:>8}".format(*cells)
        return f"{self.scenario:<12} {connection.vendor:<11} {numbers}"

    @property
    def is_sound(self) -> bool:
        return not (self.lost or self.doubled or self.findings)


def prepare() -> World:
    for alias in settings.DATABASES:
        data_dir.migrate(alias)
    logs.create_community(scenarios.KEY)
    return World(Path(settings.HOME) / "faults.ndjson")


def run(world: World, name: str, *, times: int, rng: random.Random) -> Result:
    scenario, result = scenarios.SCENARIOS[name], Result(name)
    longest = 0.0
    for attempt in range(times + 1):
        scenario.before(world)
        # The first one is not killed, which shows how long the scenario takes.
        wait = rng.uniform(0, longest * 1.05) if attempt else TIMEOUT_SECONDS
        took, killed = _kill(world, name, wait)
        longest = longest or took
        scenario.after(world)
        if attempt:
            result.times += 1
            result.killed += killed
        _check(world, result)
    return result


def _kill(world: World, name: str, wait: float) -> tuple[float, bool]:
    """Run the child for up to `wait` seconds; returns how long it ran and if it was killed."""
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.scenarios", name, str(world.file)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    assert child.stdout and child.stderr
    if child.stdout.readline() != b"ready\n":
        raise AssertionError(child.stderr.read().decode())
    start = time.monotonic()
    killed = False
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(wait)
    took = time.monotonic() - start
    if child.returncode is None:
        killed = True
        os.killpg(child.pid, signal.SIGKILL)
    _, errors = child.communicate()
    if not killed and child.returncode:
        raise AssertionError(errors.decode())
    return took, killed


def _check(world: World, result: Result) -> None:
    shop = communities.get(scenarios.KEY)
    keys = Fact.objects.filter(key__isnull=False).values_list("key", flat=True)
    comparisons: list[tuple[Counter[object], Counter[object]]] = [
        (Counter(world.keys), Counter(keys)),
        (Counter(logs.fact_ids()), Counter(logs.mirrored_ids())),
        (Counter(logs.expected_counts(shop)), Counter(logs.stored_counts(shop))),
    ]
    for expected, actual in comparisons:
        result.lost += (expected - actual).total()
        result.doubled += (actual - expected).total()
    findings = doctor.run_checks()
    result.findings += len(findings)
    for finding in findings:
        print(f"  {result.scenario}: {finding.text}", file=sys.stderr)
