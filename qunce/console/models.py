from __future__ import annotations

from qunce.console.groups.chosen_orders import ChosenOrder
from qunce.console.today.dismissals import Dismissal
from qunce.console.today.snoozes import Snooze

__all__ = ["ChosenOrder", "Dismissal", "Snooze"]
