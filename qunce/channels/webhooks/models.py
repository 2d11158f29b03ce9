from __future__ import annotations

from qunce.channels.webhooks.deliveries import Delivery
from qunce.channels.webhooks.endpoints import Endpoint

__all__ = ["Delivery", "Endpoint"]
