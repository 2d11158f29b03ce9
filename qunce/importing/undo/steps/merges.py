"""Takes back merges of accounts, and the undo of merges. An entry is the id of a merge.

Negative ids are merges that the import undid, because their identifier was replaced.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext_lazy

from qunce.importing.jobs.jobs import ImportJob
from qunce.importing.undo.step_registry import Step, Undoing
from qunce.members.people import merges
from qunce.members.people.merges import Merge


class MergeStep(Step):
    kind = "merges"
    position = 80
    label = gettext_lazy("merges taken back")
    entries_per_transaction = 50

    def collect(self, job: ImportJob) -> Sequence[Any]:
        rows = Merge.objects.filter(community=job.community, job_id=job.pk)
        return list(rows.order_by("pk").values_list("pk", flat=True))

    def undo(self, undoing: Undoing, entries: Sequence[Any]) -> int:
        rows = Merge.objects.filter(pk__in=entries, undone_at__isnull=True)
        undone = 0
        for merge in rows.select_related("community").order_by("-pk"):
            # No veto: the accounts may be joined again by a file that is right.
            merges.unmerge(merge=merge, by=undoing.by, at=undoing.at, is_veto=False)
            undone += 1
        return undone


STEP = MergeStep
