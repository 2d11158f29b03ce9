"""Lists where the time of tests goes: `make test-times`, or `pytest -p tests.times`.

CPU seconds are those of the test process and of all that it starts, such as servers and
browsers, but not of PostgreSQL. The rest of the time is spent waiting, which only means
something on an idle machine. Linux only.
"""

from __future__ import annotations

import collections
import os
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

TICKS = os.sysconf("SC_CLK_TCK")
FILES, TESTS, FIXTURES = 25, 40, 12
"""How many lines of each are shown."""
started = [0.0]
fixtures: list[tuple[str, float]] = []
inner: list[float] = []
rows: list[tuple[str, float, float]] = []
fixture_rows: list[tuple[str, float]] = []


def cpu_seconds() -> float:
    ended = os.times()
    children = ended.children_user + ended.children_system
    return time.process_time() + children + _of_running(os.getpid())


def _of_running(pid: int) -> float:
    """Return the CPU seconds of living descendants, with those of their ended ones."""
    total = 0.0
    for child in _children(pid):
        try:
            stat = Path(f"/proc/{child}/stat").read_text()
        except OSError:  # it ended meanwhile
            continue
        total += sum(map(int, stat.rpartition(")")[2].split()[11:15])) / TICKS
        total += _of_running(child)
    return total


def _children(pid: int) -> Iterator[int]:
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            yield from map(int, task.read_text().split())
        except OSError:
            continue


def pytest_collection_finish() -> None:
    started[0] = cpu_seconds()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_fixture_setup(
    fixturedef: pytest.FixtureDef[Any],
) -> Generator[None, Any, Any]:
    before = cpu_seconds()
    inner.append(0.0)
    try:
        return (yield)
    finally:
        spent, of_others = cpu_seconds() - before, inner.pop()
        if inner:
            inner[-1] += spent
        name = f"{fixturedef.baseid}::{fixturedef.argname} ({fixturedef.scope})"
        fixtures.append((name, spent - of_others))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    report = yield
    spent = cpu_seconds() - started[0]
    report.user_properties.append(
        ("times", (report.when, spent, call.duration, fixtures.copy()))
    )
    fixtures.clear()
    started[0] = cpu_seconds()
    return report


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    for name, value in report.user_properties:
        # Each phase's report has what the phases before it have noted, too.
        if (
            name == "times"
            and isinstance(value, list | tuple)
            and value[0] == report.when
        ):
            rows.append((report.nodeid, value[1], value[2]))
            fixture_rows.extend((each[0], each[1]) for each in value[3])


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if "PYTEST_XDIST_WORKER" in os.environ:
        return
    for title, key, shown in (
        ("folder", folder_of, None),
        ("file", file_of, FILES),
        ("test", str, TESTS),
    ):
        terminalreporter.section(f"seconds by {title}")
        for line in summed(key)[:shown]:
            terminalreporter.write_line(line)
    terminalreporter.section("CPU seconds by fixture, without those it needs")
    totals: dict[str, float] = collections.defaultdict(float)
    for name, spent in fixture_rows:
        totals[name] += spent
    for name in sorted(totals, key=lambda each: -totals[each])[:FIXTURES]:
        terminalreporter.write_line(f"{totals[name]:8.1f}  {name}")


def file_of(test: str) -> str:
    return test.partition("::")[0]


def folder_of(test: str) -> str:
    return "/".join(file_of(test).split("/")[:2])


def summed(key: Callable[[str], str]) -> list[str]:
    """Return lines with CPU seconds, seconds that were waited, tests and name."""
    cpu: dict[str, float] = collections.defaultdict(float)
    waited: dict[str, float] = collections.defaultdict(float)
    tests: dict[str, set[str]] = collections.defaultdict(set)
    for test, spent, seconds in rows:
        cpu[key(test)] += spent
        waited[key(test)] += max(seconds - spent, 0)
        tests[key(test)].add(test)
    lines = [f"{'CPU':>8} {'waiting':>8} {'tests':>6}"]
    for name in sorted(cpu, key=lambda each: -cpu[each]):
        lines.append(
            f"{cpu[name]:8.1f} {waited[name]:8.1f} {len(tests[name]):6}  {name}"
        )
    return lines
