"""Runs the tests that know dates on days when clocks and calendars turn.

    python -m tests.dates [arguments for pytest]

Each run begins at one moment in one time zone of the machine and goes on from there.
Debian's `faketime` shows that clock to every process. PostgreSQL is left out: no
statement of ours asks it for the time.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from tests import browser, debian, postgres

MOMENTS = {
    "2027-03-14T01:58": "clocks in Los Angeles go forward at two",
    "2027-11-07T01:58": "and back",
    "2028-02-29T12:00": "a day that the years around it do not have",
    "2027-12-31T23:58": "the year ends while the tests run",
    "2027-02-06T08:00": "Chinese New Year",
}
ZONES = ("Asia/Shanghai", "America/Los_Angeles")
PATHS = (
    "tests/api",
    "tests/cases",
    "tests/cli",
    "tests/console",
    "tests/core/test_community_days.py",
    "tests/demo",
    "tests/functional/test_sign_in.py",
    "tests/functional/test_walkthrough.py",
    "tests/importing",
    "tests/insight",
    "tests/sales",
    "tests/test_community_days.py",
    "tests/test_demo.py",
    "tests/test_demodata.py",
    "tests/test_schedule.py",
)
"""What reads the clock, through an entry point or itself, or computes with days."""
SLEEP = """
import select, time

def sleep(seconds):
    select.select((), (), (), seconds)

time.sleep = sleep
"""
"""faketime takes the absolute, monotonic deadline that Python's own sleep gives the
system for a time of day, which is then long past, and the system refuses it."""


class NoFaketimeError(Exception):
    """The program `faketime` was not found. Install the package of that name."""

    def __str__(self) -> str:
        return self.__doc__ or ""


def main() -> int:
    postgres.end_on_sigterm()
    install()
    browser.install()
    failed = [
        f"{moment} {zone}"
        for moment in MOMENTS
        for zone in ZONES
        if _passes_not(moment, zone)
    ]
    print("all dates passed" if not failed else f"failed: {', '.join(failed)}")
    return 1 if failed else 0


def install() -> None:
    """Install Debian's faketime when it is missing and this user may."""
    if shutil.which("faketime"):
        return
    if not debian.may_install():
        raise NoFaketimeError
    debian.install("faketime")


def _passes_not(moment: str, zone: str) -> bool:
    print(f"── {moment} in {zone}: {MOMENTS[moment]}", flush=True)
    command = [sys.executable, "-m", "pytest", *PATHS, *sys.argv[1:]]
    with faked(moment, zone) as env:
        return postgres.run(command, env) != 0


@contextmanager
def faked(moment: str, zone: str) -> Iterator[dict[str, str]]:
    """The environment of a process for which it is `moment` in `zone` now."""
    then = datetime.fromisoformat(moment).replace(tzinfo=ZoneInfo(zone))
    seconds = round((then - datetime.now(UTC)).total_seconds())
    with tempfile.TemporaryDirectory(prefix="qunce-dates-") as folder:
        (Path(folder) / "sitecustomize.py").write_text(SLEEP)
        paths = [folder, *filter(None, [os.environ.get("PYTHONPATH")])]
        yield os.environ | {
            "TZ": zone,
            # Not by the program itself: it shares a semaphore between all processes,
            # which one that is killed may keep.
            "LD_PRELOAD": _library(),
            "FAKETIME": f"{seconds:+}",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "PYTHONPATH": os.pathsep.join(paths),
        }


@functools.cache
def _library() -> str:
    """The library that `faketime` loads into threaded programs."""
    words = ["faketime", "-m", "2027-01-01", "printenv", "LD_PRELOAD"]
    return subprocess.run(
        words, check=True, capture_output=True, text=True
    ).stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
