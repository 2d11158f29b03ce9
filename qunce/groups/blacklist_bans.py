"""Bans that follow from the blacklist: of people found in a group, and their end.

It is no part of `lists`, on which moderation builds: it asks moderation to act.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from qunce.channels.channel_contract import ActionKind
from qunce.core import timestamps
from qunce.core.communities import Community
from qunce.core.facts.facts import RecordedFact
from qunce.groups.groups import Group, Membership
from qunce.groups.lists.models import ListEntry
from qunce.groups.moderation.actions import actions
from qunce.groups.moderation.models import Action, ActionState
from qunce.members.accounts.models import Account


def react_to_blocked(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Reaction to `lists.blocked_join`: ban the person from the group.

    Where the channel cannot, staff get a task with the name to look for.
    """
    groups = Group.objects.select_related("community").in_bulk(
        [fact.group for fact in facts if fact.group]
    )
    names = dict(
        Account.objects.filter(
            pk__in=[fact.account for fact in facts if fact.account]
        ).values_list("pk", "name")
    )
    active = set(
        ListEntry.objects.filter(
            pk__in=[fact.payload["entry"] for fact in facts], ended_at__isnull=True
        ).values_list("pk", flat=True)
    )
    for fact in facts:
        group = groups.get(fact.group or 0)
        entry = fact.payload["entry"]
        if group is not None and fact.account in names and entry in active:
            actions.plan(
                group=group,
                kind=ActionKind.BAN,
                key=f"list:{entry}:ban:{_stay(fact)}",
                account=fact.account,
                name=names[fact.account or 0],
                by=None,
                at=at,
            )


def _stay(fact: RecordedFact) -> str:
    """What is the same for one stay in one group, which may be found more than once."""
    rows = Membership.objects.filter(
        account_id=fact.account or 0, group_id=fact.group or 0
    )
    joined_at = rows.values_list("joined_at", flat=True).first() or fact.happened_at
    return f"{fact.group}:{fact.account}:{timestamps.to_micros(joined_at)}"


def react_to_ended(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Reaction to `lists.removed` and `lists.expired`: lift the bans of these entries."""
    for fact in facts:
        entry = fact.payload["entry"]
        bans = Action.objects.filter(
            community=community,
            kind=ActionKind.BAN,
            key__startswith=f"list:{entry}:ban:",
        )
        actions.cancel_pending(bans, at)
        done = bans.filter(state=ActionState.DONE).select_related("group__community")
        for ban in done.order_by("pk"):
            actions.plan(
                group=ban.group,
                kind=ActionKind.UNBAN,
                key=f"list:{entry}:unban:{ban.pk}",
                account=ban.account_id,
                name=ban.name,
                by=None,
                at=at,
            )
