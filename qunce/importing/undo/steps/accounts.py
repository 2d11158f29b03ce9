"""Takes back accounts that the import created, unless something else has touched them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pyarrow as pa
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import timestamps
from qunce.core.facts import facts, interned_names
from qunce.core.staff import models as staff_models
from qunce.importing.jobs import journal
from qunce.importing.jobs.journal import ImportChange
from qunce.importing.undo import undos
from qunce.importing.undo.step_registry import Step, Undoing
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import Account
from qunce.members.people import removal
from qunce.sets.mirror import deriver, mirror

REMOVED = "removed"
"""Kind of the changes that name accounts which are removed but not yet cleared."""
AUTOMATIC_KINDS = ("tag.", "layer.")
"""Facts of these that the system records follow from others and touch nobody."""
RULE_KINDS = ("points.earned", "points.reversed", "points.expiring", "points.expired")
"""Facts that do so if nobody is named as who did it."""


class AccountStep(Step):
    kind = "accounts"
    position = 100
    label = gettext_lazy("members removed")

    def prepare(self, undoing: Undoing) -> None:
        changes = ImportChange.objects.filter(job=undoing.job, kind=self.kind)
        created = [pk for change in changes for pk in journal.load(change)]
        self._touched = find_touched(undoing, created)

    def account_of(self, entry: Any) -> int | None:
        return int(entry)

    def undo(self, undoing: Undoing, entries: Sequence[Any]) -> int:
        accounts = Account.objects.filter(pk__in=entries)
        people = account_queries.accounts_by_person(entries)
        merged = {a for ids in people.values() if len(ids) > 1 for a in ids}
        removable = []
        for pk, key in accounts.order_by("pk").values_list("pk", "key"):
            if pk in self._touched or pk in merged:
                undoing.keep(key, _("This member has been used or changed since."))
            else:
                removable.append(pk)
        removal.remove(
            community=undoing.community,
            accounts=removable,
            by=undoing.by,
            at=undoing.at,
        )
        journal.record(undoing.job, REMOVED, removable)
        return len(removable)

    def finish(self, undoing: Undoing) -> None:
        changes = ImportChange.objects.filter(job=undoing.job, kind=REMOVED)
        removed = [pk for change in changes for pk in journal.load(change)]
        # All at a time, as each call reads the whole mirror.
        removal.clear(community=undoing.community, accounts=removed)
        changes.delete()


def find_touched(undoing: Undoing, accounts: Sequence[int]) -> set[int]:
    """Return the accounts about which anything was recorded besides import and undo.

    What other imports have recorded that were undone since does not count either.
    """
    if not accounts:
        return set()
    # Up to now: facts of the last minute are not in the mirror yet.
    deriver.catch_up()
    system = staff_models.system(undoing.community).pk
    automatic = [each for each in facts.declared() if each.startswith(AUTOMATIC_KINDS)]
    finished = undos.ImportUndo.objects.filter(
        job__community=undoing.community, finished_at__isnull=False
    )
    pairs = [
        (undoing.job.started_at, undoing.at),
        *finished.values_list("job__started_at", "started_at"),
    ]
    moments = {timestamps.to_micros(moment) for pair in pairs for moment in pair}
    found = mirror.query(
        "SELECT DISTINCT account FROM facts SEMI JOIN created USING (account)"  # noqa: S608
        " ANTI JOIN undone USING (recorded_at)"
        f" WHERE NOT (coalesce(actor, 0) = ? AND kind IN ({_ids_of(automatic)}))"
        f" AND NOT (actor IS NULL AND kind IN ({_ids_of(RULE_KINDS)}))",
        [system],
        created=pa.table({"account": pa.array(accounts, pa.int64())}),
        undone=pa.table({"recorded_at": pa.array(sorted(moments), pa.int64())}),
    )
    return set(found["account"].to_pylist())


def _ids_of(kinds: Iterable[str]) -> str:
    """Numbers of kinds of facts, separated by commas; 0 is none."""
    ids = [interned_names.find("kind", 0, kind) or 0 for kind in kinds]
    return ", ".join(map(str, ids or [0]))


STEP = AccountStep
