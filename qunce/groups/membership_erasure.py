"""Removes the memberships and stays of erased members."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction

from qunce.core.communities import Community
from qunce.core.facts.facts import RecordedFact
from qunce.groups.groups import KIND, Membership, Stay
from qunce.sets.bitmaps import marks


def remove_erased(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Reaction to erased members: end their memberships."""
    erased = [fact.account for fact in facts if fact.account is not None]
    remove_accounts(community=community, accounts=erased)


def remove_accounts(*, community: Community, accounts: Iterable[int]) -> int:
    """Remove erased accounts from every group without recording facts about them."""
    accounts = list(accounts)
    # Through the marks group by group, as each group's revision has to be raised.
    rows = Membership.objects.filter(account_id__in=accounts, present=True)
    by_group: dict[int, list[int]] = {}
    for group_id, account in rows.values_list("group_id", "account_id"):
        by_group.setdefault(group_id, []).append(account)
    removed = 0
    for group_id, erased in sorted(by_group.items()):
        with transaction.atomic():
            weights = dict.fromkeys(erased, 0)
            # No facts: they would name a member who wants to be forgotten.
            removed += len(marks.restore_weights(KIND, community.pk, group_id, weights))
    Stay.objects.filter(account_id__in=accounts).delete()
    return removed
