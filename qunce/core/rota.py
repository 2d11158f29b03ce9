"""Who does what when: duties as rows of due work, so they survive any stop.

Each duty has one row, made due again when it is done. Of several processes one does it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from qunce.core import work

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Duty:
    """`does(at=…)`, or `does(key, at=…)` where each row's key names what is to be done.

    Without `every` it is done once for each time it is scheduled.
    """

    does: Callable[..., Any]
    every: timedelta | None = None


def plan(duties: Mapping[str, Duty], *, at: datetime) -> None:
    """Make the rows of recurring duties that are not there yet."""
    known = set(work.Work.objects.filter(key="").values_list("duty", flat=True))
    for name, duty in duties.items():
        if duty.every and name not in known:
            work.schedule(duty=name, due_at=at)


def perform(duties: Mapping[str, Duty], *, clock: Callable[[], datetime]) -> int:
    """Do what is due; returns how many were tried."""
    claimed = work.claim(at=clock())
    for row in claimed:
        duty = duties.get(row.duty)
        if duty is None:  # of another version of Qunce; it stays for that one
            work.fail(row, error="nobody has this duty", at=clock())
            continue
        _do(duty, row, clock)
    return len(claimed)


def _do(duty: Duty, row: work.Work, clock: Callable[[], datetime]) -> None:
    try:
        duty.does(*([row.key] if row.key else []), at=clock())
    except Exception as error:
        log.exception("duty %s failed", row)
        work.fail(row, error=f"{type(error).__name__}: {error}", at=clock())
        return
    work.finish(row, again_at=clock() + duty.every if duty.every else None)
