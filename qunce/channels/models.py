from __future__ import annotations

from qunce.channels.inbox import IncomingEvent

__all__ = ["IncomingEvent"]
