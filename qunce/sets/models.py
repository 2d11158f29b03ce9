from __future__ import annotations

from qunce.sets.aliases import Alias
from qunce.sets.derived import DaySet, KeptSet, Position

__all__ = ["Alias", "DaySet", "KeptSet", "Position"]
