"""Takes back joins of accounts that shared an identifier. An entry is a merge's id."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext_lazy

from qunce.importing.undo.step_registry import Step, Undoing
from qunce.members.people import merges
from qunce.members.people.merges import Merge


class MergeStep(Step):
    kind = "merges"
    position = 80
    label = gettext_lazy("joins taken back")
    entries_per_transaction = 50

    def undo(self, undoing: Undoing, entries: Sequence[Any]) -> int:
        rows = Merge.objects.filter(pk__in=entries, undone_at__isnull=True)
        undone = 0
        for merge in rows.select_related("community").order_by("-pk"):
            merges.unmerge(merge=merge, by=undoing.by, at=undoing.at)
            undone += 1
        return undone


STEP = MergeStep
