"""What every question is handed: the place, the people, and how to tell what it found."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from bench import measure, report
from bench.generate import World
from bench.homes import Place
from bench.measure import Row
from qunce.core.communities import Community
from qunce.core.staff.models import Staff


class WrongAnswer(Exception):
    """Two ways of asking the same gave different numbers; no figure is worth anything."""


@dataclass
class Run:
    where: Place
    world: World
    community: Community
    by: Staff
    profiles: Path | None = None
    rows: list[Row] = field(default_factory=list)

    def tell(self, row: Row) -> None:
        """Print the row and keep it, so that a run which breaks has not been in vain.

        A profiler slows what it looks at, so such figures are only printed.
        """
        self.rows.append(row)
        print(report.line(row), flush=True)
        if self.profiles:
            return
        path = self.where.own / "results.json"
        kept = measure.load(path)
        kept[row.key] = measure.as_dict(row) | {"at": datetime.now(UTC).isoformat()}
        path.write_text(json.dumps(kept, indent=1))

    def profile(self, name: str) -> Path | None:
        return self.profiles / f"{name}.txt" if self.profiles else None


def agree(what: str, **answers: Any) -> None:
    if len(set(map(str, answers.values()))) > 1:
        raise WrongAnswer(f"{what}: {answers}")


def child(*words: str) -> list[str]:
    return [sys.executable, "-m", "bench.child", *words]


def told(*words: str) -> Any:
    """The last line that a child prints."""
    done = subprocess.run(child(*words), stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.strip().splitlines()[-1])


@dataclass
class Beside:
    """A child that works beside us until its input is closed."""

    process: subprocess.Popen[str]
    told: Any = None

    def ask(self, **question: Any) -> Any:
        assert self.process.stdin
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        return self.read()

    def read(self) -> Any:
        output: IO[str] | None = self.process.stdout
        assert output
        line = output.readline()
        assert line, "the child has ended"
        return json.loads(line)


@contextmanager
def beside(*words: str, says_last: bool = False) -> Iterator[Beside]:
    """`says_last`: what it prints after its input has ended is in `told`."""
    process = subprocess.Popen(
        child(*words), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    it = Beside(process)
    assert process.stdin
    try:
        yield it
        process.stdin.close()
        if says_last:
            it.told = it.read()
    finally:
        process.stdin.close()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
