from __future__ import annotations

from qunce.sets.aliases import Alias
from qunce.sets.derived import DaySet, KeptSet, Position
from qunce.sets.lineages import Lineage

__all__ = ["Alias", "DaySet", "KeptSet", "Lineage", "Position"]
