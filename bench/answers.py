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
    "joined → welcomed": ("welcomed", "Somebody joins a Matrix room and is welcomed"),
    "advert → deleted": ("deleted", "An advert in a Matrix room is deleted"),
    "advert → author warned": (
        "warned",
        "An advert in a Matrix room: its author is warned",
    ),
    "raid → door closed": (
        "closed",
        "A raid on a Matrix room: joining needs an invitation",
    ),
}
"""The names of rows and their questions, by what the scene calls its times."""
SCENE = "tests/matrix/test_live.py"
MAX_OUTPUT = 3_000


class SceneFailed(Exception):
    """The scene did not end as it should, so that its times mean nothing."""


def answers(session: Session) -> None:
    times = play()
    for what, (name, question) in QUESTIONS.items():
        session.record(make_row(name, question, times[what]))


def play() -> dict[str, list[float]]:
    """The seconds that each answer took, by what was answered."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "times.json"
        own = {"QUNCE_MATRIX_FULL": "1", "QUNCE_MATRIX_TIMES": str(path)}
        # Not those of the benchmark: its database, home and settings.
        theirs = ("DATABASE_URL", "QUNCE_HOME", "DJANGO_SETTINGS_MODULE")
        env = {name: v for name, v in os.environ.items() if name not in theirs} | own
        command = [sys.executable, "-m", "pytest", "-q", SCENE]
        played = subprocess.run(
            command, env=env, check=False, capture_output=True, text=True
        )
        # The times are written even where the scene fails.
        if played.returncode:
            raise SceneFailed(played.stdout[-MAX_OUTPUT:] + played.stderr[-MAX_OUTPUT:])
        found: dict[str, list[float]] = json.loads(path.read_text())
    return found


def make_row(name: str, question: str, times: list[float]) -> Row:
    worst = max(times)
    return Row(
        f"answers-{name}",
        question,
        SECONDS,
        worst,
        len(times),
        goal=GOAL,
        p50=float(np.median(times)),
        maximum=worst,
        note="the slowest; real Synapse, SQLite",
    )
