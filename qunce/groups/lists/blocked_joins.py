"""What follows when somebody on the blacklist is in a group, or a listed id joins.

Each case is recorded as `lists.blocked_join`. Moderation removes the person where the
channel can, and gives staff a task elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import models, transaction
from django.db.models.functions import Cast, Concat

from qunce.core import revisions
from qunce.core.communities import Community
from qunce.core.facts import facts as fact_log
from qunce.core.facts.facts import RecordedFact
from qunce.groups.groups import Group, Membership
from qunce.groups.lists import list_facts, lists
from qunce.groups.lists.models import Ending, ListEntry, ListName
from qunce.members.accounts import queries as account_queries
from qunce.members.accounts.models import Account
from qunce.sets import audiences


def react_to_joined(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Reaction to `group.joined`: record who is on the blacklist of the group."""
    joined = [(f.account, f.group) for f in facts if f.account and f.group]
    _record_blocked(community, [(a or 0, g or 0) for a, g in joined], at)


def react_to_listed(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Reaction to `lists.added`, `lists.extended` and merges: look where they are now."""
    accounts = [fact.account for fact in facts if fact.account is not None]
    own = account_queries.accounts_by_person(accounts)
    everyone = [account for each in own.values() for account in each]
    present = Membership.objects.filter(account_id__in=everyone, present=True)
    pairs = present.order_by("pk").values_list("account_id", "group_id")
    _record_blocked(community, list(pairs), at)


def _record_blocked(
    community: Community, pairs: Iterable[tuple[int, int]], at: datetime
) -> None:
    """Record the blacklisted among these accounts and the groups that they are in."""
    wanted = list(dict.fromkeys(pairs))
    _link_waiting(community, [account for account, _group in wanted])
    # A file may bring a million joins, and a blacklist is short.
    entries = ListEntry.objects.filter(
        community=community, list_name=ListName.BLACK, ended_at__isnull=True
    )
    black = [pk for pk in entries.values_list("account_id", flat=True) if pk]
    if not black:
        return
    listed = set(account_queries.person_ids(black).values())
    people = account_queries.person_ids(account for account, _group in wanted)
    wanted = [pair for pair in wanted if people[pair[0]] in listed]
    groups = Group.objects.in_bulk({group for _account, group in wanted})
    staff = audiences.staff_people(community=community, at=at)
    events = [
        list_facts.JoinBlocked(
            account=account, group=group, entry=entry.pk, list=ListName.BLACK
        )
        for account, group in wanted
        if group in groups and people[account] not in staff
        if (entry := lists.find_black(groups[group], account, at)) is not None
        if _is_present(account, group)
    ]
    with transaction.atomic():
        fact_log.record_many(events, community=community, by=None, at=at)


def _is_present(account: int, group: int) -> bool:
    rows = Membership.objects.filter(account_id=account, group_id=group, present=True)
    return rows.exists()


def link_new(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Reaction to `member.joined`: link the entries of ids that are members now."""
    _link_waiting(
        community, [fact.account for fact in facts if fact.account is not None]
    )


def _link_waiting(community: Community, accounts: Sequence[int]) -> None:
    waiting = ListEntry.objects.filter(
        community=community, ended_at__isnull=True, account_id__isnull=True
    )
    if not waiting.exists():
        return
    for chunk in account_queries.chunks(accounts, size=900):
        new = Account.objects.filter(pk__in=chunk)
        ids = {
            (channel, key): pk
            for pk, channel, key in new.values_list("pk", "channel", "key")
        }
        keys = [key for _channel, key in ids]
        for entry in waiting.filter(channel_key__in=keys).order_by("pk"):
            account = ids.get((entry.channel, entry.channel_key))
            if account is not None:
                with transaction.atomic():
                    _link(entry, account)


def _link(entry: ListEntry, account: int) -> None:
    revisions.bump(entry.community_id, lists.REVISION, [entry.community_id])
    same = ListEntry.objects.filter(
        community=entry.community_id,
        list_name=entry.list_name,
        account_id=account,
        ended_at__isnull=True,
    )
    if not same.exists():
        ListEntry.objects.filter(pk=entry.pk).update(account_id=account)


def delete_erased(
    *, community: Community, facts: Sequence[RecordedFact], at: datetime
) -> None:
    """Reaction to `member.erased`: end the entries and keep nothing about the person.

    They come back only as somebody new; the suppression list keeps imports from that.
    """
    accounts = [fact.account for fact in facts if fact.account is not None]
    for chunk in account_queries.chunks(accounts, size=900):
        with transaction.atomic():
            revisions.bump(community.pk, lists.REVISION, [community.pk])
            rows = ListEntry.objects.filter(community=community, account_id__in=chunk)
            rows.filter(ended_at__isnull=True).update(ended_at=at, ending=Ending.ERASED)
            rows.update(
                account_id=None,
                channel="",
                channel_key=Concat(
                    models.Value("erased-"),
                    Cast("pk", models.CharField()),
                ),
                name="",
                reason="",
                evidence="",
            )
