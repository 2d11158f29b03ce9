"""What runs on the clock, one page."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from qunce import reactions
from qunce.core import rota
from qunce.core.rota import Duty
from qunce.sets import tail

MINUTE = timedelta(minutes=1)

DUTIES: dict[str, Duty] = {
    "react": Duty(reactions.CONSUMER.again),
}

beaten_at: datetime | None = None
"""When this process last did its duties; None where another process does them."""


def run(*, clock: Callable[[], datetime], ending: Callable[[], bool]) -> None:
    """One beat: count new facts, react to them, then do what is due."""
    global beaten_at
    tail.catch_up()
    if not ending():
        reactions.CONSUMER.catch_up(at=clock(), steps=50)
    if not ending():
        rota.plan(DUTIES, at=clock())
        rota.perform(DUTIES, clock=clock)
    beaten_at = clock()
