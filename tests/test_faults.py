"""A lighter share of `make faults`: processes that really are killed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import postgres

ACTS = ("import", "catch-up", "merge")
TIMES = 2


def suffer(act: str, home: Path, url: str) -> str:
    """What the program prints; it ends with 1 where anything is lost or doubled."""
    command = [sys.executable, "-m", "tests.faults", "--here"]
    done = subprocess.run(
        [*command, "--times", str(TIMES), "--only", act],
        env=os.environ | {"QUNCE_HOME": str(home), "DATABASE_URL": url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("act", ACTS)
def test_a_killed_process_loses_and_doubles_nothing(act: str, tmp_path: Path) -> None:
    assert act in suffer(act, tmp_path, "")


@pytest.mark.postgres_only
@pytest.mark.parametrize("act", ACTS)
def test_neither_does_it_on_postgresql(act: str, tmp_path: Path) -> None:
    with postgres.cluster() as server:
        assert act in suffer(act, tmp_path, server.url)
