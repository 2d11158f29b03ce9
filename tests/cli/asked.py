"""The command line, asked in this process or in one of its own."""

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

AT = "2026-03-05T12:00:00+00:00"


@dataclass(frozen=True)
class Answer:
    code: int
    said: str
    complained: str

    @property
    def json(self) -> Any:
        return json.loads(self.said)

    @property
    def error(self) -> Any:
        return json.loads(self.complained)


Ask = Callable[..., Answer]


def asking(capsys: pytest.CaptureFixture[str], *always: str) -> Ask:
    def ask(*words: str) -> Answer:
        capsys.readouterr()
        code = main.main([*words[:1], *always, *words[1:]])
        said = capsys.readouterr()
        return Answer(code, said.out, said.err)

    return ask


def environment(home: Path, **more: str) -> dict[str, str]:
    env = {**os.environ, "QUNCE_HOME": str(home), "LANG": "C.UTF-8", **more}
    for name in ("DJANGO_SETTINGS_MODULE", "LC_ALL", "QUNCE_LANG"):
        env.pop(name, None)
    return env


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "qunce.cli", *words]


def outside(home: Path, *words: str, **more: str) -> Answer:
    """In a process and a home of its own."""
    env = environment(home, **more)
    done = subprocess.run(
        command(*words), env=env, capture_output=True, text=True, check=False
    )
    return Answer(done.returncode, done.stdout, done.stderr)
