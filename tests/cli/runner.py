"""Runs the command line, in this process or in one of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from qunce.cli import main


@dataclass(frozen=True)
class Result:
    code: int
    output: str
    errors: str

    @property
    def json(self) -> Any:
        return json.loads(self.output)

    @property
    def error(self) -> Any:
        return json.loads(self.errors)


Run = Callable[..., Result]


def in_this_process(capsys: pytest.CaptureFixture[str], *options: str) -> Run:
    """Return a function that runs commands with `options` before them."""

    def run(*words: str) -> Result:
        capsys.readouterr()
        code = main.main([*options, *words])
        printed = capsys.readouterr()
        return Result(code, printed.out, printed.err)

    return run


def environment(home: Path, **more: str) -> dict[str, str]:
    env = {**os.environ, "QUNCE_HOME": str(home), "LANG": "C.UTF-8", **more}
    for name in ("DJANGO_SETTINGS_MODULE", "LC_ALL", "QUNCE_LANG"):
        env.pop(name, None)
    return env


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "qunce.cli", *words]


SEVERAL = """
import contextlib, io, json, sys
from qunce.cli import main
results = []
for words in json.load(sys.stdin):
    output, errors = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
        code = main.main(words)
    results.append([code, output.getvalue(), errors.getvalue()])
print(json.dumps(results))
"""


def in_one_process(home: Path, *commands: list[str], **more: str) -> list[Result]:
    """Results of several commands that share the start of a process of their own."""
    done = subprocess.run(
        [sys.executable, "-c", SEVERAL],
        input=json.dumps(commands),
        env=environment(home, **more),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [Result(*each) for each in json.loads(done.stdout)]


def in_own_process(home: Path, *words: str, **more: str) -> Result:
    env = environment(home, **more)
    done = subprocess.run(
        command(*words), env=env, capture_output=True, text=True, check=False
    )
    return Result(done.returncode, done.stdout, done.stderr)
