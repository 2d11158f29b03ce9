"""Timing: a figure is never one run; each row says how many, the middle and the worst."""

from __future__ import annotations

import cProfile
import io
import json
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
    """One figure. `ours` is judged against `goal`; `rivals` hold theirs by name.

    `others` are told beside them but are no part of the ratio.
    """

    key: str
    question: str
    unit: str
    ours: float
    n: int
    goal: float | None = None
    p50: float | None = None
    p95: float | None = None
    most: float | None = None
    rivals: dict[str, float] = field(default_factory=dict)
    others: dict[str, float] = field(default_factory=dict)
    ratio_goal: float | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """How many times faster than the better rival, by medians."""
        if not self.rivals:
            return None
        mine = self.p50 if self.p50 is not None else self.ours
        return min(self.rivals.values()) / mine if mine else None

    @property
    def met(self) -> bool | None:
        if self.goal is None:
            return None
        good = (
            self.ours >= self.goal
            if self.unit == PER_SECOND
            else self.ours <= self.goal
        )
        if self.ratio_goal is not None and self.ratio is not None:
            good = good and self.ratio >= self.ratio_goal
        return good


@dataclass(frozen=True)
class Times:
    """Milliseconds of each run, and what the last one answered."""

    each: list[float]
    answer: Any = None

    def percentile(self, p: float) -> float:
        return float(np.percentile(self.each, p)) if self.each else 0.0


def repeat(act: Callable[[], Result], count: int, *, warm: int = 0) -> Times:
    answer: Any = None
    for _ in range(warm):
        answer = act()
    each = []
    for _ in range(count):
        start = time.perf_counter()
        answer = act()
        each.append((time.perf_counter() - start) * 1000)
    return Times(each, answer)


def row(key: str, question: str, times: Times, **more: Any) -> Row:
    """A row in milliseconds whose figure is the 95th percentile."""
    p95 = times.percentile(95)
    return Row(
        key,
        question,
        MILLISECONDS,
        p95,
        len(times.each),
        p50=times.percentile(50),
        p95=p95,
        most=max(times.each, default=None),
        **more,
    )


def as_dict(one: Row) -> dict[str, Any]:
    return asdict(one) | {"ratio": one.ratio, "met": one.met}


def from_dict(kept: dict[str, Any]) -> Row:
    return Row(**{k: v for k, v in kept.items() if k not in ("ratio", "met", "at")})


@contextmanager
def profiled(path: Path | None) -> Iterator[None]:
    """Writes what took the time to `path`, the most first; does nothing without one."""
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
        path.write_text(told_by(pstats.Stats(profile, stream=io.StringIO())))


def told_by(stats: pstats.Stats) -> str:
    """The sixty that took the most, with all they called and by themselves."""
    stats.sort_stats("cumulative").print_stats(60)
    stats.sort_stats("tottime").print_stats(60)
    return str(stats.stream.getvalue())  # type: ignore[attr-defined]


def memory(pid: int | str = "self") -> dict[str, int]:
    """Bytes a process holds: now, at its most, and without mapped files."""
    found: dict[str, int] = {}
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        name, _, value = line.partition(":")
        if name in ("VmRSS", "VmHWM", "RssAnon"):
            found[name] = int(value.split()[0]) * 1024
    return found


def load(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text())) if path.exists() else {}
