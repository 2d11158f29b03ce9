"""A short run of `make faults` for messages: workers that are killed while they send."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests import home

pytestmark = pytest.mark.faults


def assert_each_arrives_once(*arguments: str) -> set[str]:
    """Fail if the program reports that a message was lost or doubled; returns the faults."""
    command = [sys.executable, "-m", "tests.faults.sends", "--share", "--seed", "7"]
    done = subprocess.run(
        [*command, *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    faults = {line.partition(",")[0] for line in done.stdout.splitlines()}
    assert {"killed", "between claim and call", "cancelled when due"} <= faults
    assert {"429 with retry-after", "5xx", "playbook stopped"} <= faults
    return faults


def test_killed_worker_neither_loses_nor_doubles_messages(tmp_path: Path) -> None:
    assert_each_arrives_once("--home", str(home.migrated(tmp_path)))


@pytest.mark.postgres_only
def test_killed_workers_on_postgresql(tmp_path: Path) -> None:
    url = home.clone("qunce_sends")
    faults = assert_each_arrives_once("--home", str(tmp_path), "--url", url)
    assert "4 workers killed" in faults
