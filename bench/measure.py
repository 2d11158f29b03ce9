"""Measurements and the rows of the report, with the number of runs and percentiles."""

from __future__ import annotations

import cProfile
import io
import json
import os
import pstats
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

Result = TypeVar("Result")
MILLISECONDS, PER_SECOND, SECONDS, BYTES = "ms", "/s", "s", "B"


@dataclass
class Row:
    """One measurement. `ours` is compared with `goal`; `rivals` has their times by name.

    `others` are further times, which the ratio ignores.
    """

    key: str
    question: str
    unit: str
    ours: float
    n: int
    goal: float | None = None
    p50: float | None = None
    p95: float | None = None
    maximum: float | None = None
    rivals: dict[str, float] = field(default_factory=dict)
    others: dict[str, float] = field(default_factory=dict)
    ratio_goal: float | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """How many times faster than the best rival, by medians."""
        if not self.rivals:
            return None
        if self.unit == PER_SECOND:
            return self.ours / max(self.rivals.values())
        median = self.p50 if self.p50 is not None else self.ours
        return min(self.rivals.values()) / median if median else None

    @property
    def is_met(self) -> bool | None:
        if self.goal is None:
            return None
        is_good = (
            self.ours >= self.goal
            if self.unit == PER_SECOND
            else self.ours <= self.goal
        )
        if self.ratio_goal is not None and self.ratio is not None:
            is_good = is_good and self.ratio >= self.ratio_goal
        return is_good


@dataclass(frozen=True)
class Times:
    """The milliseconds of each run, and the answer of the last one.

    `cpu` has those of the processor, which other programs on the machine hardly change.
    """

    each: list[float]
    answer: Any = None
    cpu: list[float] = field(default_factory=list)

    def percentile(self, p: float) -> float:
        return float(np.percentile(self.each, p)) if self.each else 0.0


def repeat(act: Callable[[], Result], count: int, *, warm: int = 0) -> Times:
    answer: Any = None
    for _ in range(warm):
        answer = act()
    each, cpu = [], []
    for _ in range(count):
        start, used = time.perf_counter(), time.process_time()
        answer = act()
        each.append((time.perf_counter() - start) * 1000)
        cpu.append((time.process_time() - used) * 1000)
    return Times(each, answer, cpu)


def describe_cpu(ours: Times, theirs: Times | None = None) -> str:
    """The median CPU time of our runs and of the rival's, for a machine that is busy."""
    text = f"CPU {np.median(ours.cpu):,.3g} ms"
    return text if theirs is None else f"{text}, DuckDB {np.median(theirs.cpu):,.3g} ms"


def row(key: str, question: str, times: Times, **more: Any) -> Row:
    """A row in milliseconds with the 95th percentile."""
    p95 = times.percentile(95)
    return Row(
        key,
        question,
        MILLISECONDS,
        p95,
        len(times.each),
        p50=times.percentile(50),
        p95=p95,
        maximum=max(times.each, default=None),
        **more,
    )


def to_dict(row: Row) -> dict[str, Any]:
    return asdict(row) | {"ratio": row.ratio, "met": row.is_met}


def from_dict(saved: dict[str, Any]) -> Row:
    return Row(**{k: v for k, v in saved.items() if k not in ("ratio", "met", "at")})


@contextmanager
def profiled(path: Path | None) -> Iterator[None]:
    """Write a profile to `path`; does nothing if it is None."""
    if path is None:
        yield
        return
    profile = cProfile.Profile()
    profile.enable()
    try:
        yield
    finally:
        profile.disable()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(format_stats(pstats.Stats(profile, stream=io.StringIO())))


def format_stats(stats: pstats.Stats) -> str:
    """The sixty slowest functions by cumulative and by own time."""
    stats.sort_stats("cumulative").print_stats(60)
    stats.sort_stats("tottime").print_stats(60)
    return str(stats.stream.getvalue())  # type: ignore[attr-defined]


def memory(pid: int | str = "self") -> dict[str, int]:
    """Memory of a process in bytes: now, at its peak, and without mapped files."""
    sizes: dict[str, int] = {}
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        name, _, value = line.partition(":")
        if name in ("VmRSS", "VmHWM", "RssAnon"):
            sizes[name] = int(value.split()[0]) * 1024
    return sizes


def cpu_seconds(pid: int) -> float:
    """The seconds of CPU that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def load_results(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text())) if path.exists() else {}
