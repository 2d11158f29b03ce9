"""What each batch of an import changed, so that the import can be undone.

Writers call `record` in the transaction of the batch. Only what the undo cannot read
from the tables themselves is stored, such as which accounts were created and what a
membership was before.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import models, transaction

from qunce.core import timestamps
from qunce.importing.jobs.jobs import ImportJob

RETENTION = timedelta(days=30)
"""How long after its end an import can be undone."""
ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


class ImportChange(models.Model):
    """Changes of one kind by one batch, as a JSON list that its undo step reads.

    The first `left` of the entries are not undone yet. The row is deleted once there are
    none.
    """

    job = models.ForeignKey(ImportJob, models.CASCADE, related_name="changes")
    kind = models.CharField(max_length=20)
    entries = models.TextField()
    left = models.PositiveIntegerField()

    class Meta:
        db_table = "importing_change"

    def __str__(self) -> str:
        return f"{self.left} {self.kind}"


def record(job: ImportJob | int, kind: str, entries: Sequence[Any]) -> None:
    """Store what a batch changed; call it in the transaction of the batch.

    `job` is the import or its id.
    """
    record_encoded(job, kind, [ENCODER.encode(entry) for entry in entries])


def record_encoded(job: ImportJob | int, kind: str, entries: Sequence[str]) -> None:
    """Store changes that are JSON already, see `record`."""
    if entries:
        ImportChange.objects.create(
            job_id=job if isinstance(job, int) else job.pk,
            kind=kind,
            entries=f"[{','.join(entries)}]",
            left=len(entries),
        )


def list_created(job: ImportJob) -> frozenset[int]:
    """Return the accounts that the import has created up to now."""
    changes = ImportChange.objects.filter(job=job, kind="accounts").order_by("pk")
    return frozenset(pk for change in changes for pk in load(change))


def load(change: ImportChange) -> list[Any]:
    """Return the entries that are not undone yet."""
    entries: list[Any] = json.loads(change.entries)
    return entries[: change.left]


def blank(
    community_id: int,
    kind: str,
    account: int,
    *,
    index: int,
    blanked: Callable[[list[Any]], list[Any]],
) -> None:
    """Replace the entries that have this account at `index` by what is left of them."""
    own = ImportChange.objects.filter(job__community_id=community_id, kind=kind)
    # An id is followed by a comma wherever it stands; others of that form are looked at
    # in vain.
    for pk in own.filter(entries__contains=f"{account},").values_list("pk", flat=True):
        with transaction.atomic():
            # Locked, as an undo may be taking entries of it.
            for change in own.select_for_update(of=("self",)).filter(pk=pk):
                entries = [
                    blanked(entry) if entry[index] == account else entry
                    for entry in load(change)
                ]
                change.entries = ENCODER.encode(entries)
                change.save(update_fields=["entries"])


def prune(*, at: datetime) -> int:
    """Delete what is stored about imports that ended too long ago to be undone."""
    ended = timestamps.to_micros(at - RETENTION)
    old = ImportChange.objects.filter(
        job__finished_at__lt=ended,
        job__state__in=("done", "failed", "cancelled", "undone"),
    )
    return old.delete()[0]
