"""Removal of members that an import created by mistake.

Like an erasure, but the members may come again: nothing about them is suppressed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy

from qunce.core import db, revisions, timestamps
from qunce.core.communities import Community
from qunce.core.facts import facts
from qunce.core.staff.models import Staff
from qunce.members.accounts import erasure
from qunce.members.accounts import models as account_models
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import Identifier
from qunce.members.people import people
from qunce.sets.mirror import mirror_erasure

REMOVE_ACCOUNTS = """
UPDATE members_account SET "key" = 'erased-' || CAST(id AS TEXT), name = '',
    source_id = NULL, present = FALSE, left_at = coalesce(left_at, %s), erased_at = %s,
    rev = %s
WHERE id IN ({accounts})
"""


@facts.declare
@dataclass(frozen=True, kw_only=True)
class MemberRemoved(facts.FactKind):
    """Carries no data; other applications react by clearing what they hold."""

    kind = "member.removed"
    label = gettext_lazy("removed by the undo of an import")


@transaction.atomic
def remove(
    *, community: Community, accounts: Sequence[int], by: Staff, at: datetime
) -> None:
    """Remove these accounts from every set and free their keys and identifiers.

    Call `clear` afterwards; until then their facts are in the log. The caller checks the
    permission, and that the accounts belong to nobody else.
    """
    if not accounts:
        return
    rev = revisions.bump(community.pk, account_models.PRESENCE_REVISION, [0])[0]
    revisions.bump(community.pk, people.ERASURE_REVISION, [0])
    micros = timestamps.to_micros(at)
    for chunk in account_queries.chunks(accounts):
        sql = REMOVE_ACCOUNTS.format(accounts=db.placeholders(len(chunk)))
        db.execute(sql, [micros, micros, rev, *chunk])
        Identifier.objects.filter(account_id__in=chunk).delete()
    facts.record_for_accounts(
        MemberRemoved(), accounts, community=community, by=by, at=at
    )


def clear(*, community: Community, accounts: Sequence[int]) -> None:
    """Delete the rest of what is known about removed accounts; safe to repeat.

    Must not be called inside a transaction.
    """
    for chunk in account_queries.chunks(accounts, 500):
        erasure.clear_rows(community_id=community.pk, accounts=chunk)
    if accounts:
        mirror_erasure.erase(accounts)
