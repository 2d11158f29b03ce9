"""What the doors leave behind: failed attempts and sessions that count no more."""

from __future__ import annotations

from datetime import datetime

from qunce.core.staff import login_attempts, sessions


def sweep(*, at: datetime) -> None:
    login_attempts.sweep(at=at)
    sessions.sweep(at=at)
