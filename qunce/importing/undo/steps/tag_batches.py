"""Takes back tags by undoing their batches. An entry is the id of a batch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy

from qunce.importing.undo.step_registry import Step, Undoing
from qunce.members.accounts import queries as account_queries
from qunce.members.tags import assignments
from qunce.members.tags.models import TagBatch


class TagBatchStep(Step):
    kind = "tag_batches"
    position = 40
    label = gettext_lazy("tags taken back")
    entries_per_transaction = 1
    accounts_per_part: ClassVar[int] = 250
    """Batches of more members are taken back in several transactions."""

    def parts(self, undoing: Undoing, entries: Sequence[Any]) -> Iterator[Any]:
        batches = TagBatch.objects.filter(pk__in=entries, undone_at__isnull=True)
        for batch in batches:
            added = assignments.list_added(batch)
            if len(added) > self.accounts_per_part:
                for accounts in account_queries.chunks(added, self.accounts_per_part):
                    yield batch, accounts

    def undo_part(self, undoing: Undoing, part: Any) -> int:
        batch, accounts = part
        return assignments.revert_added(
            batch=batch, accounts=accounts, by=undoing.by, at=undoing.at
        )

    def undo(self, undoing: Undoing, entries: Sequence[Any]) -> int:
        batches = TagBatch.objects.filter(pk__in=entries, undone_at__isnull=True)
        # Without the check of `assignments.undo`: who may import may undo the import.
        return sum(
            assignments.revert(batch=batch, by=undoing.by, at=undoing.at)
            for batch in batches.order_by("-pk")
        )


STEP = TagBatchStep
