"""Runs functions in children of this process, which can be killed at any time.

A fork starts in milliseconds, as everything is imported already. The parent must have no
threads and no open connections: it only forks, and reads what its children return.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn


class ChildFailed(Exception):
    """A child ended with an error that nobody expected."""


@dataclass
class Child:
    pid: int
    output: int

    def kill(self) -> bool:
        """Kill the child; returns whether it had not ended before."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        os.close(self.output)
        status = os.waitpid(self.pid, 0)[1]
        return os.WIFSIGNALED(status)

    def join(self) -> int:
        """Wait for the end and return the status; 0 is success."""
        os.close(self.output)
        return os.waitpid(self.pid, 0)[1]

    def result(self) -> Any:
        with os.fdopen(self.output) as stream:
            text = stream.read()
        if os.waitpid(self.pid, 0)[1]:
            raise ChildFailed(text[-3_000:])
        return json.loads(text)


def start(function: Callable[..., Any], *args: Any, **named: Any) -> Child:
    sys.stdout.flush()
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        return Child(pid, reading)
    os.close(reading)
    _run(writing, function, *args, **named)


def _run(
    writing: int, function: Callable[..., Any], *args: Any, **named: Any
) -> NoReturn:
    code = 1
    try:
        with contextlib.suppress(BrokenPipeError), os.fdopen(writing, "w") as stream:
            try:
                stream.write(json.dumps(function(*args, **named)))
                code = 0
            except Exception:
                stream.write(traceback.format_exc())
    finally:
        # Without the clean-up of the parent, whose threads and files are not ours.
        os._exit(code)


def run(function: Callable[..., Any], *args: Any, **named: Any) -> Any:
    """The result of the function, which has to be JSON."""
    return start(function, *args, **named).result()
