"""What an import wrote: the orders, groups and members that its journal names.

It is known as long as the import can be undone. An import of too many is not listed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet, Sum

from qunce.importing.jobs import journal
from qunce.importing.jobs.jobs import ImportJob
from qunce.importing.jobs.journal import ImportChange
from qunce.importing.undo import step_registry
from qunce.members.tags.models import TagBatch, Tagging

MAX_LISTED = 20_000


def list_orders(job: ImportJob) -> list[tuple[str, int]]:
    """Return key and source of each order that was created or changed."""
    return list({(key, source) for key, source, *_states in _entries(job, "orders")})


def list_groups(job: ImportJob) -> list[int]:
    """Return the ids of the groups whose members changed, sorted."""
    return sorted({group for group, *_rest in _entries(job, "memberships")})


def list_accounts(job: ImportJob) -> set[int]:
    """Return the accounts that were created, changed or tagged."""
    found = set()
    for step in step_registry.list_all():
        found |= {step.account_of(entry) for entry in _entries(job, step.kind)}
    for rows in _taggings(job):
        found |= set(rows.values_list("account_id", flat=True))
    return {account for account in found if account}


def is_too_large(job: ImportJob) -> bool:
    """Return whether the import wrote more than is listed."""
    changes = ImportChange.objects.filter(job=job)
    count = changes.aggregate(sum=Sum("left"))["sum"] or 0
    # The journal has batches of tags in place of what they contain.
    count += sum(rows[: MAX_LISTED + 1].count() for rows in _taggings(job))
    return bool(count > MAX_LISTED)


def _taggings(job: ImportJob) -> Iterator[QuerySet[Tagging]]:
    batches = TagBatch.objects.filter(pk__in=_entries(job, "tag_batches"))
    for batch in batches.order_by("pk"):
        yield Tagging.objects.filter(tag_id__in=batch.tags, batch_id=batch.pk)


def _entries(job: ImportJob, kind: str) -> Iterator[Any]:
    changes = ImportChange.objects.filter(job=job, kind=kind).order_by("pk")
    for change in changes.iterator():
        yield from journal.load(change)
