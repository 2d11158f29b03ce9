"""What becomes of levels, badges and memberships when a member is erased."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models, transaction
from django.db.models import F, Value
from django.db.models.functions import Cast, Concat

from qunce.activities.levels import badges
from qunce.activities.levels.models import BadgeAward, LevelHolding, MembershipTerm
from qunce.core import revisions
from qunce.members.accounts import queries as account_queries

if TYPE_CHECKING:
    from qunce.core.communities import Community
    from qunce.core.facts.facts import RecordedFact


@transaction.atomic
def clear_erased(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Reaction to `member.erased`: gifts and terms stay counted, and name nobody."""
    accounts = [fact.account for fact in facts if fact.account is not None]
    for chunk in account_queries.chunks(accounts, size=900):
        LevelHolding.objects.filter(person_id__in=chunk).delete()
        awarded = BadgeAward.objects.filter(account_id__in=chunk)
        held = sorted(set(awarded.values_list("badge_id", flat=True)))
        revisions.bump(community.pk, badges.REVISION, held)
        awarded.delete()
        MembershipTerm.objects.filter(account_id__in=chunk).update(
            source_key=Concat(Value("erased/"), Cast(F("pk"), models.CharField())),
            reason="",
            cancel_reason="",
        )
