"""Takes back identifiers of members that existed before the import.

An entry is `[change, account, kind, value]`: the import has "added" or "removed" the
identifier, or found it to be "shared" by too many accounts, which is no account's change.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext_lazy

from qunce.importing.jobs import journal
from qunce.importing.jobs.jobs import ImportJob
from qunce.importing.jobs.journal import ImportChange
from qunce.importing.undo.step_registry import Step, Undoing
from qunce.members.accounts import suppression
from qunce.members.accounts.models import (
    Identifier,
    PastIdentifier,
    SharedIdentifier,
)
from qunce.members.people import identifier_merges

ADDED, REMOVED, SHARED = "added", "removed", "shared"


class IdentifierStep(Step):
    kind = "identifiers"
    position = 85
    label = gettext_lazy("identifiers restored")

    def collect(self, job: ImportJob) -> Sequence[Any]:
        entries: list[Any] = []
        for change, rows in (
            (ADDED, Identifier.objects.filter(job_id=job.pk)),
            (REMOVED, PastIdentifier.objects.filter(job_id=job.pk)),
        ):
            own = rows.filter(community_id=job.community_id).order_by("pk")
            entries += [
                [change, *row] for row in own.values_list("account_id", "kind", "value")
            ]
        shared = SharedIdentifier.objects.filter(community=job.community, job_id=job.pk)
        entries += [[SHARED, 0, *row] for row in shared.values_list("kind", "value")]
        return entries

    def prepare(self, undoing: Undoing) -> None:
        changes = ImportChange.objects.filter(job=undoing.job, kind="accounts")
        # Members that the import created lose everything, or keep what it gave them.
        self._created = {pk for change in changes for pk in journal.load(change)}

    def account_of(self, entry: Any) -> int | None:
        return int(entry[1]) or None

    def undo(self, undoing: Undoing, entries: Sequence[Any]) -> int:
        community = undoing.community
        touched: set[int] = set()
        undone = 0
        # Nothing comes back that belonged to somebody who was erased since.
        removed = {(entry[2], entry[3]) for entry in entries if entry[0] == REMOVED}
        suppressed = suppression.find(community, removed)
        for change, account, kind, value in entries:
            given = {"kind": kind, "value": value}
            owners = Identifier.objects.filter(community_id=community.pk, **given)
            if change == SHARED:
                SharedIdentifier.objects.filter(community=community, **given).delete()
                touched.update(owners.values_list("account_id", flat=True))
            elif account in self._created:
                continue
            elif change == ADDED:
                owners.filter(account_id=account).delete()
            elif (kind, value) in suppressed:
                continue
            else:
                Identifier.objects.get_or_create(
                    account_id=account, community_id=community.pk, **given
                )
                past = PastIdentifier.objects.filter(account_id=account, **given)
                past.filter(job_id=undoing.job.pk).delete()
                touched.add(account)
            undone += 1
        if touched:
            # What was parted because of the import belongs together again.
            identifier_merges.merge(
                community=community,
                accounts=sorted(touched),
                by=undoing.by,
                at=undoing.at,
            )
        return undone


STEP = IdentifierStep
