"""What the doors leave behind: failed attempts and sessions that count no more."""

from __future__ import annotations

from datetime import datetime

from qunce.core import attempts, sessions


def sweep(*, at: datetime) -> None:
    attempts.sweep(at=at)
    sessions.sweep(at=at)
