"""A short run of `make faults`, which kills real processes.

Imports are killed on PostgreSQL by `make faults` alone; here the first test of
tests/importing/test_interrupted_imports.py stops them on both.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import home

SCENARIOS = ("import", "catch-up")
SCENARIOS_OF_FILES = ("merge",)
"""The files of the mirror are the same on both databases."""
TIMES = 1
pytestmark = pytest.mark.faults


def assert_nothing_lost(folder: Path, url: str, *scenarios: str) -> None:
    """Fail if the program reports that anything was lost or doubled."""
    command = [sys.executable, "-m", "tests.faults", "--here"]
    result = subprocess.run(
        [*command, "--times", str(TIMES), "--only", ",".join(scenarios)],
        env=os.environ | {"QUNCE_HOME": str(folder), "DATABASE_URL": url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert [line.split()[0] for line in result.stdout.splitlines()] == [*scenarios]


def test_killed_import_ends_like_an_undisturbed_one(tmp_path: Path) -> None:
    """Fail if a killed import or undo ends otherwise than one that nobody disturbed."""
    command = [sys.executable, "-m", "tests.faults.import_crashes"]
    command += ["--home", str(home.migrated(tmp_path))]
    command += ["--targets", "members", "--rows", "1000", "--times", "1"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    ends = [" ".join(line.split()[:-6]) for line in result.stdout.splitlines()]
    assert [end.rpartition(" ")[0] for end in ends] == ["members", "members undo"]


def test_killed_process_loses_and_doubles_nothing(tmp_path: Path) -> None:
    scenarios = (*SCENARIOS, *SCENARIOS_OF_FILES)
    assert_nothing_lost(home.migrated(tmp_path), "", *scenarios)


@pytest.mark.postgres_only
def test_killed_process_loses_and_doubles_nothing_on_postgresql(tmp_path: Path) -> None:
    assert_nothing_lost(tmp_path, home.clone("qunce_faults"), *SCENARIOS)


def test_damaged_derived_data_is_mended_and_a_full_disk_survived() -> None:
    command = [sys.executable, "-m", "tests.faults.disk_full", "--share"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout.splitlines()[-1] == "ok"
