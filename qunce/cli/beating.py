"""The heart of a serving process: a thread that sees to all that goes on by itself."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime

from django.db import close_old_connections, connections

from qunce import duties, reactions
from qunce.core.reacting import LATER
from qunce.core.rota import Duty

PAUSE = 0.5
"""Seconds between two beats: a fact is counted within a second."""
STEPS = 50
"""Batches of facts that are reacted to in one beat; the rest in the next."""
LAST_BEAT = 20
"""Seconds that a beat gets to end; what it leaves undone, the next start does."""
AGAIN = {LATER: Duty(reactions.CONSUMER.again)}

log = logging.getLogger(__name__)


def once(*, clock: Callable[[], datetime], ending: Callable[[], bool]) -> None:
    """Count new facts, do what follows from them, then what is due."""
    for step in (
        lambda: duties.catch_up(at=clock(), ending=ending),
        lambda: reactions.CONSUMER.catch_up(at=clock(), steps=STEPS),
        lambda: duties.perform(clock=clock, also=AGAIN),
    ):
        if not ending():
            step()


class Beat(threading.Thread):
    """Beats until told to stop; an error is logged and the next beat comes."""

    def __init__(self, *, pause: float = PAUSE) -> None:
        super().__init__(name="beat", daemon=True)
        self.pause = pause
        self.ending = threading.Event()

    def run(self) -> None:
        while not self.ending.wait(self.pause):
            try:
                once(clock=_now, ending=self.ending.is_set)
            except Exception:
                log.exception("A beat failed")
            close_old_connections()
        connections.close_all()

    def stop(self) -> None:
        self.ending.set()
        self.join(LAST_BEAT)


def _now() -> datetime:
    return datetime.now(UTC)
