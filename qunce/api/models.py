from __future__ import annotations

from qunce.api.idempotency import KeptAnswer

__all__ = ["KeptAnswer"]
