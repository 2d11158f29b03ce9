"""What becomes of points when a member is erased: nothing is left, nothing names them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models, transaction
from django.db.models import F, Value
from django.db.models.functions import Cast, Concat

from qunce.activities.points import holders, lot_rows
from qunce.activities.points.models import (
    EntryKind,
    ExpiryNotice,
    LeaderboardOptOut,
    PointAccount,
    PointAdjustment,
    PointCap,
    PointEntry,
    PointReason,
    PointScore,
)
from qunce.core.lots import Use
from qunce.members.accounts import queries as account_queries

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.facts.facts import RecordedFact


@transaction.atomic
def clear_erased(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Reaction to `member.erased`: write off what these accounts have, and forget keys.

    The amounts stay, so that earned is still what was used and what is left.
    """
    accounts = [fact.account for fact in facts if fact.account is not None]
    for chunk in account_queries.chunks(accounts, size=900):
        holders.lock(community, chunk)
        _write_off(community, chunk, at)
        entries = PointEntry.objects.filter(account_id__in=chunk)
        PointReason.objects.filter(entry__account_id__in=chunk).delete()
        entries.update(
            key=Concat(Value("erased/"), Cast(F("pk"), models.CharField())),
        )
        PointAdjustment.objects.filter(
            community=community, account_id__in=chunk
        ).delete()
        PointAccount.objects.filter(account_id__in=chunk).update(owed=0)
        for table in (PointScore, ExpiryNotice, LeaderboardOptOut):
            table._default_manager.filter(account_id__in=chunk).delete()
        PointCap.objects.filter(person_id__in=chunk).delete()


def _write_off(community: Community, accounts: Sequence[int], at: datetime) -> None:
    known = {lot.id: lot for lot in lot_rows.load(accounts)}
    day = community.day(at)
    entries = PointEntry.objects.bulk_create(
        PointEntry(
            community_id=community.pk,
            account_id=lot.account,
            person_id=lot.account,
            kind=EntryKind.EXPIRE,
            key=f"erased/lot/{lot.id}",
            amount=lot.left,
            day=day,
            at=at,
        )
        for lot in known.values()
    )
    uses = [Use(lot.id, lot.left) for lot in known.values()]
    for entry, use in zip(entries, uses, strict=True):
        holders.add_uses(entry, [use])
    lot_rows.take(community.pk, uses, known)
