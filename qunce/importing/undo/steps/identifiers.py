"""Takes back identifiers of members that existed before the import.

An entry is `[change, account, kind, value]`: the import has "added" or "removed" the
identifier, or found it to be "shared" by too many accounts, which is no account's change.
What was removed also has the import that had added it, or null.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy

from qunce.importing.jobs import journal
from qunce.importing.jobs.jobs import ImportJob
from qunce.importing.jobs.journal import ImportChange
from qunce.importing.undo import undos
from qunce.importing.undo.step_registry import Step, Undoing
from qunce.members.accounts import suppression
from qunce.members.accounts.models import (
    Identifier,
    PastIdentifier,
    SharedIdentifier,
)
from qunce.members.people import identifier_merges, merges
from qunce.members.people.identifier_merges import Joins
from qunce.members.people.merges import Merge

ADDED, REMOVED, SHARED = "added", "removed", "shared"


class IdentifierStep(Step):
    kind = "identifiers"
    position = 85
    label = gettext_lazy("identifiers restored")

    def collect(self, job: ImportJob) -> Sequence[Any]:
        entries: list[Any] = []
        names = ("account_id", "kind", "value")
        for change, rows in (
            (ADDED, Identifier.objects.values_list(*names)),
            (REMOVED, PastIdentifier.objects.values_list(*names, "added_job_id")),
        ):
            own = rows.filter(job_id=job.pk, community_id=job.community_id)
            entries += [[change, *row] for row in own.order_by("pk")]
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
        lost: list[tuple[int, str, str]] = []
        undone = 0
        # Nothing comes back that belonged to somebody who was erased since.
        removed = {(entry[2], entry[3]) for entry in entries if entry[0] == REMOVED}
        suppressed = suppression.find(community, removed)
        for change, account, kind, value, *added_by in entries:
            given = {"kind": kind, "value": value}
            owners = Identifier.objects.filter(community_id=community.pk, **given)
            if change == SHARED:
                SharedIdentifier.objects.filter(community=community, **given).delete()
                touched.update(owners.values_list("account_id", flat=True))
            elif account in self._created:
                continue
            elif change == ADDED:
                owners.filter(account_id=account).delete()
                lost.append((account, kind, value))
            elif (kind, value) in suppressed:
                continue
            else:
                _restore(account, given, *added_by, undoing=undoing)
                touched.add(account)
            undone += 1
        for merge in _update_merges(undoing, touched, lost):
            if {merge.left_id, merge.right_id} & self._created:
                # They are about to be removed, and still have their identifiers.
                merges.unmerge(merge=merge, by=undoing.by, at=undoing.at, is_veto=False)
            else:
                _credit(merge, undoing)
        return undone


def _restore(
    account: int, given: Mapping[str, str], added_by: int | None, *, undoing: Undoing
) -> None:
    job = undoing.job
    past = PastIdentifier.objects.filter(account_id=account, **given)
    past.filter(job_id=job.pk).delete()
    # The import that had added it may be undone by now as well.
    if undos.ImportUndo.objects.filter(job_id=added_by).exists():
        return
    Identifier.objects.get_or_create(
        account_id=account,
        community_id=job.community_id,
        **given,
        defaults={"job_id": added_by},
    )


def _update_merges(
    undoing: Undoing, touched: set[int], lost: Sequence[tuple[int, str, str]]
) -> list[Merge]:
    """Merge and unmerge people by the identifiers that they have again, or no longer.

    Returns the new merges.
    """
    community = undoing.community
    by, at = undoing.by, undoing.at
    joins = Joins()
    accounts_by_value: dict[tuple[str, str], set[int]] = {}
    for account, *value in lost:
        accounts_by_value.setdefault((value[0], value[1]), set()).add(account)
    # Value by value, as an account that loses one may keep that of another.
    for kind_and_value, accounts in sorted(accounts_by_value.items()):
        joins = joins.extend(
            identifier_merges.unmerge(
                community=community,
                values=[kind_and_value],
                accounts=accounts,
                by=by,
                at=at,
            )
        )
    if touched:
        # What was parted because of the import belongs together again.
        joins = joins.extend(
            identifier_merges.merge(
                community=community, accounts=sorted(touched), by=by, at=at
            )
        )
    return joins.merged


def _credit(merge: Merge, undoing: Undoing) -> None:
    """Record which import had made a merge that is restored, so that its undo finds it."""
    by_import = Q(undone_job_id=undoing.job.pk)
    by_undo = Q(undone_job_id=None, undone_at=undoing.at)
    parted = Merge.objects.filter(
        by_import | by_undo,
        community=undoing.community,
        reason=merge.reason,
        value=merge.value,
        job_id__isnull=False,
    ).exclude(job_id=undoing.job.pk)
    for former in parted.order_by("pk")[:1]:
        Merge.objects.filter(pk=merge.pk).update(job_id=former.job_id)
        Merge.objects.filter(pk=former.pk).update(job_id=None)


STEP = IdentifierStep
