from __future__ import annotations

from qunce.console.groups.group_orders import GroupOrder
from qunce.console.today.dismissals import Dismissal
from qunce.console.today.snoozes import Snooze

__all__ = ["Dismissal", "GroupOrder", "Snooze"]
