"""Takes back earlier stays in groups.

An entry is `[group, account, added, removed]`, of which one is null; a stay is
`[role, joined_at, left_at]`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext_lazy

from qunce.core import timestamps
from qunce.groups.groups import Stay
from qunce.importing.jobs import journal
from qunce.importing.jobs.journal import ImportChange
from qunce.importing.undo.step_registry import Step, Undoing
from qunce.importing.undo.steps import memberships


class StayStep(Step):
    kind = "stays"
    position = 35
    label = gettext_lazy("earlier stays taken back")

    def account_of(self, entry: Any) -> int | None:
        return int(entry[1])

    def prepare(self, undoing: Undoing) -> None:
        changes = ImportChange.objects.filter(job=undoing.job, kind=memberships.KEPT)
        self._kept = {tuple(pair) for each in changes for pair in journal.load(each)}

    def undo(self, undoing: Undoing, entries: Sequence[Any]) -> int:
        others = [entry for entry in entries if tuple(entry[:2]) not in self._kept]
        for group, account, added, removed in reversed(others):
            rows = Stay.objects.filter(group_id=group, account_id=account)
            if added:
                joined_at = timestamps.from_micros(added[1])
                rows.filter(joined_at=joined_at).delete()
            else:
                role, joined_at, left_at = removed
                rows.create(
                    group_id=group,
                    account_id=account,
                    role=role,
                    joined_at=timestamps.from_micros(joined_at),
                    left_at=timestamps.from_micros(left_at),
                )
        return len(others)


STEP = StayStep
