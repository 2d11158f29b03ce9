from __future__ import annotations

from qunce.sales.orders import Order

__all__ = ["Order"]
