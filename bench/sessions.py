"""The session that every question gets, its results, and child processes."""

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
from bench.measure import Row
from bench.workspaces import Workspace
from qunce.core.communities import Community
from qunce.core.staff.models import Staff


class WrongAnswer(Exception):
    """Two ways of answering a question gave different results, so no time is valid."""


@dataclass
class Session:
    workspace: Workspace
    world: World
    community: Community
    by: Staff
    profiles: Path | None = None
    rows: list[Row] = field(default_factory=list)

    def record(self, row: Row) -> None:
        """Print the row and save it immediately, in case a later question fails.

        Rows measured with a profiler are only printed, since it slows the code.
        """
        self.rows.append(row)
        print(report.format_line(row), flush=True)
        if self.profiles:
            return
        path = self.workspace.own_folder / "results.json"
        results = measure.load_results(path)
        results[row.key] = measure.to_dict(row) | {"at": datetime.now(UTC).isoformat()}
        path.write_text(json.dumps(results, indent=1))

    def profile(self, name: str) -> Path | None:
        return self.profiles / f"{name}.txt" if self.profiles else None


def check_equal(question: str, **answers: Any) -> None:
    if len(set(map(str, answers.values()))) > 1:
        raise WrongAnswer(f"{question}: {answers}")


def child_command(*args: str) -> list[str]:
    return [sys.executable, "-m", "bench.child", *args]


def run_child(*args: str) -> Any:
    """Run a child process; returns the last line that it prints, parsed from JSON."""
    done = subprocess.run(
        child_command(*args), stdout=subprocess.PIPE, text=True, check=True
    )
    return json.loads(done.stdout.strip().splitlines()[-1])


@dataclass
class Child:
    """A child process that runs until its input is closed."""

    process: subprocess.Popen[str]
    result: Any = None

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
def start_child(*args: str, reads_result: bool = False) -> Iterator[Child]:
    """With `reads_result`, `result` is what it prints after its input has ended."""
    process = subprocess.Popen(
        child_command(*args), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    child = Child(process)
    assert process.stdin
    try:
        yield child
        process.stdin.close()
        if reads_result:
            child.result = child.read()
    finally:
        process.stdin.close()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
