"""Takes back balances of points; what was spent of them is owed.

An entry is `[account, entry]`, the entry of the points that the import gave.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.activities.points import reversals
from qunce.importing.undo.step_registry import Step, Undoing
from qunce.members.accounts import queries as account_queries


class PointStep(Step):
    kind = "points"
    position = 21
    label = gettext_lazy("balances of points taken back")
    entries_per_transaction = 100

    def account_of(self, entry: Any) -> int | None:
        return int(entry[0])

    def undo(self, undoing: Undoing, entries: Sequence[Any]) -> int:
        reversed_ = reversals.reverse_awards(
            community=undoing.community,
            entries=[entry for _account, entry in entries],
            by=undoing.by,
            at=undoing.at,
        )
        owing = [entry.account_id for entry in reversed_ if entry.owed]
        for key in account_queries.keys_by_id(undoing.community, owing).values():
            undoing.keep(key, _("Points of it were spent; the member owes them now."))
        return len(reversed_)


STEP = PointStep
