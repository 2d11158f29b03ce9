from __future__ import annotations

from qunce.sets.bitmaps.aliases import Alias
from qunce.sets.derived_models import DayCount, PersistedSet, Position
from qunce.sets.mirror.lineage import Lineage

__all__ = ["Alias", "DayCount", "Lineage", "PersistedSet", "Position"]
