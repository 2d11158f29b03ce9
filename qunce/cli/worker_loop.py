"""The heart of a serving process: threads that see to all that goes on by itself."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

from django.db import close_old_connections, connections

from qunce import reactions, schedule
from qunce.core.facts.consumers import LATER
from qunce.core.jobs import scheduler
from qunce.core.jobs.scheduler import Job

PAUSE = 0.5
"""Seconds between two beats: a fact is counted within a second."""
STEPS = 50
"""Batches of facts that are reacted to in one beat; the rest in the next."""
LAST_BEAT = 6
"""Seconds that all beats get to end, fewer than gunicorn waits; what they leave undone,
the next start does."""
HANDS = 2
"""Threads that do what is due: a long import holds up nothing else."""
AGAIN = {LATER: Job(reactions.again)}

log = logging.getLogger(__name__)


Clock = Callable[[], datetime]
Ending = Callable[[], bool]


def follow(*, clock: Clock, ending: Ending) -> None:
    """Do what follows from new facts."""
    for step in (
        lambda: schedule.follow(at=clock(), ending=ending),
        lambda: reactions.CONSUMER.catch_up(at=clock(), steps=STEPS),
        lambda: reactions.WEBHOOKS.catch_up(at=clock(), steps=STEPS),
    ):
        if not ending():
            step()


def perform(*, clock: Clock, ending: Ending) -> None:
    """Do what is due."""
    schedule.perform(clock=clock, ending=ending, also=AGAIN)


def once(*, clock: Clock, ending: Ending) -> None:
    """One beat of all: count new facts, do what follows and what is due."""
    schedule.derive()
    follow(clock=clock, ending=ending)
    perform(clock=clock, ending=ending)


class Beat(threading.Thread):
    """Repeats a step until told to stop; an error is logged and the next beat comes."""

    def __init__(self, name: str, step: Callable[[Ending], None]) -> None:
        super().__init__(name=name, daemon=True)
        self.step = step
        self.ending = threading.Event()

    def run(self) -> None:
        while not self.ending.wait(PAUSE):
            try:
                self.step(self.ending.is_set)
            except Exception:
                log.exception("A beat failed")
            close_old_connections()
        connections.close_all()


def now() -> datetime:
    return datetime.now(UTC)


def begin(clock: Clock = now) -> list[Beat]:
    """Counting has a thread of its own: nothing that follows may hold it up."""
    beats = [
        Beat("derive", lambda ending: schedule.derive()),
        Beat("follow", lambda ending: follow(clock=clock, ending=ending)),
        Beat("renew", lambda ending: scheduler.renew(at=clock())),
    ]
    beats += [
        Beat(f"work-{hand}", lambda ending: perform(clock=clock, ending=ending))
        for hand in range(HANDS)
    ]
    for beat in beats:
        beat.start()
    return beats


def end(beats: list[Beat]) -> None:
    for beat in beats:
        beat.ending.set()
    last = time.monotonic() + LAST_BEAT
    for beat in beats:
        beat.join(max(0, last - time.monotonic()))
    scheduler.release()
