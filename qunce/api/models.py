from __future__ import annotations

from qunce.api.idempotency import StoredResponse

__all__ = ["StoredResponse"]
