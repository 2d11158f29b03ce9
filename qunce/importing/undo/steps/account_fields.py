"""Takes back names, times and sources of members that existed before the import.

An entry is `[account, old, new]`; the states are `[name, joined_at, left_at, source_id]`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qunce.core import revisions, timestamps
from qunce.core.facts import facts
from qunce.importing.undo.step_registry import Step, Undoing
from qunce.members.accounts import models as account_models
from qunce.members.accounts.accounts import MemberChanged, MemberLeft, MemberRejoined
from qunce.members.accounts.models import Account
from qunce.sets import fact_withdrawals

FIELDS = ("name", "joined_at", "left_at", "source_id")


class AccountFieldStep(Step):
    kind = "fields"
    position = 70
    label = gettext_lazy("members restored")

    def account_of(self, entry: Any) -> int | None:
        return int(entry[0])

    def look_up(self, undoing: Undoing, entries: Sequence[Any]) -> None:
        self._facts = fact_withdrawals.find_recorded(
            undoing.community,
            (MemberLeft.kind, MemberRejoined.kind),
            [account for account, _old, _new in entries],
            undoing.job.started_at,
        )

    def undo(self, undoing: Undoing, entries: Sequence[Any]) -> int:
        accounts = Account.objects.in_bulk([account for account, _old, _new in entries])
        rev = revisions.bump(
            undoing.community.pk, account_models.PRESENCE_REVISION, [0]
        )[0]
        restored: set[int] = set()
        withdrawn: set[int] = set()
        # The newest first, as the same member may be in the file twice.
        for pk, old, new in reversed(entries):
            account = accounts.get(pk)
            changed = account and _restore(account, old, new, rev, undoing)
            if changed:
                restored.add(pk)
            if changed and "left_at" in changed:
                withdrawn |= self._facts.get((pk, None), set())
        # As if they had neither left nor come back.
        fact_withdrawals.withdraw(sorted(withdrawn))
        return len(restored)


def _restore(
    account: Account, old: list[Any], new: list[Any], rev: int, undoing: Undoing
) -> list[str]:
    """Set the fields back that the import changed; returns their names."""
    changed = []
    for name, before, after in zip(FIELDS, old, new, strict=True):
        if before == after:
            continue
        stored = getattr(account, name)
        if name.endswith("_at") and stored is not None:
            stored = timestamps.to_micros(stored)
        if stored != after:
            undoing.keep(
                account.key,
                _("“%(field)s” has been changed since.") % {"field": name},
            )
            continue
        is_time = name.endswith("_at") and before is not None
        setattr(account, name, timestamps.from_micros(before) if is_time else before)
        changed.append(name)
    if changed:
        account.present, account.rev = account.left_at is None, rev
        account.save(update_fields=[*changed, "present", "rev"])
    names = {"source" if name == "source_id" else name for name in changed}
    if plain := sorted(names - {"left_at"}):
        event = MemberChanged(account=account.pk, fields=plain)
        facts.record(event, community=undoing.community, by=undoing.by, at=undoing.at)
    return changed


STEP = AccountFieldStep
