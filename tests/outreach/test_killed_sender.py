"""Processes that are killed while they send (X1, design §4)."""

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
from tests.outreach import sender_process

pytestmark = pytest.mark.faults
KILLS = 3


class Sender:
    def __init__(self, folder: Path, *, idempotent: bool) -> None:
        self.file = folder / "delivered.txt"
        self.file.touch()
        self.env = os.environ | {"QUNCE_HOME": str(folder), "DATABASE_URL": ""}
        self.idempotent = "yes" if idempotent else "no"

    def start(self, step: str, turn: int = 0) -> subprocess.Popen[str]:
        args = [step, str(self.file), str(turn), self.idempotent]
        return subprocess.Popen(
            [sys.executable, "-m", "tests.outreach.sender_process", *args],
            env=self.env,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, step: str, turn: int = 0) -> str:
        process = self.start(step, turn)
        output, _ = process.communicate(timeout=300)
        assert process.returncode == 0, output
        return output

    def kill(self, turn: int, after: float) -> None:
        process = self.start("send", turn)
        assert process.stdout and process.stdout.readline() == "ready\n"
        time.sleep(after)
        process.send_signal(signal.SIGKILL)
        process.wait(60)
        process.stdout.close()

    def delivered_keys(self) -> list[str]:
        return [line.split()[0] for line in self.file.read_text().splitlines()]


@pytest.mark.parametrize("idempotent", [True, False])
def test_killed_sender_neither_loses_nor_doubles_messages(
    tmp_path: Path, *, idempotent: bool
) -> None:
    sender = Sender(home.migrated(tmp_path), idempotent=idempotent)
    dice = random.Random(7)  # noqa: S311
    sender.run("prepare")
    for turn in range(KILLS):
        sender.kill(turn, dice.uniform(0.05, 0.4))
    sender.run("send", KILLS)
    states, facts, people = (
        ast.literal_eval(line) for line in sender.run("report").split("\n")[:3]
    )
    deliveries = Counter(sender.delivered_keys())
    assert sum(states.values()) == sender_process.MEMBERS
    assert facts == people == states["delivered"]
    if idempotent:
        # To such a channel, two messages with the same key are one.
        assert len(deliveries) == sender_process.MEMBERS
        assert states == {"delivered": sender_process.MEMBERS}
    else:
        assert set(deliveries.values()) == {1}
        assert set(states) <= {"delivered", "unknown"}
        assert len(deliveries) + states.get("unknown", 0) >= sender_process.MEMBERS
