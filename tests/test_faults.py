"""A short run of `make faults`, which kills real processes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import home, postgres

SCENARIOS = ("import", "catch-up", "merge")
TIMES = 1
pytestmark = pytest.mark.faults


def assert_nothing_lost(folder: Path, url: str) -> None:
    """Fail if the program reports that anything was lost or doubled."""
    command = [sys.executable, "-m", "tests.faults", "--here"]
    result = subprocess.run(
        [*command, "--times", str(TIMES), "--only", ",".join(SCENARIOS)],
        env=os.environ | {"QUNCE_HOME": str(folder), "DATABASE_URL": url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert [line.split()[0] for line in result.stdout.splitlines()] == [*SCENARIOS]


def test_killed_process_loses_and_doubles_nothing(tmp_path: Path) -> None:
    assert_nothing_lost(home.migrated(tmp_path), "")


@pytest.mark.postgres_only
def test_killed_process_loses_and_doubles_nothing_on_postgresql(tmp_path: Path) -> None:
    with postgres.cluster() as server:
        assert_nothing_lost(tmp_path, server.url)
