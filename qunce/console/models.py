from __future__ import annotations

from qunce.console.today.snoozes import Snooze

__all__ = ["Snooze"]
