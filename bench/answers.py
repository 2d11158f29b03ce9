"""How soon a real server answers members of a real Matrix room, by the homeserver's clock.

The scene of `make matrix` is played in full in a process of its own, on a database of its
own: ten newcomers, ten adverts, and a raid of 60 accounts in 20 seconds.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from bench.measure import SECONDS, Row
from bench.sessions import Session

GOAL = 2.0
QUESTIONS = {
    "joined → welcomed": "Somebody joins a Matrix room and is welcomed",
    "advert → deleted": "An advert in a Matrix room is deleted",
    "advert → author warned": "An advert in a Matrix room: its author is warned",
    "raid → door closed": "A raid on a Matrix room: the door is closed",
}
SCENE = "tests/matrix/test_live.py"


def answers(session: Session) -> None:
    for what, times in play().items():
        if what in QUESTIONS:
            session.record(make_row(what, times))


def play() -> dict[str, list[float]]:
    """The seconds that each answer took, by what was answered."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "times.json"
        own = {"QUNCE_MATRIX_FULL": "1", "QUNCE_MATRIX_TIMES": str(path)}
        # Not those of the benchmark: its database, home and settings.
        theirs = ("DATABASE_URL", "QUNCE_HOME", "DJANGO_SETTINGS_MODULE")
        env = {name: v for name, v in os.environ.items() if name not in theirs} | own
        command = [sys.executable, "-m", "pytest", "-q", SCENE]
        subprocess.run(command, env=env, check=True, stdout=subprocess.DEVNULL)
        found: dict[str, list[float]] = json.loads(path.read_text())
    return found


def make_row(what: str, times: list[float]) -> Row:
    median = float(np.median(times))
    return Row(
        f"answers-{list(QUESTIONS).index(what)}",
        QUESTIONS[what],
        SECONDS,
        max(times),
        len(times),
        goal=GOAL,
        p50=median,
        maximum=max(times),
        note=f"median {median:.2f} s, and {GOAL:g} s for the worst; real Synapse, SQLite",
    )
