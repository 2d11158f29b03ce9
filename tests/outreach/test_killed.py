"""Real processes that are killed while they send (X1, design §4)."""

from __future__ import annotations

import ast
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from tests import home
from tests.outreach import killed

pytestmark = pytest.mark.faults
KILLS = 3


class Sender:
    def __init__(self, folder: Path, *, idempotent: bool) -> None:
        self.file = folder / "arrived.txt"
        self.file.touch()
        self.env = os.environ | {"QUNCE_HOME": str(folder), "DATABASE_URL": ""}
        self.idempotent = "yes" if idempotent else "no"

    def start(self, step: str, turn: int = 0) -> subprocess.Popen[str]:
        words = [step, str(self.file), str(turn), self.idempotent]
        return subprocess.Popen(
            [sys.executable, "-m", "tests.outreach.killed", *words],
            env=self.env,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, step: str, turn: int = 0) -> str:
        process = self.start(step, turn)
        said, _ = process.communicate(timeout=300)
        assert process.returncode == 0, said
        return said

    def kill(self, turn: int, after: float) -> None:
        process = self.start("push", turn)
        assert process.stdout and process.stdout.readline() == "ready\n"
        time.sleep(after)
        process.send_signal(signal.SIGKILL)
        process.wait(60)
        process.stdout.close()

    def arrived(self) -> list[str]:
        return [line.split()[0] for line in self.file.read_text().splitlines()]


@pytest.mark.parametrize("idempotent", [True, False])
def test_a_killed_sender_loses_and_doubles_nothing(
    tmp_path: Path, *, idempotent: bool
) -> None:
    sender = Sender(home.migrated(tmp_path), idempotent=idempotent)
    luck = random.Random(7)  # noqa: S311
    sender.run("prepare")
    for turn in range(KILLS):
        sender.kill(turn, luck.uniform(0.05, 0.4))
    sender.run("push", KILLS)
    states, facts, people = (
        ast.literal_eval(x) for x in sender.run("tell").split("\n")[:3]
    )
    arrived = Counter(sender.arrived())
    assert sum(states.values()) == killed.MEMBERS
    assert facts == people == states["delivered"]
    if idempotent:  # the same key twice is one message to such a channel
        assert len(arrived) == killed.MEMBERS
        assert states == {"delivered": killed.MEMBERS}
    else:
        assert set(arrived.values()) == {1}
        assert set(states) <= {"delivered", "unknown"}
        assert len(arrived) + states.get("unknown", 0) >= killed.MEMBERS
