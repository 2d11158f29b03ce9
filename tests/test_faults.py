"""A lighter share of `make faults`: processes that really are killed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import home, postgres

ACTS = ("import", "catch-up", "merge")
TIMES = 1
pytestmark = pytest.mark.faults


def check_survival(folder: Path, url: str) -> None:
    """Fail where the program says that anything was lost or doubled."""
    command = [sys.executable, "-m", "tests.faults", "--here"]
    done = subprocess.run(
        [*command, "--times", str(TIMES), "--only", ",".join(ACTS)],
        env=os.environ | {"QUNCE_HOME": str(folder), "DATABASE_URL": url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert [line.split()[0] for line in done.stdout.splitlines()] == [*ACTS]


def test_a_killed_process_loses_and_doubles_nothing(tmp_path: Path) -> None:
    check_survival(home.migrated(tmp_path), "")


@pytest.mark.postgres_only
def test_neither_does_it_on_postgresql(tmp_path: Path) -> None:
    with postgres.cluster() as server:
        check_survival(tmp_path, server.url)
