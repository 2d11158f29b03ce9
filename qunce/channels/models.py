from __future__ import annotations

from qunce.channels.inbox import Incoming

__all__ = ["Incoming"]
