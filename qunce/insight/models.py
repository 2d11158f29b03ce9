from __future__ import annotations

from qunce.insight.funnels.models import Funnel

__all__ = ["Funnel"]
